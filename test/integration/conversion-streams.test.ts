// Converted streams through a whole gateway, seen from a raw socket: signs of life that fit in,
// what becomes of errors behind an early head, callers who leave or read slowly.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, afterEach, before, describe, it } from 'node:test';
import { SalesforceOrg } from '../../src/simulator/salesforce/salesforce-org.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { LeakCheck, MisbehavingUpstream, SimServer, sseAnswer } from '../../src/testing/index.ts';
import type { Answer, Behaviour, Step } from '../../src/testing/index.ts';
import { AcceptanceGateway } from '../support/acceptance-gateway.ts';
import { RawCaller } from '../support/raw-caller.ts';

const leaks = LeakCheck.begin();
const org = new SalesforceOrg();
let sim: SimServer;
let upstream: MisbehavingUpstream;
let gateway: AcceptanceGateway;
let caller: RawCaller | undefined;
const lines: string[] = [];

before(async () => {
  sim = await SimServer.listen({ service: org, seed: 3 });
  upstream = await MisbehavingUpstream.listen({});
});
afterEach(async () => {
  caller?.destroy();
  await gateway.close();
  lines.length = 0;
});
after(async () => {
  await sim.close();
  await upstream.close();
  await leaks.assertClean();
});

/** Beats some six times a second, and commits after a third of one. */
const heartbeat = { every: '150ms', commitAfter: '300ms' };

async function start(upstreams: Record<string, unknown>): Promise<void> {
  const quiet = { breaker: false, pacing: false, ...upstreams };
  const route = { heartbeat, retry: { attempts: 1 } };
  gateway = await AcceptanceGateway.start({ upstreams: { one: quiet }, route, lines });
}

const startChat = (): Promise<void> => start({ dialect: 'openai-chat', endpoints: [upstream.url] });

function startOrg(surface: 'documented' | 'native'): Promise<void> {
  const tokenUrl = `${sim.url}/services/oauth2/token`;
  const credentials = { oauth: { tokenUrl, clientId: 'sim-client', clientSecret: 'sim-secret' } };
  const endpoints = [sim.url];
  return start({ dialect: 'salesforce-models', endpoints, credentials, salesforce: { surface } });
}

const asks = {
  '/v1/messages': (text: string) => ({
    max_tokens: 500,
    messages: [{ role: 'user', content: text }],
  }),
  '/v1/chat/completions': (text: string) => ({ messages: [{ role: 'user', content: text }] }),
  '/v1/responses': (text: string) => ({ input: text }),
} as const;
type Path = keyof typeof asks;
const paths = Object.keys(asks) as Path[];

