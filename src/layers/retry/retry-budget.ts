// Says whether one more retry may be made. Three rules, each against another kind of storm: tokens
// earned by calls (a few failures everywhere), calls in flight (streams, whose rates say little), a
// throttle fed by outcomes (an outage). Finagle's token bucket, Envoy's circuit, gRPC's throttle.
// Pure: time is passed in. Invariant: what `begin` takes, `end` gives back once.

import type { RetryBudgetOptions } from './options.ts';

/** What forbade a retry. */
export type BudgetRefusal = 'budget' | 'concurrency' | 'throttle';

const SLOTS = 10;
/** One retry, less what adding fifths may lose. */
const ONE = 1 - 1e-9;

/** The retries of one upstream. */
export class RetryBudget {
  /** Calls that are not over. */
  running: number = 0;
  /** Calls in a further attempt that has not been accepted yet; short waits do not count. */
  retrying: number = 0;
  readonly #options: RetryBudgetOptions;
  readonly #slotMs: number;
  /** Earned less spent, by slot of the window. */
  readonly #slots = new Float64Array(SLOTS);
  #slotAt: number = 0;
  #slotUntil: number = Number.NEGATIVE_INFINITY;
  #throttle: number;

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
    this.#slotMs = options.windowMs / SLOTS;
    this.#throttle = options.throttleTokens;
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

  /** An attempt went well, or in a way that speaks against further ones. */
  judge(wentWell: boolean): void {
    const { throttleReturn, throttleTokens } = this.#options;
    const change = wentWell ? throttleReturn : -1;
    this.#throttle = Math.min(throttleTokens, Math.max(0, this.#throttle + change));
  }

  /** Takes the permit for one retry, or tells what is against it and takes nothing. */
  begin(now: number): BudgetRefusal | undefined {
    const { concurrentMin, concurrentShare, throttleTokens } = this.#options;
    if (this.#throttle <= throttleTokens / 2) return 'throttle';
    if (this.retrying >= Math.max(concurrentMin, concurrentShare * this.running)) {
      return 'concurrency';
    }
    this.#turn(now);
    if (this.#balance() < ONE) return 'budget';
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

  /** Retries that could begin at once. */
  remaining(now: number): number {
    this.#turn(now);
    return Math.max(0, Math.floor(this.#balance() + 1 - ONE));
  }

  #balance(): number {
    const { reservePerSecond, windowMs } = this.#options;
    let sum = (reservePerSecond * windowMs) / 1_000;
    for (const slot of this.#slots) sum += slot;
    return sum;
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
    }
    const late = now - this.#slotUntil;
    this.#slotUntil =
      late < this.#slotMs * SLOTS ? this.#slotUntil + passed * this.#slotMs : now + this.#slotMs;
  }
}
