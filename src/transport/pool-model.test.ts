import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { Call } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import type { ReplayMark } from '../core/route.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import { testCall, testEndpoint } from '../testing/test-call.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { VirtualLine } from './virtual-network.fixture.ts';
import type { VirtualRig } from './virtual-rig.fixture.ts';
import { startVirtual } from './virtual-rig.fixture.ts';

const RTT = 20;
const CONNECTIONS_MAX = 6;
const IDLE_MAX = 3;

type Step =
  | { readonly do: 'send'; readonly get: boolean; readonly mark: ReplayMark }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'turn' }
  | { readonly do: Act; readonly which: number };
type Act =
  | 'connect'
  | 'refuse'
  | 'answer'
  | 'answerAndClose'
  | 'half'
  | 'fin'
  | 'reset'
  | 'unasked'
  | 'cancel'
  | 'giveUp';

const which = fc.nat(20);
/** How often each act is tried, so that histories get somewhere before they fail. */
const acts: Readonly<Record<Act, number>> = {
  connect: 8,
  refuse: 1,
  answer: 8,
  answerAndClose: 1,
  half: 1,
  fin: 2,
  reset: 2,
  unasked: 1,
  cancel: 2,
  giveUp: 1,
};
const send = fc.record({
  do: fc.constant('send' as const),
  get: fc.boolean(),
  mark: fc.constantFrom<ReplayMark>('strict', 'idle-race', 'always'),
});
const advance = fc.record({
  do: fc.constant('advance' as const),
  ms: fc.constantFrom(1, 8, 30, 300, 5_000),
});
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: send },
  { weight: 4, arbitrary: advance },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
  ...(Object.keys(acts) as Act[]).map((act) => ({
    weight: acts[act],
    arbitrary: fc.record({ do: fc.constant(act), which }),
  })),
);

interface Sent {
  readonly call: Call;
  readonly sink: RecordingSink;
}

/** The pool, and beside it what the peers know: which request each connection is on. */
class Run {
  readonly clock = new VirtualClock();
  readonly rig: VirtualRig = startVirtual(this.clock, {
    connectionsPerEndpointMax: CONNECTIONS_MAX,
    idlePerEndpointMax: IDLE_MAX,
    maxRequests: 5,
  });
  readonly sent: Sent[] = [];
  /** Answers given, by connection. */
  readonly #answers = new Map<VirtualLine, number>();
  readonly #broken = new Set<VirtualLine>();

  apply(step: Step): void {
    if (step.do === 'send') this.#send(step.get, step.mark);
    else if (step.do === 'advance') this.clock.advance(step.ms);
    else if (step.do === 'turn') this.clock.runTurns(1);
    else this.#act(step.do, step.which);
    this.#check(step.do === 'advance');
  }

