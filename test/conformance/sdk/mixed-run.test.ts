// The whole engine seen from outside: real SDKs without retries of their own, two upstreams of
// which one refuses, stalls, resets and breaks at random. What a layer can hide, no caller sees;
// what it can not, is told; and nothing that must run once runs twice. HOLDFAST_CALLS=10000 for the
// long form.

import assert from 'node:assert/strict';
import { env } from 'node:process';
import { after, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { seededRandom } from '../../../src/core/random.ts';
import { startGateway } from '../../../src/gateway/gateway.ts';
import type { Gateway } from '../../../src/gateway/gateway.ts';
import { parseFaultSpec, FaultRule } from '../../../src/testing/fault-spec.ts';
import { MisbehavingUpstream, SimServer } from '../../../src/testing/index.ts';
import type { Behaviour } from '../../../src/testing/misbehaving-upstream/behaviour.ts';
import { LeakCheck } from '../../../src/testing/leak-check.ts';
import type { CallLine } from '../gateway-between.ts';

const CALLS = Number(env['HOLDFAST_CALLS'] ?? 400);
/** Calls running at a time. */
const ABREAST = 20;

/** Everything here happens before content: the caller need never know. */
const hidden = [
  'status:529,p=0.08',
  'status:503,retry-after:1,p=0.02',
  'status:500,p=0.04',
  'error-event:0,p=0.08',
  'rst@before-head,p=0.04',
  'fin@head:12,p=0.02',
  'stall@before-head,p=0.02',
  'fin@after-head,p=0.02',
];
/** After content: the caller must hear of it. */
const told = 'rst@event:12,p=0.02';
/** For writes that must not run twice. */
const forOrders = ['status:503,p=0.1', 'rst@before-head,p=0.05', 'rst@request,p=0.05'];

const rules = (specs: readonly string[]): FaultRule[] =>
  specs.map((spec) => {
    const rule = parseFaultSpec(spec);
    assert.ok(rule instanceof FaultRule, spec);
    return rule;
  });

/** What one caller saw. */
interface Seen {
  readonly kind: string;
  readonly error: unknown;
}

describe('a run of mixed calls while one of two upstreams is ill', () => {
  const leaks = LeakCheck.begin();
  const lines: CallLine[] = [];
  const seen: Seen[] = [];
  let gateway: Gateway;
  let models: SimServer[];
  let orders: MisbehavingUpstream[];

  before(async () => {
    models = [
      await SimServer.listen({ seed: 1 }),
      await SimServer.listen({ seed: 2, faults: rules([...hidden, told]) }),
    ];
    const ill = rules(forOrders);
    const luck = seededRandom(3);
    orders = [
      await MisbehavingUpstream.listen({}),
      await MisbehavingUpstream.listen((request) => {
        const laid = ill.reduce<Behaviour>(
          (below, rule) => rule.overRequest(below, request, luck, () => Date.now()),
          {},
        );
        // What is refused was not carried out.
        return laid.answer === undefined ? laid : { ...laid, executes: false };
      }),
    ];
    gateway = await startGateway({
      config: configOf(
        models.map(({ url }) => url),
        orders.map(({ url }) => url),
      ),
      env: {},
      accessLog: {
        write(text: string) {
          for (const line of text.trimEnd().split('\n')) lines.push(JSON.parse(line) as CallLine);
        },
      },
    });
    const random = seededRandom(4);
    let begun = 0;
    const worker = async (): Promise<void> => {
      while (begun < CALLS) {
        begun += 1;
        const kind = kinds[Math.floor(random.next() * kinds.length)] as Kind;
        seen.push({ kind: kind.name, error: await outcome(() => kind.call(gateway.url, begun)) });
      }
    };
    await Promise.all(Array.from({ length: ABREAST }, worker));
  });

  after(async () => {
    await gateway.close();
    for (const server of [...models, ...orders]) await server.close();
    await leaks.assertClean();
  });

  it('hides every failure before content', () => {
    const shown = lines.filter(({ verdict }) => verdict !== 'complete');
    const inStream = shown.filter(({ verdict }) => verdict === 'STREAM_CUT');
    const writes = shown.filter(({ route }) => route === 'orders');
    const rest = shown.filter((line) => !inStream.includes(line) && !writes.includes(line));
    assert.deepEqual(rest, []);
  });

  it('tells its callers of everything it could not hide', () => {
    const failed = seen.filter(({ error }) => error !== undefined).length;
    const shown = lines.filter(({ verdict, status }) => verdict !== 'complete' || status >= 400);
    assert.equal(failed, shown.length);
    assert.equal(lines.length, CALLS);
  });

  it('needs few attempts for that', () => {
    const attempts = lines.reduce((sum, line) => sum + line.attempts, 0);
    assert.ok(attempts > CALLS, 'something was tried again at all');
    assert.ok(attempts <= 1.2 * CALLS, `${attempts} attempts for ${CALLS} calls`);
  });

  it('runs nothing twice that must run once', () => {
    const executions = new Map<string, number>();
    for (const upstream of orders) {
      for (const [id, times] of upstream.seen.executions()) {
        executions.set(id, (executions.get(id) ?? 0) + times);
      }
    }
    assert.ok(executions.size > CALLS / 10, 'orders were made');
    for (const [id, times] of executions) assert.equal(times, 1, id);
  });
});

interface Kind {
  readonly name: string;
  call(url: string, at: number): Promise<void>;
}

const said = 'Tell me something. [[tokens=40]]';
const anthropicFor = (url: string): Anthropic =>
  new Anthropic({ baseURL: url, apiKey: 'k', maxRetries: 0 });
const openaiFor = (url: string): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k', maxRetries: 0 });

const kinds: readonly Kind[] = [
  {
    name: 'messages stream',
    async call(url) {
      const stream = anthropicFor(url).messages.stream({
        model: 'sim-fast',
        max_tokens: 64,
        messages: [{ role: 'user', content: said }],
      });
      assert.equal((await stream.finalMessage()).stop_reason, 'end_turn');
    },
  },
  {
    name: 'messages',
    async call(url) {
      const message = await anthropicFor(url).messages.create({
        model: 'sim-fast',
        max_tokens: 64,
        messages: [{ role: 'user', content: said }],
      });
      assert.equal(message.stop_reason, 'end_turn');
    },
  },
  {
    name: 'chat stream',
    async call(url) {
      const stream = await openaiFor(url).chat.completions.create({
        model: 'sim-fast',
        messages: [{ role: 'user', content: said }],
        stream: true,
      });
      let finish: string | null = null;
      for await (const chunk of stream) finish = chunk.choices[0]?.finish_reason ?? finish;
      assert.equal(finish, 'stop');
    },
  },
  {
    name: 'responses stream',
    async call(url) {
      const stream = await openaiFor(url).responses.create({
        model: 'sim-fast',
        input: said,
        stream: true,
      });
      let last = '';
      for await (const event of stream) last = event.type;
      assert.equal(last, 'response.completed');
    },
  },
  {
    name: 'order',
    async call(url, at) {
      const answer = await fetch(`${url}/orders`, {
        method: 'POST',
        headers: { 'x-request-id': `order-${at}`, 'content-type': 'application/json' },
        body: '{"item":1}',
      });
      await answer.arrayBuffer();
      assert.equal(answer.status, 200);
    },
  },
];

async function outcome(run: () => Promise<void>): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}

function configOf(models: readonly string[], orders: readonly string[]): Record<string, unknown> {
  const model = {
    profile: 'llm-hosted',
    endpoints: models,
    timeouts: { firstByte: '500ms', byteIdle: '2s', byteIdleAfterPing: '2s' },
  };
  return {
    listen: '127.0.0.1:0',
    admin: 'off',
    simulator: false,
    // Clients, upstreams and gateway share one process here.
    guard: false,
    log: { level: 'silent' },
    upstreams: {
      anthropic: { ...model, dialect: 'anthropic' },
      openai: { ...model, dialect: 'openai' },
      orders: { dialect: 'plain', profile: 'rest', endpoints: orders },
    },
    routes: [
      { name: 'orders', match: { path: '/orders/**' }, upstreams: ['orders'] },
      { name: 'messages', match: { path: '/v1/messages/**' }, upstreams: ['anthropic'] },
      { name: 'openai', match: { path: '/v1/**' }, upstreams: ['openai'] },
    ],
  };
}
