// The automaton of one circuit: closed, open, half-open. Pure: time and randomness are handed in.
//
//   closed ──trip rules──> open ──time, then the next call──> half-open (one probe)
//      ^                    ^                                     │ answered
//      │                    └────────── failed ───────────────────┤
//      └────────── three more answered ── half-open (three trials)┘
//
// Invariants: while open nothing is admitted before `until`; half-open never has more calls out
// than permits; what began before the circuit last opened changes nothing, because a stream that
// breaks after ten minutes says nothing about an endpoint that has recovered since.

import type { Random } from '../../core/random.ts';
import type { BreakerOptions } from './options.ts';
import { TripRules } from './trip-rules.ts';
import type { TripReason } from './trip-rules.ts';

/** Where a circuit stands. */
export type CircuitState =
  | { readonly kind: 'closed'; readonly since: number }
  | { readonly kind: 'open'; readonly since: number; readonly until: number }
  | {
      readonly kind: 'half-open';
      readonly since: number;
      /** Calls that may be let through in this stage: 1, then `trialCalls`. */
      readonly permits: number;
      /** Let through and not judged yet. */
      readonly out: number;
      readonly passed: number;
    };

/** What a failure says about when to come back. */
export interface CircuitFailure {
  readonly throttled: boolean;
  /** Nothing was ever written: the place could not be reached. */
  readonly unreachable: boolean;
  /** What it asked us to wait, in ms; 0 = nothing. */
  readonly retryAfterMs: number;
}

/** Told when a circuit changes its state. */
export interface CircuitListener {
  opened(reason: TripReason, openMs: number): void;
  halfOpened(): void;
  closed(): void;
}

/** Doublings after which every backoff has reached its upper bound. */
const DOUBLINGS_MAX = 20;

/** One circuit. */
export class Circuit {
  readonly #options: BreakerOptions;
  readonly #random: Random;
  readonly #listener: CircuitListener;
  readonly #rules: TripRules;
  #state: CircuitState = { kind: 'closed', since: Number.NEGATIVE_INFINITY };
  #epoch: number = 0;
  /** Openings since it last stayed closed for as long as the backoff had been. */
  #streak: number = 0;
  #lastOpenMs: number = 0;
  /** The endpoint has asked for quiet until then. */
  #quietUntil: number = 0;
  #onlyUnreachable: boolean = false;
  #hastened: boolean = false;
  #hastenedInVain: boolean = false;

  constructor(options: BreakerOptions, random: Random, listener: CircuitListener) {
    this.#options = options;
    this.#random = random;
    this.#listener = listener;
    this.#rules = new TripRules(options);
  }

  get state(): CircuitState {
    return this.#state;
  }

  get isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** Counts how often it has opened. What began under an older number is void. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Opened because the place could not be reached, not because of what it answered. */
  get isUnreachable(): boolean {
    return !this.isClosed && this.#onlyUnreachable;
  }

  /** When it last recovered, in monotonic ms; `-Infinity` = it never had to. */
  get closedAt(): number {
    return this.#state.kind === 'closed' ? this.#state.since : Number.NEGATIVE_INFINITY;
  }

  get rules(): TripRules {
    return this.#rules;
  }

  /** When a call may be let through: 0 = now. Takes nothing. */
  opensAt(now: number): number {
    const state = this.#state;
    if (state.kind === 'closed') return 0;
    if (state.kind === 'open') return state.until <= now ? 0 : state.until;
    return state.out + state.passed < state.permits ? 0 : now + this.#options.probeWaitMs;
  }

  /** Takes a permit; only after `opensAt` said 0. One of the reports below gives it back. */
  admit(now: number): void {
    if (this.#state.kind === 'open') {
      this.#state = { kind: 'half-open', since: now, permits: 1, out: 0, passed: 0 };
      this.#listener.halfOpened();
    }
    const state = this.#state;
    if (state.kind === 'half-open') this.#state = { ...state, out: state.out + 1 };
  }

