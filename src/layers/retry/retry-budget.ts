// Says whether one more retry may be made. Three rules, each against another kind of storm: tokens
// earned by calls (a few failures everywhere), calls in flight (streams, whose rates say little), a
// throttle fed by outcomes (an outage). Finagle's token bucket, Envoy's circuit, gRPC's throttle.
// Pure: time is passed in. Invariant: what `begin` takes, `end` gives back once.

import type { ReplayPermit } from '../../core/replay-permit.ts';
import type { RetryBudgetOptions } from './options.ts';

/** What forbade a retry. */
export type BudgetRefusal = 'budget' | 'concurrency' | 'throttle';

const SLOTS = 10;
/** Places with failures that are remembered; those of former configurations are among them. */
const PLACES_MAX = 1_024;
/** One retry, less what adding fifths may lose. */
const ONE = 1 - 1e-9;

/** The retries of one upstream. */
export class RetryBudget implements ReplayPermit {
  /** Calls that are not over. */
  running: number = 0;
  /** Calls in a further attempt that has not been accepted yet; short waits do not count. */
  retrying: number = 0;
  readonly #options: RetryBudgetOptions;
  readonly #slotMs: number;
  /** Earned less spent, by slot of the window. */
  readonly #slots = new Float64Array(SLOTS);
  /** Replays of requests that nobody had read, by slot of the window. */
  readonly #races = new Float64Array(SLOTS);
  #slotAt: number = 0;
  #slotUntil: number = Number.NEGATIVE_INFINITY;
  /** Tokens of each place of the upstream, by `host:port`. */
  readonly #throttles = new Map<string, number>();

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
    this.#slotMs = options.windowMs / SLOTS;
  }

  /** A call begins; it earns a part of a retry. */
  callBegan(now: number): void {
    this.running += 1;
    this.#turn(now);
    this.#add(this.#options.ratio);
  }

  callEnded(): void {
    this.running -= 1;
  }

  /** The caller's own retry is load like ours: it is paid for, allowed or not. */
  callerRetried(now: number): void {
    this.#turn(now);
    if (this.#balance() >= ONE) this.#add(-1);
  }

  /** An attempt at `place` went well, or in a way that speaks against further ones there. */
  judge(wentWell: boolean, place: string): void {
    const { throttleReturn, throttleTokens } = this.#options;
    const tokens = this.#throttles.get(place);
    if (wentWell) {
      if (tokens !== undefined) this.#setTokens(place, tokens + throttleReturn);
    } else this.#setTokens(place, Math.max(0, (tokens ?? throttleTokens) - 1));
  }

  /** So many attempts have failed at this place that no retry may be sent there. */
  isThrottledAt(place: string): boolean {
    const tokens = this.#throttles.get(place);
    return tokens !== undefined && tokens <= this.#options.throttleTokens / 2;
  }

  /**
   * Takes the permit for one retry, or tells what is against it and takes nothing. `isThrottled` =
   * every place that it may be sent to is.
   */
  begin(now: number, isThrottled: boolean): BudgetRefusal | undefined {
    const { concurrentMin, concurrentShare } = this.#options;
    if (isThrottled) return 'throttle';
    this.#turn(now);
    if (this.#balance() < ONE) return 'budget';
    // Last, because it alone may be worth waiting for.
    if (this.retrying >= Math.max(concurrentMin, concurrentShare * this.running)) {
      return 'concurrency';
    }
    this.#add(-1);
    this.retrying += 1;
    return undefined;
  }

  /** The retry that `begin` allowed was accepted, refused or given up. */
  end(): void {
    this.retrying -= 1;
  }

  /** A retry that was allowed, and put aside by `end` for its wait, is made now. */
  resume(): void {
    this.retrying += 1;
  }

  /**
   * A few idle races are nobody's fault and cost nothing; many of them, and every replay of a
   * request that may have been read, are retries like others. They are over too soon to count among
   * those that run.
   */
  takeReplay(isRace: boolean, now: number, place: string): boolean {
    const { freeReplays } = this.#options;
    this.#turn(now);
    const isFree = isRace && sumOf(this.#races) < freeReplays;
    if (!isFree) {
      if (this.isThrottledAt(place) || this.#balance() < ONE) return false;
      this.#add(-1);
    }
    if (isRace) this.#races[this.#slotAt] = (this.#races[this.#slotAt] as number) + 1;
    return true;
  }

  /** Retries that could begin at once. */
  remaining(now: number): number {
    this.#turn(now);
    return Math.max(0, Math.floor(this.#balance() + 1 - ONE));
  }

  /** Places that are well are forgotten, which bounds how many are known. */
  #setTokens(place: string, tokens: number): void {
    if (tokens >= this.#options.throttleTokens) this.#throttles.delete(place);
    else {
      const isNew = !this.#throttles.has(place);
      if (isNew && this.#throttles.size >= PLACES_MAX) this.#throttles.clear();
      this.#throttles.set(place, tokens);
    }
  }

  #balance(): number {
    const { reservePerSecond, windowMs } = this.#options;
    return (reservePerSecond * windowMs) / 1_000 + sumOf(this.#slots);
  }

  #add(amount: number): void {
    this.#slots[this.#slotAt] = (this.#slots[this.#slotAt] as number) + amount;
  }

  /** Forgets the slots that have left the window. */
  #turn(now: number): void {
    if (now < this.#slotUntil) return;
    const passed = Math.min(SLOTS, Math.floor((now - this.#slotUntil) / this.#slotMs) + 1);
    for (let slot = 0; slot < passed; slot += 1) {
      this.#slotAt = (this.#slotAt + 1) % SLOTS;
      this.#slots[this.#slotAt] = 0;
      this.#races[this.#slotAt] = 0;
    }
    const late = now - this.#slotUntil;
    this.#slotUntil =
      late < this.#slotMs * SLOTS ? this.#slotUntil + passed * this.#slotMs : now + this.#slotMs;
  }
}

function sumOf(slots: Float64Array): number {
  let sum = 0;
  for (const slot of slots) sum += slot;
  return sum;
}
