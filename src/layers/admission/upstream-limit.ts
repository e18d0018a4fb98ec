// The slots of one upstream. Counts streams in flight, not sockets: a slot is held to the last byte
// of a call, whatever the connections do. Attempts that a call makes here while it holds its slot
// elsewhere take room as well.
// Invariant: nobody waits while there is room, because a freed slot is given away before anything
// else happens. When the limit falls below what is out, nothing is cut; there are just no grants.

import type { Call } from '../../core/call.ts';
import type { Priority } from '../../core/caller.ts';
import type { Clock } from '../../core/clock.ts';
import type { CallError } from '../../core/errors.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Random } from '../../core/random.ts';
import type { Sweep } from '../../core/sweep.ts';
import type { AdmissionObserver, LimitView, ShedCause } from './admission-observer.ts';
import { LimitLearning } from './limit-learning.ts';
import { Occupancy } from './occupancy.ts';
import type { LimitOptions } from './options.ts';
import { refusalOf } from './refusal.ts';
import { RefusalShare } from './refusal-share.ts';
import { TimeHistogram } from './time-histogram.ts';
import { WaitingRoom } from './waiting-room.ts';
import type { Waiter } from './waiting-room.ts';

/** A waiter that can be given a slot. */
export interface Applicant extends Waiter<Applicant> {
  /** It has a slot at `place`, counted already. Must not throw. */
  granted(place: UpstreamLimit): void;
}

/** What the limits of a gateway share. */
export interface LimitDeps {
  readonly clock: Clock;
  readonly sweep: Sweep;
  readonly random: Random;
  readonly observer: AdmissionObserver;
}

/** One upstream. Made and kept by `UpstreamLimits`. */
export class UpstreamLimit {
  readonly name: string;
  readonly observer: AdmissionObserver;
  readonly #deps: LimitDeps;
  #options: LimitOptions;
  readonly #learning: LimitLearning;
  readonly #holds = new TimeHistogram();
  readonly #room: WaitingRoom<Applicant>;
  readonly #deadlines = new RefusalShare();
  readonly #out: Occupancy;
  /** Upstreams whose waiting calls may be given a slot here. */
  #feeders: readonly UpstreamLimit[] = [];
  #foreign: number = 0;
  #granting: boolean = false;

  constructor(name: string, deps: LimitDeps, options: LimitOptions) {
    this.name = name;
    this.observer = deps.observer;
    this.#deps = deps;
    this.#options = options;
    this.#learning = new LimitLearning(options);
    this.#room = new WaitingRoom(deps.sweep, this.#holds);
    this.#out = new Occupancy(name, deps.observer);
    this.#adopt();
  }

