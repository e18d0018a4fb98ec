import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Leases } from '../core/leases.ts';
import { seededRandom } from '../core/random.ts';
import { BufferBudget } from '../core/replay-body.ts';
import { Sweep } from '../core/sweep.ts';
import { Drain, drainLayer } from '../layers/drain/drain.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { RecordingSink, ScriptedService, testCall, VirtualClock } from '../testing/index.ts';
import { byHand } from '../testing/scripted-service.ts';
import { loadConfig } from './config/load.ts';
import { LayerMetrics } from './layer-metrics.ts';
import { noCredentials } from './no-credentials.fixture.ts';
import { compileRoutes } from './route-table.ts';
import { Stacks } from './stacks.ts';

/** The one route of a configuration over an upstream that answers by hand. */
interface Rig {
  readonly clock: VirtualClock;
  readonly upstream: ScriptedService;
  readonly ask: () => RecordingSink;
  /** Lets every call that waits be answered after `ms`. */
  readonly answer: (ms: number) => void;
}

function rig(t: { after(done: () => void): void }, options: object, top: object = {}): Rig {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const sweep = new Sweep(clock);
  const upstream = new ScriptedService(clock, () => byHand);
  const value = {
    ...top,
    upstreams: { u: { endpoints: ['http://127.0.0.1:9'], ...options } },
    routes: [{ match: { path: '/**' }, upstreams: ['u'], retry: { attempts: 1 } }],
  };
  const { settings, lines } = loadConfig({ value }, { env: {}, readText: () => '' });
  assert.ok(settings !== undefined, lines.join('\n'));
  const metrics = new Metrics();
  const stacks = new Stacks(
    {
      clock,
      random,
      leases: new Leases(clock),
      sweep,
      bodies: new BufferBudget(1_000_000),
      credentials: noCredentials({ clock, random }),
      calls: { callStarted() {}, callEnded() {} },
      observers: new LayerMetrics(metrics),
      drain: drainLayer(new Drain({ clock, random, sweep })),
    },
    settings,
  );
  t.after(() => {
    stacks.close();
    metrics.close();
  });
  const table = compileRoutes(
    settings,
    {
      wire: (route, upstreams) => stacks.wire(route, upstreams, upstream.service),
      simulator: upstream.service,
      answers: { newId: (prefix) => `${prefix}1`, wallNow: () => 0 },
      local: (answer) => answer,
    },
    {},
  );
  stacks.retain(table);
  const destination = table.routes.at(-1)?.destination('/x', false);
  assert.ok(destination !== undefined);
  const { route, service } = destination;
  const ask = (): RecordingSink => {
    const sink = new RecordingSink();
    service(testCall({ method: 'GET', path: '/x', route, now: clock.now() }), sink);
    return sink;
  };
  const answer = (ms: number): void => {
    clock.advance(ms);
    for (const call of upstream.calls.filter(({ over }) => !over)) {
      call.start();
      call.chunk('x');
      call.end();
    }
  };
  return { clock, upstream, ask, answer };
}

describe('the wait for a place', () => {
  const one = { limit: { algorithm: 'fixed', start: 1 } };
  /** After how many ms the second of two calls is refused. */
  const refusedAfter = (t: Parameters<typeof rig>[0], options: object): number => {
    const { clock, upstream, ask } = rig(t, { ...one, ...options });
    ask();
    const second = ask();
    assert.equal(second.isOver, false);
    const began = clock.now();
    while (!second.isOver && clock.now() - began < 60_000) clock.advance(50);
    assert.equal(second.error?.code, 'OVERLOADED');
    assert.equal(upstream.calls.length, 1);
    return clock.now() - began;
  };

  it('ends when `timeouts.queue` says', (t) => {
    const tookMs = refusedAfter(t, { timeouts: { queue: '5s' } });
    assert.ok(tookMs >= 5_000 && tookMs <= 5_200, `${tookMs} ms`);
  });

  it('ends when the profile says where nothing is written', (t) => {
    const tookMs = refusedAfter(t, {});
    assert.ok(tookMs >= 2_000 && tookMs <= 2_200, `${tookMs} ms`);
  });
});

describe('an upstream whose answers have all become slow', () => {
  /** Whether a call is let through after many quick answers and thirty slow ones. */
  const isStillAsked = (t: Parameters<typeof rig>[0], options: object, top: object): boolean => {
    const { clock, upstream, ask, answer } = rig(t, options, top);
    for (let asked = 0; asked < 60; asked += 1) {
      ask();
      answer(20);
    }
    clock.advance(60_000);
    for (let asked = 0; asked < 30; asked += 1) ask();
    answer(1_500);
    const before = upstream.calls.length;
    ask();
    return upstream.calls.length > before;
  };
  const tight = { breaker: { slowAfter: '1s' } };
  const wide = { limit: { enabled: false } };

  it('is given up if it is an ordinary service', (t) => {
    assert.equal(isStillAsked(t, wide, tight), false);
  });

  it('is not, if it was not slow enough for what is written', (t) => {
    assert.equal(isStillAsked(t, wide, {}), true);
    assert.equal(isStillAsked(t, wide, { breaker: { slowAfter: 'none' } }), true);
  });

  it('is not, if it is a model, or has its breaker off', (t) => {
    assert.equal(isStillAsked(t, { ...wide, profile: 'llm-hosted' }, tight), true);
    assert.equal(isStillAsked(t, { ...wide, breaker: false }, tight), true);
  });
});