/** Asks for a stream on a raw connection. */
async function ask(path: Path, text: string): Promise<RawCaller> {
  const body = JSON.stringify({ model: 'sim-fast', stream: true, ...asks[path](text) });
  caller = await RawCaller.open(gateway.port);
  const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n`;
  caller.say(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return caller;
}

/** The body as it came so far, out of its chunks. */
function bodyOf({ text }: RawCaller): string {
  let rest = text.slice(text.indexOf('\r\n\r\n') + 4);
  let body = '';
  for (;;) {
    const [size = ''] = /^[0-9a-f]+(?=\r\n)/i.exec(rest) ?? [];
    const bytes = Number.parseInt(size, 16);
    if (!(bytes > 0)) return body;
    body += rest.slice(size.length + 2, size.length + 2 + bytes);
    rest = rest.slice(size.length + 2 + bytes + 2);
  }
}

interface Told {
  readonly head: string;
  readonly body: string;
  /** The last chunk came. */
  readonly whole: boolean;
  /** Payloads of events in order; text where they are no JSON. */
  readonly events: (Record<string, unknown> | string)[];
  /** Types of Anthropic's and Responses' events. */
  readonly types: string[];
}

async function told(one: RawCaller): Promise<Told> {
  await eventually(
    () => one.closed,
    () => `the end; got ${one.text.slice(-300)}`,
    15_000,
  );
  const body = bodyOf(one);
  const events = [...body.matchAll(/^data: (.*)$/gm)].map(([, data = '']) =>
    data.startsWith('{') ? (JSON.parse(data) as Record<string, unknown>) : data,
  );
  const types = events.map((event) => (typeof event === 'string' ? event : String(event['type'])));
  const head = one.text.slice(0, one.text.indexOf('\r\n\r\n'));
  return { head, body, whole: one.text.endsWith('\r\n0\r\n\r\n'), events, types };
}

const chunk = (delta: object, finish: string | null = null): string => {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  const event = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices };
  return `data: ${JSON.stringify(event)}\n\n`;
};
const DONE = chunk({}, 'stop') + 'data: [DONE]\n\n';
const step = (bytes: string, afterMs = 0): Step => ({ afterMs, bytes });
/** A stream with a silence of half a second between two words. */
const pausing: Behaviour = {
  answer: sseAnswer([
    step(chunk({ content: 'one ' })),
    step(chunk({ content: 'two' }), 600),
    step(DONE),
  ]),
};

/** Signs of life in the words of each format. */
const beats: Readonly<Record<Path, RegExp>> = {
  '/v1/messages': /^event: ping$/gm,
  '/v1/chat/completions': /^: /gm,
  '/v1/responses': /^event: keepalive$/gm,
};

/** No number comes twice or too late, but for those of keepalives, which repeat the last one. */
function assertNumbered({ events }: Told): void {
  let next = 0;
  for (const event of events) {
    if (typeof event === 'string') continue;
    const number = event['sequence_number'];
    if (event['type'] === 'keepalive') assert.equal(number, next - 1);
    else {
      assert.equal(number, next);
      next += 1;
    }
  }
  assert.ok(next > 5);
}

describe('a converted stream that is silent', () => {
  for (const path of paths.filter((one) => one !== '/v1/chat/completions')) {
    it(`has signs of life between its events: ${path}`, async () => {
      await startChat();
      upstream.use(pausing);
      const answer = await told(await ask(path, 'Hi'));
      assert.ok(answer.whole);
      const found = answer.body.match(beats[path]) ?? [];
      assert.ok(found.length >= 2 && found.length <= 6, `${found.length} beats`);
      // Between the two words, not around them.
      assert.match(answer.body, new RegExp(`one [^]*${beats[path].source}[^]*"two"`, 'm'));
      if (path === '/v1/responses') assertNumbered(answer);
      assert.equal(
        answer.types.at(-1),
        path === '/v1/messages' ? 'message_stop' : 'response.completed',
      );
    });
  }

  it('has comments between its events where the format has no other: chat', async () => {
    await start({ dialect: 'anthropic', endpoints: [upstream.url] });
    const event = (data: { type: string }): string =>
      `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
    const delta = (text: string): string =>
      event({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'text_delta', text },
      } as never);
    const usage = { input_tokens: 1, output_tokens: 1 };
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      content: [],
      model: 'm',
      usage,
    };
    const begin = event({ type: 'message_start', message } as never);
    const block = event({
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'text', text: '' },
    } as never);
    const stop = event({ type: 'content_block_stop', index: 0 } as never);
    const end = event({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      usage,
    } as never);
    const steps = [
      step(begin + block + delta('one ')),
      step(delta('two'), 600),
      step(stop + end + event({ type: 'message_stop' })),
    ];
    upstream.use({ answer: sseAnswer(steps) });
    const answer = await told(await ask('/v1/chat/completions', 'Hi'));
    assert.ok(answer.whole);
    assert.ok((answer.body.match(beats['/v1/chat/completions']) ?? []).length >= 2);
    assert.equal(answer.events.at(-1), '[DONE]');
    assert.match(answer.body, /one [^]*\n: [^]*"two"/);
  });
});