  /** Calls are given a slot here without making another upstream of their route the better one. */
  get hasSoftRoom(): boolean {
    return (this.#out.isBelowSoft && !this.#isPromised) || this.#options.shadow;
  }

  get hasRoom(): boolean {
    return (this.#out.isBelowLimit && !this.#isPromised) || this.#options.shadow;
  }

  /** Only decides and counts. */
  get isShadow(): boolean {
    return this.#options.shadow;
  }

  /** Slots held and foreign attempts. */
  get occupied(): number {
    return this.#out.count;
  }

  /** Nothing is out and nobody waits. */
  get isIdle(): boolean {
    return this.#out.count === 0 && this.#room.size === 0;
  }

  /** Calls here are refused with some probability: see `AcceptRate`. */
  get isThrottling(): boolean {
    return this.#learning.acceptRate.dropShare > 0;
  }

  /** How long until an answer usually begins, in ms; `undefined` while too few were seen. */
  get firstByteP50Ms(): number | undefined {
    return this.#learning.firstBytes.medianMs;
  }

  /** How long a newcomer of this class would wait, in ms. */
  waitMs(priority: Priority): number {
    return this.#queueMs(this.#room.ahead(priority) + 1);
  }

  configure(options: LimitOptions): void {
    this.#learning.configure(options, this.#options);
    this.#options = options;
    this.#adopt();
    this.#grant();
  }

  /** Calls that wait at `home` may be given slots here. */
  feedFrom(home: UpstreamLimit): void {
    if (home !== this && !this.#feeders.includes(home)) this.#feeders = [...this.#feeders, home];
  }

  /** Forgets the feeders that are not in `known`. */
  forgetFeeders(known: ReadonlySet<UpstreamLimit>): void {
    this.#feeders = this.#feeders.filter((feeder) => known.has(feeder));
  }

  /** One slot less; ends with `release`. Whoever takes has looked for room before. */
  take(call: Call): void {
    if (this.#options.shadow && !this.#out.isBelowLimit) this.#wouldWait(call);
    this.#out.rise();
  }

  /** A call held its slot for so long that others may expect the like. */
  held(ms: number, now: number): void {
    this.#holds.add(ms, now);
  }

  /** The slot is free. */
  release(): void {
    this.#vacate();
  }

  foreignBegan(): void {
    this.#foreign += 1;
    this.#out.rise();
  }

  foreignOver(): void {
    this.#foreign -= 1;
    this.#vacate();
  }

  answered(call: Call, outcome: Outcome, now: number): void {
    this.#learning.answered(call, outcome, this.#out.count, now);
    this.#moved();
  }

  over(call: Call, outcome: Outcome, now: number): void {
    this.#learning.over(call, outcome, now);
    this.#moved();
  }

  /** Lets a call wait; it hears `granted` or `sentAway`, perhaps before this returns. */
  enter(applicant: Applicant, now: number): void {
    this.#room.enter(applicant, this.#capacity, now);
  }

  leave(applicant: Applicant): void {
    this.#room.leave(applicant, this.#deps.clock.now());
  }

  /** Whether a call should be refused because the upstream refuses most; draws a number. */
  drops(now: number): boolean {
    return this.#learning.acceptRate.drops(this.#deps.random.next(), now);
  }

  /** A call with a deadline came; whether it may be refused for it if it seems too close. */
  mayRefuseFor(tooClose: boolean, now: number): boolean {
    this.#deadlines.came(now);
    return tooClose && this.#deadlines.mayRefuse(now);
  }

  /** The error of a call that gets no slot, counted. `waiting`: how many did when it was judged. */
  refusal(cause: ShedCause, waiting: number = this.#room.size): CallError {
    this.observer.shed(this.name, cause);
    const { name: upstream } = this;
    const facts = {
      upstream,
      occupied: this.#out.count,
      limit: this.#out.limit,
      waiting,
      queueMs: this.#queueMs(waiting),
    };
    return refusalOf(cause, facts, this.#deps.random);
  }

  view(): LimitView {
    const { algorithm, shadow } = this.#options;
    const queued = (priority: Priority): number => this.#room.sizeOf(priority);
    return {
      upstream: this.name,
      algorithm,
      shadow,
      limit: this.#out.limit,
      soft: this.#out.soft,
      occupied: this.#out.count,
      foreign: this.#foreign,
      queued: {
        interactive: queued('interactive'),
        default: queued('default'),
        batch: queued('batch'),
      },
      headroom: this.#out.headroom,
      overloaded: this.#room.overloaded,
      dropShare: this.#learning.acceptRate.dropShare,
      holdP50Ms: this.#holds.medianMs,
      firstByteP50Ms: this.firstByteP50Ms,
    };
  }

  #vacate(): void {
    this.#out.fall();
    this.#grant();
  }

  /** Room that those who wait are being called to: a newcomer stands behind them. */
  get #isPromised(): boolean {
    return this.#granting && this.#room.size > 0;
  }

  /** Gives away what is free. A granted call may end at once and free its slot: one loop. */
  #grant(): void {
    if (this.#granting) return;
    this.#granting = true;
    try {
      while (this.#out.isBelowLimit || this.#options.shadow) {
        if (!this.#isAwaited) break;
        // Counted before anybody hears of anything, so that nobody else takes it.
        this.#out.rise();
        const applicant = this.#nextApplicant();
        if (applicant === undefined) {
          this.#out.fall();
          break;
        }
        applicant.granted(this);
      }
    } finally {
      this.#granting = false;
    }
  }

  /** Somebody waits here or at a feeder. */
  get #isAwaited(): boolean {
    return this.#room.size > 0 || this.#feeders.some((feeder) => feeder.#room.size > 0);
  }

  #nextApplicant(): Applicant | undefined {
    const own = this.#next(this.name);
    if (own !== undefined) return own;
    for (const feeder of this.#feeders) {
      const applicant = feeder.#next(this.name);
      if (applicant !== undefined) return applicant;
    }
    return undefined;
  }

  #next(upstream: string): Applicant | undefined {
    if (this.#room.size === 0) return undefined;
    return this.#room.next(upstream, this.#deps.clock.now());
  }

  /** The algorithm may have moved. */
  #moved(): void {
    const before = this.#out.limit;
    if (wholeLimit(this.#learning) === before) return;
    this.#adopt();
    if (this.#out.limit > before) this.#grant();
  }

  #adopt(): void {
    this.#room.patient = this.#options.patient;
    this.#out.setLimit(wholeLimit(this.#learning), this.#options.softShare);
  }

  /** How long it takes until `calls` of the queue have been served, in ms. */
  #queueMs(calls: number): number {
    return (calls * (this.#holds.meanMs ?? 0)) / this.#out.limit;
  }

  get #capacity(): number {
    const { queueMin, queuePerSlot } = this.#options;
    return Math.max(queueMin, queuePerSlot * this.#out.limit);
  }

  #wouldWait(call: Call): void {
    // As many as are out above the limit would be waiting.
    const waiting = this.#out.count - this.#out.limit;
    if (waiting >= this.#capacity) this.observer.wouldShed(this.name, 'queue-full');
    else this.observer.wouldQueue(this.name, call.caller.priority);
  }
}

function wholeLimit({ limit }: LimitLearning): number {
  return Math.max(1, Math.floor(limit));
}
