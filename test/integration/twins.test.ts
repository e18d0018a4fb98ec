// Equal requests of one session through a whole gateway: the upstream is asked once.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startGateway } from '../../src/gateway/gateway.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { LeakCheck, SimServer } from '../../src/testing/index.ts';

/** Its answer takes half a second. */
const QUESTION = '[[tokens=20]] [[gap=25ms]] [[first=0s]] [[head=0s]]';
const BODY = JSON.stringify({
  model: 'm',
  max_tokens: 100,
  stream: true,
  messages: [{ role: 'user', content: QUESTION }],
});

interface Ask {
  readonly session?: string;
  readonly key?: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** A gateway over a simulated provider. */
async function rig(linger: string) {
  const upstream = await SimServer.listen({});
  const lines: string[] = [];
  const gateway = await startGateway({
    env: {},
    config: {
      listen: '127.0.0.1:0',
      admin: 'off',
      guard: false,
      upstreams: { models: { dialect: 'anthropic', endpoints: [upstream.url] } },
      routes: [{ match: { path: '/**' }, upstreams: ['models'], twins: { linger } }],
    },
    accessLog: { write: (line: string) => lines.push(line) },
  });
  const ask = (asked: Ask = {}): Promise<Response> =>
    fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      body: asked.body ?? BODY,
      headers: {
        'content-type': 'application/json',
        'x-api-key': asked.key ?? 'mine',
        ...(asked.session === undefined ? {} : { 'x-claude-code-session-id': asked.session }),
      },
      ...(asked.signal === undefined ? {} : { signal: asked.signal }),
    });
  const close = async (): Promise<void> => {
    await gateway.close(1_000);
    await upstream.close();
  };
  const posts = (): number => upstream.report().requests;
  return { ask, posts, close, lines };
}

describe('an equal request of the same session', () => {
  it('gets the whole answer of the one that is under way', async () => {
    const leaks = LeakCheck.begin();
    const { ask, posts, close, lines } = await rig('0s');
    const first = await ask({ session: 's' });
    const second = await ask({ session: 's' });
    const [one, two] = await Promise.all([first.text(), second.text()]);
    assert.equal(two, one);
    assert.match(one, /message_stop/);
    assert.equal(posts(), 1);
    await close();
    assert.match(lines.join(''), /"twinOf":"/);
    await leaks.assertClean();
  });

  for (const [what, linger, asked] of [
    ['finds the answer again after its caller was lost, if its route waits for it', '2s', 1],
    ['is asked anew where a caller who leaves ends the call', '0s', 2],
  ] as const) {
    it(what, async () => {
      const { ask, posts, close, lines } = await rig(linger);
      const lost = new AbortController();
      const first = await ask({ session: 's', signal: lost.signal });
      await first.body?.getReader().read();
      lost.abort();
      await eventually(() => /CALLER_GONE/.test(lines.join('')), 'the first caller to be gone');
      assert.match(await (await ask({ session: 's' })).text(), /message_stop/);
      assert.equal(posts(), asked);
      await close();
    });
  }

  for (const [what, other] of [
    ['another session', { session: 't' }],
    ['no session', {}],
    ['another key', { session: 's', key: 'yours' }],
    ['another question', { session: 's', body: BODY.replace('"m"', '"n"') }],
  ] as const) {
    it(`never shares with ${what}`, async () => {
      const { ask, posts, close } = await rig('2s');
      const first = await ask({ session: 's' });
      const second = await ask(other);
      await Promise.all([first.text(), second.text()]);
      assert.equal(posts(), 2);
      await close();
    });
  }
});