describe('a stream over a surface that has none', () => {
  for (const path of paths) {
    it(`begins before its answer is known, and is whole: ${path}`, async () => {
      await startOrg('documented');
      const begun = performance.now();
      const one = await ask(path, '[[head=1s]] [[tokens=40]] [[seed=1]]');
      await one.until((text) => text.includes('\r\n\r\n'), 'a head');
      assert.ok(performance.now() - begun < 900);
      const answer = await told(one);
      assert.match(answer.head, /^HTTP\/1\.1 200 [^]*text\/event-stream/i);
      assert.ok(answer.whole);
      // Nothing is known of an answer yet, so these are comments in every format.
      assert.ok((answer.body.match(/^: /gm) ?? []).length >= 3, answer.body.slice(0, 200));
      const last = answer.events.at(-1);
      const closing = { '/v1/messages': 'message_stop', '/v1/responses': 'response.completed' };
      if (path === '/v1/chat/completions') assert.equal(last, '[DONE]');
      else assert.equal(answer.types.at(-1), closing[path]);
      if (path === '/v1/responses') assertNumbered(answer);
      assert.equal(
        sim.seen.requests.at(-1)?.path,
        '/einstein/platform/v1/models/sim-fast/chat-generations',
      );
    });

    it(`tells an error behind its early head in the stream: ${path}`, async () => {
      await startOrg('documented');
      const answer = await told(await ask(path, '[[head=700ms]] [[status=503]]'));
      assert.match(answer.head, /^HTTP\/1\.1 200 /);
      assert.equal(answer.whole, false);
      assert.ok(!/message_stop|\[DONE\]|response\.completed/.test(answer.body));
      const { error } = answer.events.find((event) => Object.hasOwn(event as object, 'error')) as {
        error: { type: string; message: string };
      };
      // In the upstream's own words, on which clients act.
      assert.match(error.message, /^The service is not available\.$/);
      assert.equal(typeof error.type, 'string');
      const last = { '/v1/messages': 'error', '/v1/responses': 'response.failed' };
      if (path !== '/v1/chat/completions') assert.equal(answer.types.at(-1), last[path]);
    });

    it(`keeps the status of an error that comes in time: ${path}`, async () => {
      await startOrg('documented');
      const one = await ask(path, '[[status=503]]');
      const { head } = await told(one);
      assert.match(head, /^HTTP\/1\.1 5[02][39] /);
      assert.match(one.text, /not available/);
    });
  }
});

describe('the caller of a converted stream', () => {
  const endless: Answer = sseAnswer(
    Array.from({ length: 5_000 }, () => step(chunk({ content: 'word ' }), 10)),
  );

  for (const path of paths.filter((one) => one !== '/v1/chat/completions')) {
    it(`who leaves is told to the upstream within 250 ms: ${path}`, async () => {
      await startChat();
      upstream.use({ answer: endless });
      const one = await ask(path, 'Hi');
      await one.until((text) => text.includes('word '));
      const seen = upstream.seen.requests.at(-1);
      const leftAt = performance.now();
      one.destroy();
      await upstream.until(() => seen?.aborted === true);
      const tookMs = (seen?.abortedAt ?? Infinity) - leftAt;
      assert.ok(tookMs < 250, `${tookMs} ms`);
      await gateway.restful();
      assert.equal((JSON.parse(lines[0] ?? '{}') as { verdict: string }).verdict, 'CALLER_GONE');
    });
  }

  for (const surface of ['documented', 'native'] as const) {
    it(`who leaves in the silence before it is told within 250 ms: ${surface}`, async () => {
      await startOrg(surface);
      const one = await ask('/v1/messages', '[[head=60s]]');
      await one.until((text) => text.includes(': '), 'a sign of life');
      const seen = sim.seen.requests.at(-1);
      const leftAt = performance.now();
      one.destroy();
      await sim.upstream.until(() => seen?.aborted === true);
      const tookMs = (seen?.abortedAt ?? Infinity) - leftAt;
      assert.ok(tookMs < 250, `${tookMs} ms`);
    });
  }

  it('who reads slowly holds the upstream back, and memory stays bounded', async () => {
    await startChat();
    const text = 'x'.repeat(8_000);
    const events = 4_000;
    const steps = {
      *[Symbol.iterator](): Generator<Step> {
        for (let at = 0; at < events; at += 1) yield step(chunk({ content: `${at} ${text}` }));
        yield step(DONE);
      },
    };
    upstream.use({ answer: { ...sseAnswer(steps), streamed: true } });
    const one = await ask('/v1/messages', 'Hi');
    await one.until((said) => said.includes('message_start'));
    one.socket.pause();
    await sleep(300);
    const sent = (): number => upstream.seen.requests.at(-1)?.sentBytes ?? 0;
    const [before, memory] = [sent(), process.memoryUsage()];
    await sleep(700);
    // 32 MB are to be sent; what fits in sockets and buffers is a small part.
    assert.ok(sent() - before < 1_000_000, `${sent() - before} bytes went on`);
    assert.ok(sent() < 16_000_000, `${sent()} bytes`);
    const now = process.memoryUsage();
    assert.ok(now.rss - memory.rss < 50_000_000);
    one.socket.resume();
    const answer = await told(one);
    assert.ok(answer.whole);
    assert.equal(answer.types.at(-1), 'message_stop');
    assert.equal(answer.types.filter((type) => type === 'content_block_delta').length, events);
  });
});
