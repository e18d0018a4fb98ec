// The way out: counts calls to their last byte, refuses those that come too late, and walks
// through the phases of an orderly end. What is decided stands in drain-phases.ts; what is closed
// belongs to the ground it is given. Invariant: every call that was counted is taken off exactly
// once, and the ground hears `drained` once, when no call runs and no connection is open.

import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Layer } from '../../core/layer.ts';
import type { Random } from '../../core/random.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { Sweep, Swept } from '../../core/sweep.ts';
import { NEVER } from '../../core/timeline.ts';
import { DrainPhases } from './drain-phases.ts';
import type { DrainPhase } from './drain-phases.ts';
import { DrainTally } from './drain-tally.ts';
import type { DrainReport } from './drain-tally.ts';
import type { DrainTimes } from './options.ts';

/** When a refused caller may come back, in ms: elsewhere, or here once we have started again. */
const RETRY_AFTER_MS = 1_000;

/** What a drain is given. */
export interface DrainDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly sweep: Sweep;
}

/** What a drain acts on. */
export interface DrainGround {
  /** Open connections of callers. */
  readonly connections: number;
  /** Further ones can still come. */
  readonly listening: boolean;
  /** Closes each resting connection with this probability. */
  closeResting(share: number): void;
  /** Takes no more connections; those that rest are closed, the others after their answer. */
  stopAccepting(): void;
  phaseBegan(phase: DrainPhase): void;
  /** Everything is over. Told once. */
  drained(report: DrainReport): void;
}

/** One gateway's way out. Ticks only while it is under way. */
export class Drain implements Swept {
  sweepIndex: number = -1;
  readonly #deps: DrainDeps;
  readonly #phases = new DrainPhases();
  readonly #running: DrainSink[] = [];
  #ground: DrainGround | undefined = undefined;
  #tally: DrainTally | undefined = undefined;
  #lookedAt: number = 0;

  constructor(deps: DrainDeps) {
    this.#deps = deps;
  }

  get phase(): DrainPhase {
    return this.#phases.phase;
  }

  /** Calls that have not seen their last byte. */
  get running(): number {
    return this.#running.length;
  }

