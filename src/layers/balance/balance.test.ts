import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call } from '../../core/call.ts';
import { checked } from '../../core/checked.ts';
import { CallError } from '../../core/errors.ts';
import { HeaderList } from '../../core/header-list.ts';
import { stack } from '../../core/layer.ts';
import { seededRandom } from '../../core/random.ts';
import type { AttemptObserver, Target, TargetEdit } from '../../core/target.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService, byHand, testHead } from '../../testing/scripted-service.ts';
import type { ServiceScript } from '../../testing/scripted-service.ts';
import { testCall, testTarget } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { balanceLayer } from './balance.ts';
import type { ChoiceGate } from './gates.ts';
import { Loads } from './loads.ts';

/** Writes down what it hears, with the upstream's name. */
class Diary implements AttemptObserver {
  readonly lines: string[] = [];

  attemptBegan({ upstream }: Target, call: Call): void {
    this.lines.push(`${upstream} began ${call.attempt}`);
  }

  attemptAnswered(...[{ upstream }, , head]: Parameters<AttemptObserver['attemptAnswered']>): void {
    this.lines.push(`${upstream} answered ${head.status}`);
  }

  attemptOver(...[{ upstream }, , { kind }]: Parameters<AttemptObserver['attemptOver']>): void {
    this.lines.push(`${upstream} over ${kind}`);
  }
}

function rig(script: ServiceScript, targets: readonly Target[], gates: readonly ChoiceGate[] = []) {
  const clock = new VirtualClock();
  const upstream = new ScriptedService(clock, script);
  const diary = new Diary();
  const loads = new Loads();
  const odd: string[] = [];
  const observer = {
    spilled: (route: string, name: string) => odd.push(`${route} spilled to ${name}`),
    panicked: (route: string) => odd.push(`${route} panicked`),
    refused: (route: string) => odd.push(`${route} refused`),
  };
  const deps = { clock, random: seededRandom(3), loads, gates, observers: [diary], observer };
  const layer = balanceLayer(deps);
  const service = stack([layer], upstream.service, { between: checked });
  const send = (call: Call = testCall({ route: { targets } })) => {
    const sink = new RecordingSink();
    service(call, sink);
    return { call, sink };
  };
  const inFlight = (): number =>
    loads.view(clock.now()).reduce((sum, view) => sum + view.inFlight, 0);
  return { clock, upstream, diary, loads, odd, layer, send, inFlight };
}

const a = testTarget(1, { upstream: 'a' });
const b = testTarget(2, { upstream: 'b' });
const both = [a, b];
const only = [a];

function editOf(own: Partial<TargetEdit>): TargetEdit {
  return {
    headers: (headers) => headers,
    model: undefined,
    ...own,
  };
}