  /** A good head came to a call of `epoch`; true when the success was counted in the window. */
  answered(epoch: number, now: number, slow: boolean): boolean {
    if (epoch !== this.#epoch) return false;
    const state = this.#state;
    if (state.kind === 'closed') {
      const reason = this.#rules.answered(now, slow);
      if (reason === undefined) return true;
      this.#onlyUnreachable = false;
      this.#open(reason, now);
      return false;
    }
    if (state.kind === 'half-open') this.#passed(state, now);
    return false;
  }

  /** The answer of a call of `epoch` was whole. */
  completed(epoch: number): void {
    if (epoch === this.#epoch && this.#state.kind === 'closed') this.#rules.completed();
  }

  /** A call of `epoch` failed; `countedAt` as in `FailureFacts`. */
  failed(epoch: number, now: number, failure: CircuitFailure, countedAt: number = -1): void {
    this.#askForQuiet(now, failure.retryAfterMs);
    if (epoch !== this.#epoch) return;
    if (this.#state.kind === 'half-open') {
      this.#onlyUnreachable = failure.unreachable;
      this.#hastenedInVain ||= this.#hastened;
      this.#open('probe', now);
      return;
    }
    const reason = this.#rules.failed(now, { throttled: failure.throttled, countedAt });
    this.#onlyUnreachable =
      failure.unreachable && (this.#onlyUnreachable || this.#rules.failuresInARow === 1);
    if (reason !== undefined) this.#open(reason, now);
  }

  /** A call of `epoch` ended without saying anything about the place before it was answered. */
  returned(epoch: number): void {
    const state = this.#state;
    if (epoch !== this.#epoch || state.kind !== 'half-open') return;
    this.#state = { ...state, out: state.out - 1 };
  }

  /**
   * A look from outside found the place in order, so the next call may probe it. Never before the
   * time it asked for, and no more once a call failed after such a look: then the look is blind
   * to what is wrong. Says whether it changed anything.
   */
  hasten(now: number): boolean {
    const state = this.#state;
    if (state.kind !== 'open' || this.#hastenedInVain) return false;
    const until = Math.max(now, this.#quietUntil);
    if (until >= state.until) return false;
    this.#hastened = true;
    this.#state = { ...state, until };
    return true;
  }

  #passed(state: CircuitState & { readonly kind: 'half-open' }, now: number): void {
    const passed = state.passed + 1;
    const { since, permits } = state;
    if (passed < permits) {
      this.#state = { ...state, out: state.out - 1, passed };
    } else if (permits < this.#options.trialCalls) {
      const { trialCalls } = this.#options;
      this.#state = { kind: 'half-open', since, permits: trialCalls, out: 0, passed: 0 };
    } else {
      this.#close(now);
    }
  }

  #close(now: number): void {
    this.#state = { kind: 'closed', since: now };
    this.#onlyUnreachable = false;
    this.#hastened = false;
    this.#hastenedInVain = false;
    this.#listener.closed();
  }

  #open(reason: TripReason, now: number): void {
    const state = this.#state;
    // One that breaks as soon as it has closed did not recover: the doubling goes on.
    const relapsed = state.kind !== 'closed' || now - state.since < this.#lastOpenMs;
    this.#streak = relapsed ? Math.min(this.#streak + 1, DOUBLINGS_MAX) : 1;
    this.#lastOpenMs = this.#backoffMs();
    const openMs = Math.max(this.#lastOpenMs, this.#quietUntil - now);
    this.#epoch += 1;
    this.#hastened = false;
    this.#rules.clear();
    this.#state = { kind: 'open', since: now, until: now + openMs };
    this.#listener.opened(reason, openMs);
  }

  /** Equal jitter: half of the doubled time, and up to as much again (Finagle). */
  #backoffMs(): number {
    const { openMsMin, openMsMax } = this.#options;
    const half = Math.min(openMsMin * 2 ** (this.#streak - 1), openMsMax / 2);
    return half + half * this.#random.next();
  }

  #askForQuiet(now: number, retryAfterMs: number): void {
    if (retryAfterMs <= 0) return;
    const until = now + Math.min(retryAfterMs, this.#options.retryAfterMsMax);
    if (until > this.#quietUntil) this.#quietUntil = until;
    const state = this.#state;
    if (state.kind === 'open' && until > state.until) this.#state = { ...state, until };
  }
}