  /** Lets everything come to a good end. */
  finish(): void {
    for (let round = 0; round < 60 && this.sent.some(({ sink }) => !sink.isOver); round += 1) {
      this.clock.advance(20);
      for (const dial of this.rig.network.dialling) dial.connect(RTT);
      for (const line of this.rig.network.open) {
        if (this.#broken.has(line)) line.fin();
        else if (this.#owes(line)) this.#answer(line, '');
      }
      this.#check(false);
    }
    for (const { sink } of this.sent) assert.ok(sink.isOver, 'a call was forgotten');
    this.rig.transport.destroy();
    this.clock.runTurns();
    assert.equal(this.rig.leases.size, 0);
    assert.equal(this.clock.pending, 0);
  }

  #send(get: boolean, replay: ReplayMark): void {
    const method = get ? 'GET' : 'POST';
    const path = `/${this.sent.length}`;
    const call = testCall({ method, path, route: { endpoints: [testEndpoint(80)], replay } });
    const sink = new RecordingSink();
    this.sent.push({ call, sink });
    this.rig.serve(call, sink);
  }

  #act(act: Act, number: number): void {
    const { dialling, open } = this.rig.network;
    const dial = pick(dialling, number);
    const line = pick(open, number);
    const owing = pick(
      open.filter((one) => this.#owes(one) && !this.#broken.has(one)),
      number,
    );
    const running = pick(
      this.sent.filter(({ sink }) => !sink.isOver),
      number,
    );
    switch (act) {
      case 'connect':
        dial?.connect(RTT);
        return;
      case 'refuse':
        dial?.refuse();
        return;
      case 'answer':
        if (owing !== undefined) this.#answer(owing, '');
        return;
      case 'answerAndClose':
        if (owing !== undefined) this.#answer(owing, 'Connection: close\r\n');
        return;
      case 'half':
        if (owing !== undefined) this.#broken.add(owing);
        owing?.say('HTTP/1.1 200');
        return;
      case 'fin':
        line?.fin();
        return;
      case 'reset':
        line?.break('ECONNRESET');
        return;
      case 'unasked':
        if (line !== undefined && !this.#owes(line)) line.say('HTTP/1.1 408 x\r\n\r\n');
        return;
      case 'cancel':
        running?.call.cancellation.cancel(new CallError('CALLER_GONE'));
        return;
      case 'giveUp':
        running?.call.cancellation.cancel(new CallError('CONNECT_TIMEOUT'));
    }
  }

  #owes(line: VirtualLine): boolean {
    return line.requests > (this.#answers.get(line) ?? 0);
  }

  #answer(line: VirtualLine, fields: string): void {
    // Counted first: the answer may bring the next request at once.
    this.#answers.set(line, (this.#answers.get(line) ?? 0) + 1);
    line.answer(fields);
  }

  #check(afterTurns: boolean): void {
    const { network } = this.rig;
    for (const line of network.open) {
      const ahead = line.requests - (this.#answers.get(line) ?? 0);
      assert.ok(ahead === 0 || ahead === 1, `${ahead} requests on one connection`);
    }
    for (const { call, sink } of this.sent) this.#checkCall(call, sink);
    if (this.sent.length === 0) return;
    const view = this.rig.view();
    assert.ok(view.idle <= IDLE_MAX);
    assert.ok(view.open + view.connecting <= CONNECTIONS_MAX);
    assert.equal(network.open.length, view.open);
    assert.equal(network.dialling.length, view.connecting);
    const watched = view.sentinelAgeMs < 0 ? 0 : 1;
    assert.equal(view.active + view.idle + watched, view.open);
    const running = this.sent.filter(({ sink }) => !sink.isOver).length;
    assert.ok(view.active + view.waiting <= running, 'a connection is held for nobody');
    // A call whose connection died while it looked at it comes back at its turn.
    if (afterTurns) assert.equal(view.active + view.waiting, running);
    const hasRoom = view.open + view.connecting < CONNECTIONS_MAX;
    if (hasRoom) assert.ok(view.connecting >= view.waiting, 'a call waits for nothing');
  }

  #checkCall(call: Call, sink: RecordingSink): void {
    const mark = ` ${call.path} HTTP/1.1\r\n`;
    const lines = this.rig.network.lines.filter(({ written }) => written.includes(mark));
    assert.ok(lines.length <= 2, `sent ${lines.length} times`);
    const isReplayed = call.timeline.replays === 1 && call.timeline.firstWriteAt > 0;
    assert.equal(lines.length === 2, isReplayed);
    // Whatever the first time was, the other is the first request of its connection.
    const isFresh = lines.some(({ written }) => written.indexOf(mark) === call.method.length);
    if (isReplayed) assert.ok(isFresh, 'sent again on a used connection');
    if (sink.ended) assert.ok(lines.length >= 1);
  }
}

function pick<T>(list: readonly T[], number: number): T | undefined {
  return list[number % Math.max(1, list.length)];
}

describe('the pool', () => {
  it('keeps its promises through any history', () => {
    fc.assert(
      fc.property(fc.array(steps, { size: 'max', maxLength: 120 }), (history) => {
        const run = new Run();
        for (const step of history) run.apply(step);
        run.finish();
      }),
      { numRuns: 400 },
    );
  });
});