describe('the balance layer', () => {
  it('passes a call without targets on untouched', () => {
    const { upstream, send, diary } = rig({ chunks: ['x'] }, []);
    const { call, sink } = send();
    assert.equal(upstream.last.call, call);
    assert.equal(sink.text, 'x');
    assert.deepEqual(diary.lines, []);
  });

  it('gives an attempt the route of its target, and keeps the rest of the call', () => {
    const { upstream, send } = rig({}, only);
    const { call } = send();
    const seen = upstream.last.call;
    assert.equal(seen.route, a.route);
    assert.deepEqual({ ...seen, route: 0 }, { ...call, route: 0, replays: undefined });
  });

  it('gives an attempt what its target needs instead', () => {
    const edit = editOf({
      headers: (headers) => headers.with('x-key', 'stored'),
    });
    const { upstream, send } = rig({}, [testTarget(1, { edit })]);
    const { sink } = send();
    assert.equal(upstream.last.call.headers.get('x-key'), 'stored');
    assert.equal(sink.head?.headers.has('x-holdfast-model'), false);
  });

  it('says which model answers when it is another one', () => {
    for (const [model, shown] of [
      ['claude-b', 'claude-b'],
      ['modèle b', 'mod%C3%A8le%20b'],
    ] as const) {
      const edit = editOf({ model });
      const script = { headers: { 'x-holdfast-model': 'a lie', 'x-other': '1' }, chunks: ['x'] };
      const { send } = rig(script, [testTarget(1, { edit })]);
      const { sink } = send();
      assert.deepEqual(sink.head?.headers.all('x-holdfast-model'), [shown]);
      assert.equal(sink.head?.headers.get('x-other'), '1');
      assert.deepEqual(sink.story, ['start 200', 'chunk 1', 'end']);
    }
  });

  it('tells callers not to come again by themselves when that would be in vain', () => {
    const late: ChoiceGate = { opensAt: () => 1_000 + 61_000 };
    assert.equal(rig({}, both, [late]).send().sink.error?.shouldRetry, false);
  });

  it('uses the word of the gate that alone keeps a call from everywhere', () => {
    const pacing = { opensAt: () => 5_000, refusesAs: 'PACED' } as const;
    const broken: ChoiceGate = { opensAt: () => 5_000 };
    assert.equal(rig({}, both, [pacing]).send().sink.error?.code, 'PACED');
    assert.equal(rig({}, both, [pacing, broken]).send().sink.error?.code, 'NO_TARGET');
    assert.equal(rig({}, both, [broken]).send().sink.error?.code, 'NO_TARGET');
  });

  it('refuses when no target may be used, and says when the first one may', () => {
    const gate: ChoiceGate = { opensAt: ({ upstream }) => (upstream === 'a' ? 9_000 : 5_000) };
    const { send, odd, diary, inFlight } = rig({}, both, [gate]);
    const { error } = send().sink;
    assert.equal(error?.code, 'NO_TARGET');
    assert.equal(error?.retryAfterMs, 4_000);
    assert.equal(error?.shouldRetry, undefined);
    assert.deepEqual(odd, ['test-route refused']);
    assert.deepEqual(diary.lines, []);
    assert.equal(inFlight(), 0);
  });

  it('asks the gates also where there is one target, and guesses a wait nobody knows', () => {
    const { send } = rig({}, only, [{ opensAt: () => Number.POSITIVE_INFINITY }]);
    const { error } = send().sink;
    assert.equal(error?.code, 'NO_TARGET');
    assert.equal(error?.retryAfterMs, 1_000);
  });

  it('tells the gates that yield when it overrules them', () => {
    const c = testTarget(3, { upstream: 'c' });
    const overruled: Call[] = [];
    const gate: ChoiceGate = {
      opensAt: ({ upstream }, _call, now) => (upstream === 'c' ? 0 : now + 1),
      mayOverrule: () => true,
      overrule: (attempt) => overruled.push(attempt),
    };
    const open: ChoiceGate = { ...gate, opensAt: () => 0 };
    const { upstream, send, odd } = rig({}, [a, b, c], [gate, open]);
    for (let count = 0; count < 60; count += 1) send();
    const oddOnes = upstream.calls.filter(({ call }) => call.route.upstream !== 'c');
    assert.ok(oddOnes.length > 20);
    assert.deepEqual(
      overruled,
      oddOnes.map(({ call }) => call),
    );
    assert.ok(odd.includes('test-route panicked'));
  });

  it('is calm again when enough targets are back', () => {
    const c = testTarget(3, { upstream: 'c' });
    let closed = true;
    const gate: ChoiceGate = {
      opensAt: ({ upstream }, _call, now) => (closed && upstream !== 'c' ? now + 1 : 0),
      mayOverrule: () => true,
      overrule() {},
    };
    const { send, odd } = rig({}, [a, b, c], [gate]);
    for (let count = 0; count < 10; count += 1) send();
    const panics = odd.length;
    assert.ok(panics > 0);
    closed = false;
    for (let count = 0; count < 10; count += 1) send();
    assert.equal(odd.length, panics);
  });

  it('tells when a call goes to a lower tier', () => {
    const gate: ChoiceGate = { opensAt: ({ tier }) => (tier === 0 ? 9_000 : 0) };
    const { send, odd } = rig({}, [a, testTarget(2, { upstream: 'b', tier: 1 })], [gate]);
    assert.equal(send().sink.ended, true);
    assert.deepEqual(odd, ['test-route spilled to b']);
  });
});

describe('every attempt', () => {
  const gone = new CallError('CALLER_GONE');
  type Step = (upstream: ScriptedService, call: Call) => void;
  const exits: readonly (readonly [
    name: string,
    script: ServiceScript,
    step: Step,
    end: string,
  ])[] = [
    ['ended at once', { chunks: ['x'] }, () => {}, 'ok'],
    ['ended later', byHand, ({ last }) => (last.start(), last.end()), 'ok'],
    ['failed at once', { failBeforeHead: 'CONNECT_FAILED' }, () => {}, 'unreachable'],
    ['failed later', byHand, ({ last }) => last.fail('RESET'), 'failed'],
    ['broken off', { chunks: ['x'], ending: 'STREAM_CUT' }, () => {}, 'failed'],
    ['refused by the upstream', { status: 503 }, () => {}, 'overloaded'],
    ['left before the head', byHand, (_, call) => call.cancellation.cancel(gone), 'ignored'],
    [
      'left after the head',
      byHand,
      ({ last }, call) => (last.start(), call.cancellation.cancel(gone)),
      'ignored',
    ],
  ];
  for (const [name, script, step, end] of exits) {
    it(`${name} is told of once and leaves nothing in flight`, () => {
      for (const targets of [only, both]) {
        const { upstream, diary, send, inFlight } = rig(script, targets);
        const { call, sink } = send();
        step(upstream, call);
        assert.equal(sink.isOver, true);
        assert.equal(inFlight(), 0);
        const said = diary.lines.map((line) => line.split(' ')[1]);
        assert.equal(said.filter((word) => word === 'began').length, 1);
        assert.equal(said.filter((word) => word === 'over').length, 1);
        assert.equal(said.at(-1), 'over');
        assert.equal(diary.lines.at(-1)?.split(' ')[2], end);
      }
    });
  }

  it('counts as in flight until its last byte', () => {
    const { upstream, send, inFlight } = rig(byHand, only);
    send();
    assert.equal(inFlight(), 1);
    upstream.last.start();
    upstream.last.chunk('x');
    assert.equal(inFlight(), 1);
    upstream.last.end();
    assert.equal(inFlight(), 0);
  });

  it('is over when a defect below it throws', () => {
    const { layer, diary, inFlight } = rig({}, only);
    const service = stack([layer], () => {
      throw new TypeError('a defect');
    });
    const call = testCall({ route: { targets: only } });
    assert.throws(() => service(call, new RecordingSink()), /a defect/);
    assert.equal(inFlight(), 0);
    assert.deepEqual(diary.lines, ['a began 1', 'a over ignored']);
  });

  it('is over once when what is below throws after its end', () => {
    const { layer, diary, inFlight } = rig({}, only);
    const service = stack([layer], (_call, sink) => {
      sink.fail(new CallError('RESET'));
      throw new TypeError('a defect');
    });
    const call = testCall({ route: { targets: only } });
    assert.throws(() => service(call, new RecordingSink()), /a defect/);
    assert.equal(inFlight(), 0);
    assert.deepEqual(diary.lines, ['a began 1', 'a over failed']);
  });
});

