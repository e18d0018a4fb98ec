// What the log and the metrics of a whole gateway say of calls that died: in which phase, after how
// long, and by whose hand. Through both edges.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { startHoldfast } from '../support/holdfast.ts';
import type { HoldfastOptions } from '../support/holdfast.ts';
import { RawCaller } from '../support/raw-caller.ts';

const head = (length: number): string =>
  `POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`;
const whole = `${head(2)}{}`;
const stalling = (at: 'before-head' | 'first-event') => ({
  faults: [{ do: 'stall', at }] as const,
});
/** Time in which callers wait before they leave, and in which limits strike, in ms. */
const RESTED_MS = 150;

interface Line {
  readonly verdict: string;
  readonly status: number;
  readonly origin: string;
  readonly phase: string;
  readonly closedBy: string;
  readonly reused: boolean;
  readonly uses: number;
  readonly ms: Readonly<Record<string, number>>;
}

for (const edge of ['own', 'node-http'] as const) {
  describe(`the log line of a call that died, on the edge "${edge}"`, () => {
    let upstream: MisbehavingUpstream;
    let gateway: Gateway;
    let lines: string[];
    let callers: RawCaller[];
    beforeEach(async () => {
      lines = [];
      callers = [];
      upstream = await MisbehavingUpstream.listen({});
    });
    afterEach(async () => {
      for (const caller of callers) caller.destroy();
      await gateway.close(0);
      await upstream.close();
    });

    async function start(options: HoldfastOptions = {}): Promise<void> {
      gateway = await startHoldfast(upstream.url, { edge, lines, bare: true, ...options });
    }

    async function ask(text: string): Promise<RawCaller> {
      const caller = await RawCaller.open(Number(new URL(gateway.url).port));
      callers.push(caller);
      caller.say(text);
      return caller;
    }

    async function line(): Promise<Line> {
      await eventually(() => lines.length > 0, 'the log line');
      return JSON.parse(lines[0] ?? '{}') as Line;
    }

    const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, RESTED_MS));

    /** Waits a while, leaves, and checks what is said of that. */
    async function leave(
      caller: RawCaller,
      phase: string,
      span: string,
      how: 'FIN' | 'RST' = 'FIN',
    ): Promise<Line> {
      await rest();
      if (how === 'FIN') caller.destroy();
      else caller.socket.resetAndDestroy();
      const said = await line();
      assert.equal(said.verdict, 'CALLER_GONE');
      assert.deepEqual([said.phase, said.origin, said.closedBy], [phase, 'caller', 'caller']);
      const spent = said.ms[span] ?? 0;
      assert.ok(spent > RESTED_MS * 0.8, `${span} took ${spent} ms`);
      return said;
    }

    for (const how of ['FIN', 'RST'] as const) {
      it(`names the upload its caller left in by ${how}`, async () => {
        await start();
        const caller = await ask(`${head(100)}{"messages":`);
        await upstream.until(({ requestCount }) => requestCount === 1);
        const said = await leave(caller, 'send', 'send', how);
        assert.equal(said.status, 499);
      });
    }

    it('names the queue its caller left', async () => {
      await start({ limit: { algorithm: 'fixed', max: 1 } });
      upstream.use(stalling('before-head'));
      await ask(whole);
      await upstream.until(({ requestCount }) => requestCount === 1);
      const said = await leave(await ask(whole), 'admit', 'queue');
      assert.equal(said.status, 499);
      assert.equal(said.ms['wait'], undefined);
    });

    it('names the wait its caller left in, and gives 499 to the metrics', async () => {
      await start();
      upstream.use(stalling('before-head'));
      const caller = await ask(whole);
      await upstream.until(({ requestCount }) => requestCount === 1);
      const said = await leave(caller, 'wait', 'wait');
      assert.equal(said.status, 499);
      const text = await gateway.metricsText();
      const served = /^http_server_request_duration_seconds_count\{([^}]*)\} 1$/m.exec(text)?.[1];
      assert.match(served ?? '', /http_response_status_code="499",error_type="CALLER_GONE"/);
      const asked = /^http_client_request_duration_seconds_count\{([^}]*)\} 1$/m.exec(text)?.[1];
      // The upstream has shown no status.
      assert.match(asked ?? '', /http_request_method="POST".*http_response_status_code=""/);
    });

    it('counts the rest between two attempts its caller left in as such', async () => {
      await start({ bare: false });
      const headers = [['retry-after', '5']] as const;
      upstream.use({ answer: { status: 503, headers, steps: [{ afterMs: 0, bytes: 'full' }] } });
      const caller = await ask(whole.replace('POST', 'PUT'));
      await upstream.until(({ requestCount }) => requestCount === 1);
      const said = await leave(caller, 'wait', 'backoff');
      assert.ok((said.ms['stream'] ?? 0) < RESTED_MS * 0.8, JSON.stringify(said.ms));
    });

    it('names the stream its caller left, with the status it was shown', async () => {
      await start({ dialect: 'sse' });
      upstream.use({
        answer: {
          status: 200,
          headers: [['content-type', 'text/event-stream']],
          steps: [
            { afterMs: 0, bytes: 'data: x\n\n' },
            { afterMs: 60_000, bytes: 'data: y\n\n' },
          ],
        },
      });
      const caller = await ask(whole);
      await caller.until((text) => text.includes('data: x'));
      const said = await leave(caller, 'stream', 'stream');
      assert.equal(said.status, 200);
    });

    it('says that the gateway closed, and after what wait, where a limit passed', async () => {
      await start({ timeouts: { firstByte: `${RESTED_MS}ms` } });
      upstream.use(stalling('before-head'));
      await ask(whole);
      const said = await line();
      assert.deepEqual(
        [said.verdict, said.origin, said.closedBy, said.status],
        ['FIRST_BYTE_TIMEOUT', 'upstream', 'gateway', 504],
      );
      assert.ok((said.ms['wait'] ?? 0) >= RESTED_MS, JSON.stringify(said.ms));
    });

    it('counts the silence of a stream that was cut for it', async () => {
      await start({ dialect: 'sse', timeouts: { byteIdle: `${RESTED_MS}ms` } });
      upstream.use(stalling('first-event'));
      await ask(whole);
      const said = await line();
      assert.deepEqual([said.verdict, said.closedBy], ['STREAM_IDLE', 'gateway']);
      assert.ok((said.ms['stream'] ?? 0) >= RESTED_MS, JSON.stringify(said.ms));
    });
  });
}

