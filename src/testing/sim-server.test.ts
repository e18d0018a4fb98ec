import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { FaultRule, parseFaultSpec } from './fault-spec.ts';
import { RawClient } from './raw-client.ts';
import { SimServer } from './sim-server.ts';

const open: { close?: () => Promise<void>; destroy?: () => void }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) {
    thing.destroy?.();
    await thing.close?.();
  }
});

async function setUp(...specs: string[]) {
  const faults = specs.map((spec) => {
    const rule = parseFaultSpec(spec);
    ok(rule instanceof FaultRule, spec);
    return rule;
  });
  const server = await SimServer.listen({ faults, seed: 7, speed: 1_000 });
  open.push(server);
  const client = await RawClient.connect(server.port);
  open.push(client);
  return { server, client };
}

const ask = (stream: boolean): { path: string; body: string } => ({
  path: '/v1/messages',
  body: JSON.stringify({
    model: 'sim-fast',
    max_tokens: 64,
    stream,
    messages: [{ role: 'user', content: '[[tokens=12]] hello' }],
  }),
});

describe('sim server', () => {
  it('streams a whole planned answer', async () => {
    const { client, server } = await setUp();
    client.request(ask(true));
    await client.until(() => client.text.endsWith('0\r\n\r\n'));
    match(client.text, /^HTTP\/1\.1 200[^]*text\/event-stream[^]*message_start[^]*message_stop/);
    const { requests, executed, answered } = server.report();
    deepEqual([requests, executed, answered], [1, 1, 1]);
  });

  it('answers in one piece with a length when not streaming', async () => {
    const { client } = await setUp();
    client.request(ask(false));
    await client.until(() => client.text.endsWith('}'));
    const length = Number(/content-length: (\d+)/.exec(client.text)?.[1]);
    equal(client.body.length, length);
    equal((JSON.parse(client.body) as { type: string }).type, 'message');
  });

  it('gives the same answer for the same seed', async () => {
    const bodies: string[] = [];
    for (let run = 0; run < 2; run += 1) {
      const { client } = await setUp();
      client.request(ask(false));
      await client.until(() => client.body.endsWith('}'));
      bodies.push(client.body);
    }
    equal(bodies[0], bodies[1]);
  });

  it('lays a cut over the planned events', async () => {
    const { client, server } = await setUp('rst@event:3');
    client.request(ask(true));
    equal(await client.ended(), 'rst');
    equal(client.body.match(/event: /g)?.length, 3);
    deepEqual(server.report().struck, [{ spec: 'rst@event:3', times: 1 }]);
  });

  it('stops before the terminal event of the dialect', async () => {
    const { client } = await setUp('fin@before-terminal');
    client.request(ask(true));
    equal(await client.ended(), 'fin');
    ok(client.text.includes('message_delta') && !client.text.includes('message_stop'));
  });

  it('combines rules: the second request is refused, the third cut', async () => {
    const { client } = await setUp('status:529,retry-after:1,every:2', 'fin@end,after:2');
    client.request(ask(false));
    await client.until(() => client.body.endsWith('}'));
    client.clear();
    client.request(ask(false));
    await client.until(() => client.body.endsWith('}'));
    match(client.text, /^HTTP\/1\.1 529[^]*retry-after: 1/);
    client.clear();
    client.request(ask(false));
    equal(await client.ended(), 'fin');
    match(client.text, /^HTTP\/1\.1 200/);
  });

  it('can tell a wrong length for an answer whose steps are made as they are sent', async () => {
    const { client } = await setUp('length:+5');
    client.request(ask(true));
    equal(await client.ended(), 'fin');
    equal(Number(/content-length: (\d+)/.exec(client.text)?.[1]), client.body.length + 5);
  });

  it('breaks the connection where the text of the request asks the simulator to', async () => {
    const { client } = await setUp();
    const { path, body } = ask(true);
    client.request({ path, body: body.replace('hello', '[[cut@2]]') });
    equal(await client.ended(), 'rst');
    ok(!client.text.includes('message_stop'));
  });

  it('forgets old records but goes on counting', async () => {
    const { client, server } = await setUp();
    for (let at = 0; at < 2_100; at += 50) {
      client.clear();
      for (let more = 0; more < 50; more += 1) {
        client.request({ method: 'GET', path: '/v1/models' });
      }
      await client.until(() => server.report().answered === at + 50);
    }
    equal(server.report().requests, 2_100);
    ok(server.seen.requests.length < 2_000);
  });
});
