// Every call that can be joined, by where its twins would stand, and the sweep over those that wait
// for one. One for all routes of a process, because memory is one; it outlives reloads.
// Invariant: a call stands here from its beginning until it can no longer be joined.

import type { Clock } from '../../core/clock.ts';
import type { Leases } from '../../core/leases.ts';
import { BufferBudget } from '../../core/replay-body.ts';
import type { Sweep, Swept } from '../../core/sweep.ts';
import { defaultTwinsLimits } from './options.ts';
import type { TwinsLimits } from './options.ts';
import type { JointHome } from './joint-home.ts';
import type { JointCall } from './joint-call.ts';
import { silentTwinsObserver } from './twins-observer.ts';
import type { TwinsObserver } from './twins-observer.ts';

/** What is given to the place where joint calls are known. */
export interface JointCallsDeps {
  readonly clock: Clock;
  readonly sweep: Sweep;
  readonly leases: Leases;
  /** For request bodies: that of the edge, since the bytes are handed over from there. */
  readonly bodies: BufferBudget;
  readonly observer?: TwinsObserver;
}

/** One joint call, for the admin page. */
export interface JointCallView {
  /** Id of the call that began it. */
  readonly call: string;
  readonly route: string;
  readonly caller: string;
  /** Who is given its answer now. */
  readonly callers: number;
  readonly joinable: boolean;
  readonly keptBytes: number;
  readonly ageMs: number;
  /** How long it still waits for a twin; `undefined` while it has callers. */
  readonly lingersMs: number | undefined;
}

const none: readonly JointCall[] = [];

/** The joint calls of one process. Ticks only while there are any. */
export class JointCalls implements JointHome, Swept {
  sweepIndex: number = -1;
  readonly clock: Clock;
  readonly leases: Leases;
  readonly bodies: BufferBudget;
  readonly memory: BufferBudget;
  readonly observer: TwinsObserver;
  readonly outrun = (route: string): void => this.observer.outrun(route);
  readonly #sweep: Sweep;
  readonly #limits: TwinsLimits;
  readonly #places = new Map<string, JointCall[]>();
  /** Those that can be joined, oldest first. */
  readonly #open = new Set<JointCall>();
  /** Those that wait, and those that have twins. */
  readonly #watched = new Set<JointCall>();

  constructor(deps: JointCallsDeps, limits: TwinsLimits = defaultTwinsLimits) {
    this.clock = deps.clock;
    this.leases = deps.leases;
    this.bodies = deps.bodies;
    this.observer = deps.observer ?? silentTwinsObserver;
    this.memory = new BufferBudget(limits.bytesMax);
    this.#sweep = deps.sweep;
    this.#limits = limits;
  }

  /** Calls that can be joined and those that are watched. */
  get size(): number {
    return this.#open.union(this.#watched).size;
  }

  at(place: string): readonly JointCall[] {
    return this.#places.get(place) ?? none;
  }

  /** A call begins that others may join. */
  enter(joint: JointCall): void {
    const there = this.#places.get(joint.place);
    if (there === undefined) this.#places.set(joint.place, [joint]);
    else there.push(joint);
    this.#open.add(joint);
    if (this.sweepIndex < 0) this.#sweep.add(this);
  }

  shut(joint: JointCall): void {
    this.#open.delete(joint);
    const there = this.#places.get(joint.place);
    if (there === undefined) return;
    if (there.length === 1) this.#places.delete(joint.place);
    else there.splice(there.indexOf(joint), 1);
  }

  over(joint: JointCall): void {
    this.#watched.delete(joint);
    this.#rest();
  }

  watch(joint: JointCall): void {
    this.#watched.add(joint);
  }

  mayLinger(): boolean {
    let lingering = 0;
    for (const { callers, isRunning } of this.#watched) {
      // A whole answer takes nothing but memory, which has a bound of its own.
      if (callers === 0 && isRunning) lingering += 1;
    }
    return lingering < this.#limits.lingeringMax;
  }

  sweep(now: number): void {
    for (const joint of this.#watched) joint.sweep(now);
    for (const joint of this.#open) {
      if (now - joint.call.timeline.startedAt < this.#limits.keepMs) break;
      joint.evict('age');
    }
    this.#rest();
  }

  /** Every call that can be joined or is watched, oldest first. */
  view(): JointCallView[] {
    const now = this.clock.now();
    const views: JointCallView[] = [];
    for (const joint of this.#open.union(this.#watched)) {
      views.push({
        call: joint.call.id,
        route: joint.call.route.name,
        caller: joint.call.caller.name,
        callers: joint.callers,
        joinable: joint.joinable,
        keptBytes: joint.keptBytes,
        ageMs: now - joint.call.timeline.startedAt,
        lingersMs: joint.callers === 0 ? Math.max(0, joint.lingersUntil - now) : undefined,
      });
    }
    return views.toSorted((a, b) => b.ageMs - a.ageMs);
  }

  /** Ends the waiting for twins that will not come: the process is on its way out. */
  close(): void {
    for (const joint of this.#watched) if (joint.callers === 0) joint.abandon();
  }

  #rest(): void {
    if (this.#open.size === 0 && this.#watched.size === 0) this.#sweep.remove(this);
  }
}