describe('what log and metrics say of models', () => {
  async function ask(gateway: Gateway, body: object): Promise<Response> {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return fetch(`${gateway.url}/v1/messages`, init);
  }

  it('tells calls apart by the model they asked for', async () => {
    const gateway = await startHoldfast('http://127.0.0.1:9', { dialect: 'anthropic' });
    const messages = [{ role: 'user', content: 'Hi' }];
    const asked = { max_tokens: 20, messages, model: 'sim-fast', stream: true };
    await (await ask(gateway, asked)).text();
    const metrics = await gateway.metricsText();
    const name = 'gen_ai_client_operation_time_per_output_chunk_seconds_count';
    const labels = new RegExp(`^${name}\\{([^}]*)\\} (\\d+)$`, 'm').exec(metrics);
    assert.match(labels?.[1] ?? '', /name="chat".*request_model="sim-fast",error_type=""/);
    assert.ok(Number(labels?.[2]) > 1);
    await gateway.close();
  });

  it('calls a converted document an error that told of one behind a 200', async () => {
    const lines: string[] = [];
    const error = { error: { message: 'No.', type: 'server_error', code: null, param: null } };
    const upstream = await MisbehavingUpstream.listen({
      answer: {
        status: 200,
        headers: [['content-type', 'application/json']],
        steps: [{ afterMs: 0, bytes: JSON.stringify(error) }],
      },
    });
    const gateway = await startHoldfast(upstream.url, {
      dialect: 'openai-chat',
      lines,
      bare: true,
    });
    const messages = [{ role: 'user', content: 'Hi' }];
    const answer = await ask(gateway, { model: 'm', max_tokens: 20, messages });
    await answer.text();
    await eventually(() => lines.length === 1, 'the log line');
    const line = JSON.parse(lines[0] ?? '{}') as Line & Record<string, string>;
    assert.equal(answer.status, 500);
    assert.deepEqual([line.level, line.origin], ['error', 'upstream']);
    assert.equal(line.verdict, 'UPSTREAM_ERROR_EVENT');
    assert.ok((line.why ?? '').length > 20 && (line.advice ?? '').length > 20);
    await gateway.close();
    await upstream.close();
  });
});

describe('what log and metrics say of connections', () => {
  it('calls only used connections reused, and spells endpoints alike', async () => {
    const lines: string[] = [];
    const upstream = await MisbehavingUpstream.listen({});
    const gateway = await startHoldfast(upstream.url, { lines, bare: true });
    for (let nth = 0; nth < 3; nth += 1) {
      const answer = await fetch(`${gateway.url}/x`);
      await answer.text();
      await eventually(() => lines.length === nth + 1, 'the log line');
    }
    for (const text of lines) {
      const { reused, uses } = JSON.parse(text) as Line;
      assert.equal(reused, uses > 0, text);
    }
    const metrics = await gateway.metricsText();
    const fresh = lines.filter((text) => (JSON.parse(text) as Line).uses === 0).length;
    const counted = /gw_upstream_requests_total\{[^}]*conn="new"\} (\d+)/.exec(metrics)?.[1];
    assert.equal(Number(counted), fresh);
    const places = [...metrics.matchAll(/(?:server_address|endpoint)="([^"]*)"/g)];
    assert.deepEqual([...new Set(places.map(([, place]) => place))], [upstream.url]);
    assert.match(metrics, /^http_client_active_requests\{server_address="[^"]+"\} 0$/m);
    await gateway.close();
    await upstream.close();
  });
});