describe('a further attempt of a call', () => {
  const again = (call: Call): Call => ({ ...call, attempt: call.attempt + 1 });

  // So much heavier a weight that load alone would always lead there.
  const preferred = testTarget(1, { upstream: 'preferred', weight: 1e9 });

  it('goes elsewhere after a failure', () => {
    const { upstream, send } = rig({ failBeforeHead: 'RESET' }, [preferred, b]);
    const { call } = send();
    send(again(call));
    send();
    const names = upstream.calls.map((one) => one.call.route.upstream);
    assert.deepEqual(names, ['preferred', 'b', 'preferred']);
  });

  it('goes elsewhere while a bad answer is still being read', () => {
    const { upstream, send } = rig(byHand, [preferred, b]);
    const { call } = send();
    upstream.last.start(testHead(404));
    send(again(call));
    const names = upstream.calls.map((one) => one.call.route.upstream);
    assert.deepEqual(names, ['preferred', 'b']);
  });

  it('goes back when everything was tried', () => {
    const { upstream, send } = rig({ failBeforeHead: 'RESET' }, both);
    let { call } = send();
    for (let count = 0; count < 4; count += 1) {
      call = again(call);
      send(call);
    }
    assert.equal(upstream.calls.length, 5);
  });
});

describe('what an attempt teaches', () => {
  const expectedOf = (script: ServiceScript, run: (r: ReturnType<typeof rig>) => void): number => {
    const rigged = rig(script, only);
    rigged.send();
    run(rigged);
    return Math.round(rigged.loads.view(rigged.clock.now())[0]?.expectedMs ?? -1);
  };

  it('is the time to its first byte, not to its last', () => {
    const script = { headAfterMs: 300, chunks: ['x'], endAfterMs: 1 };
    assert.equal(
      expectedOf(script, ({ clock }) => clock.advance(300)),
      300,
    );
  });

  it('is a penalty where it failed, once', () => {
    const status = { status: 503, headers: { 'retry-after': '20' } };
    assert.equal(
      expectedOf(status, () => {}),
      20_000,
    );
    assert.equal(
      expectedOf({ failBeforeHead: 'RESET' }, () => {}),
      5_000,
    );
    assert.equal(
      expectedOf({ chunks: ['x'], ending: 'STREAM_CUT' }, () => {}),
      5_000,
    );
  });

  it('is a penalty from its head on, and not renewed by its end', () => {
    const penalty = expectedOf(byHand, ({ upstream }) => upstream.last.start(testHead(500)));
    assert.equal(penalty, 5_000);
    const faded = expectedOf(byHand, ({ clock, upstream }) => {
      upstream.last.start(testHead(500));
      clock.advance(10_000);
      upstream.last.end();
    });
    assert.equal(faded, 1_839);
  });

  it('is nothing where the request was at fault or its caller left', () => {
    assert.equal(
      expectedOf({ status: 401 }, () => {}),
      1_000,
    );
    assert.equal(
      expectedOf({ failBeforeHead: 'CALLER_GONE' }, () => {}),
      1_000,
    );
    assert.equal(
      expectedOf({ failBeforeHead: 'STALE_CONNECTION' }, () => {}),
      1_000,
    );
  });
});

describe('headers of an edited call', () => {
  it('are asked for anew for each attempt', () => {
    let asked = 0;
    const edit = editOf({
      headers: () => {
        asked += 1;
        return HeaderList.of([['x-asked', String(asked)]]);
      },
    });
    const { upstream, send } = rig({}, [testTarget(1, { edit })]);
    send();
    send();
    assert.equal(upstream.last.call.headers.get('x-asked'), '2');
  });
});