  /** Starts the sequence; phases without length are passed at once. */
  begin(times: DrainTimes, ground: DrainGround): void {
    if (this.#ground !== undefined) return;
    const now = this.#deps.clock.now();
    this.#ground = ground;
    this.#tally = new DrainTally(now);
    this.#lookedAt = now;
    this.#phases.begin(times, now);
    ground.phaseBegan(this.phase);
    this.#deps.sweep.add(this);
    this.sweep(now);
  }

  /** Ends the waiting: what still runs is told and cut, all in one go. Needs a drain under way. */
  cut(): void {
    const ground = this.#ground;
    if (ground === undefined || this.phase === 'over') return;
    const now = this.#deps.clock.now();
    const listening = this.phase === 'announced' || this.phase === 'ramping';
    if (this.#phases.cut(now)) ground.phaseBegan('cutting');
    if (listening) ground.stopAccepting();
    for (const call of this.#running) call.cutAt = now;
    this.sweep(now);
  }

  /** Whether an answer that begins now should close its connection. Asked once per answer. */
  closesNext(): boolean {
    if (this.phase === 'serving') return false;
    const share = this.#phases.closeShare(this.#deps.clock.now());
    return share >= 1 || this.#deps.random.next() < share;
  }

  /** A connection or the listener was closed, or a call ended: this may have been the last. */
  check(): void {
    const ground = this.#ground;
    if (ground === undefined || this.#running.length > 0) return;
    if (this.phase !== 'closing' && this.phase !== 'cutting') return;
    if (ground.connections === 0 && !ground.listening) this.#end(ground);
  }

  sweep(now: number): void {
    const ground = this.#ground as DrainGround;
    const nothingOpen = this.#running.length === 0 && ground.connections === 0;
    while (this.#phases.step(now, nothingOpen)) {
      ground.phaseBegan(this.phase);
      if (this.phase === 'closing') ground.stopAccepting();
      if (this.phase === 'cutting') this.#drawCuts(now);
    }
    const restShare = this.#phases.restShare(this.#lookedAt, now);
    if (restShare > 0) ground.closeResting(restShare);
    this.#lookedAt = now;
    if (this.phase === 'cutting') this.#cutDue(now);
    if (this.#phases.stuck(now)) this.#giveUp(ground);
    else this.check();
  }

  /** Counts a call, or answers why it is refused. */
  enter(call: DrainSink): CallError | undefined {
    if (this.#ground !== undefined && this.#phases.refuses(call.startedAt)) {
      if (this.#tally !== undefined) this.#tally.refused += 1;
      return new CallError('DRAINING', { retryAfterMs: RETRY_AFTER_MS, shouldRetry: true });
    }
    call.index = this.#running.length;
    this.#running.push(call);
    return undefined;
  }

  /** Takes a call off, at its last byte. */
  leave(call: DrainSink, error: CallError | undefined): void {
    const last = this.#running.pop() as DrainSink;
    if (last !== call) {
      this.#running[call.index] = last;
      last.index = call.index;
    }
    const tally = this.#tally;
    if (tally === undefined) return;
    tally.note(call.route, this.#deps.clock.now() - call.startedAt, error);
    this.check();
  }

  /** Something does not end although it was told to: the process must still come to its end. */
  #giveUp(ground: DrainGround): void {
    const tally = this.#tally as DrainTally;
    const now = this.#deps.clock.now();
    const reason = new CallError('DRAINING');
    for (const call of this.#running) tally.note(call.route, now - call.startedAt, reason);
    this.#end(ground);
  }

  #end(ground: DrainGround): void {
    const now = this.#deps.clock.now();
    this.#phases.end(now);
    this.#deps.sweep.remove(this);
    const report = (this.#tally as DrainTally).report(now);
    this.#tally = undefined;
    ground.phaseBegan('over');
    ground.drained(report);
  }

  #drawCuts(now: number): void {
    const { random } = this.#deps;
    const { jitterMs } = this.#phases;
    for (const call of this.#running) call.cutAt = now + jitterMs * random.next();
  }

  #cutDue(now: number): void {
    const patience = this.#phases.boundaryMs;
    // Backwards, because a call that ends is replaced by the last one.
    for (let at = this.#running.length - 1; at >= 0; at -= 1) {
      const call = this.#running[at];
      if (call === undefined || now < call.cutAt) continue;
      if (call.betweenEvents || now >= call.cutAt + patience) call.cut();
    }
  }
}

/** The layer. One for all stacks of a gateway, because there is one way out. */
export function drainLayer(drain: Drain): Layer {
  return {
    name: 'drain',
    wrap: (next) => (call, sink) => {
      const running = new DrainSink(call, sink, drain);
      const refused = drain.enter(running);
      if (refused === undefined) next(call, running);
      else sink.fail(refused);
    },
  };
}

/** One counted call. */
class DrainSink implements Sink {
  /** Place in the list of running calls. */
  index: number = -1;
  /** When its turn to be cut comes. */
  cutAt: number = 0;
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #drain: Drain;

  constructor(call: Call, sink: Sink, drain: Drain) {
    this.#call = call;
    this.#sink = sink;
    this.#drain = drain;
  }

  get startedAt(): number {
    return this.#call.timeline.startedAt;
  }

  get route(): string {
    return this.#call.route.name;
  }

  /** Words of ours may be put in here, or there is nothing they could disturb. */
  get betweenEvents(): boolean {
    return this.#call.timeline.progress?.atBoundary !== false;
  }

  /** Ends the call; the edge says why in the form of its dialect. */
  cut(): void {
    const { timeline, cancellation } = this.#call;
    const begun = timeline.committedAt !== NEVER;
    // What was never sent can be sent again without a thought.
    const unsent = timeline.firstWriteAt === NEVER;
    cancellation.cancel(
      new CallError('DRAINING', {
        phase: begun ? 'stream' : 'wait',
        retryAfterMs: RETRY_AFTER_MS,
        ...(unsent ? { shouldRetry: true, replay: 'safe' } : {}),
        detail: 'The time for running calls was over.',
      }),
    );
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#drain.leave(this, undefined);
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#drain.leave(this, error);
    this.#sink.fail(error);
  }
}
