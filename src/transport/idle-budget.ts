// Learns how long an endpoint lets a connection be idle, from hints, from connections that are only
// watched, and from failures. Told times, asked for a budget; no clock and no socket of its own.
// Invariant: the budget never exceeds the cap, and after the peer was seen to close at idle age L
// it stays below L until a connection has been seen alive at a greater age.

import type { IdleBudgetOptions } from './transport-options.ts';

/** Margin for what a peer's timers and our own lateness may differ. */
const SAFE_SHARE = 0.8;
const CLOSES_KEPT = 8;
/** Closes this close together may be one event: a restart or a drain. */
const BURST_MS = 1_000;
const BURST_CLOSES_MIN = 3;
/** Closes at the same idle age, give or take this, are a timer and no restart. */
const SAME_AGE_MS = 250;
const SAME_AGE_SHARE = 0.05;
/** A close this soon after an answer is no idle timer, unless it happens again and again. */
const QUICK_CLOSE_MS = 100;
const QUICK_CLOSES_TO_BELIEVE = 3;
/** A stale failure sooner than this tells of crashes, not of idle limits. */
const STALE_MIN_MS = 500;
/** So many reused connections lost in a row, with none answered between, are no chance either. */
const LOSSES_TO_BELIEVE = 5;
/** A peer that answers each connection only once is asked so, and tried again after this long. */
const LOSSES_HOLD_MS = 10_000;

interface Knowledge {
  /** Idle ages at which the peer closed, oldest first. */
  readonly closes: readonly number[];
  /** The greatest idle age seen alive since the peer last closed sooner. */
  readonly survivedMs: number;
  /** What is assumed without evidence; sinks when it was proved wrong. */
  readonly assumedMs: number;
}

/** Closes that came close together. */
interface Burst {
  readonly since: number;
  /** What was known before the first of them. */
  readonly before: Knowledge;
  readonly ages: number[];
  cuts: number;
  /** It has proved to be a restart. */
  isRestart: boolean;
}

/** The idle budget of one endpoint. */
export class IdleBudget {
  readonly #options: IdleBudgetOptions;
  #known: Knowledge;
  #learnedMs: number;
  #hintMs: number = Infinity;
  #staleCeilingMs: number = Infinity;
  #staleUntil: number = -Infinity;
  #quickCloses: number = 0;
  #lossesInARow: number = 0;
  #noReuseUntil: number = -Infinity;
  #burst: Burst | undefined = undefined;

  constructor(options: IdleBudgetOptions) {
    this.#options = options;
    this.#known = { closes: [], survivedMs: 0, assumedMs: options.startMs };
    this.#learnedMs = options.startMs;
  }

  /** How long a connection may have been idle and still be used at `now`; `rttMs` 0 = unknown. */
  budgetMs(now: number, rttMs: number): number {
    if (!this.#options.learn) return this.#options.startMs;
    if (!this.mayReuse(now)) return 0;
    let budget = Math.min(this.#options.capMs, this.#learnedMs);
    if (this.#hintMs !== Infinity) budget = Math.min(budget, Math.max(0, this.#hintMs - rttMs));
    return now < this.#staleUntil ? Math.min(budget, this.#staleCeilingMs) : budget;
  }

  /** `false` = connections do not outlive their first request here, however short they rest. */
  mayReuse(now: number): boolean {
    return now >= this.#noReuseUntil;
  }

  /** The peer said `Keep-Alive: timeout`; the latest word counts. */
  hint(timeoutMs: number): void {
    const margin = Math.min(5_000, Math.max(500, timeoutMs * 0.1));
    this.#hintMs = Math.max(0, timeoutMs - margin);
    this.#learn(this.#known);
  }

  /** A watched connection is alive at this idle age. Shorter closes were of another time. */
  survived(idleMs: number): void {
    const { closes, survivedMs, assumedMs } = this.#known;
    if (idleMs <= survivedMs && (closes[0] ?? Infinity) >= idleMs) return;
    const left = closes.filter((age) => age >= idleMs);
    this.#learn({ closes: left, survivedMs: Math.max(survivedMs, idleMs), assumedMs });
  }

  /** The peer closed a used connection that was idle; `open` counts all, this one included. */
  closed(now: number, idleMs: number, open: number): void {
    if (idleMs < QUICK_CLOSE_MS) {
      this.#quickCloses += 1;
      if (this.#quickCloses < QUICK_CLOSES_TO_BELIEVE) return;
    }
    const burst = this.#burstAt(now);
    burst.ages.push(idleMs);
    this.#judge(burst, open);
  }

  /** The peer cut a busy connection: no sample, but a sign of a restart. */
  cut(now: number, open: number): void {
    const burst = this.#burstAt(now);
    burst.cuts += 1;
    this.#judge(burst, open);
  }

  /** A reused connection was answered: quick closes before it were chance. */
  kept(): void {
    this.#quickCloses = 0;
    this.#lossesInARow = 0;
  }

  /** A reused connection was lost under a call, whenever and however. */
  lost(now: number): void {
    this.#lossesInARow += 1;
    if (!this.#options.learn || this.#lossesInARow < LOSSES_TO_BELIEVE) return;
    this.#lossesInARow = 0;
    this.#noReuseUntil = now + LOSSES_HOLD_MS;
  }

  /** A call met a dead connection that had been idle this long. */
  stale(now: number, idleMs: number): void {
    if (idleMs < STALE_MIN_MS) return;
    const before = now < this.#staleUntil ? this.#staleCeilingMs : Infinity;
    this.#staleCeilingMs = Math.min(before, 0.5 * idleMs);
    this.#staleUntil = now + this.#options.staleHoldMs;
  }

  /** Nothing more can be learned from a connection that is alive at this idle age. */
  isKnownAt(idleMs: number): boolean {
    return SAFE_SHARE * idleMs >= this.#options.capMs || idleMs >= this.#options.sentinelMaxMs;
  }

  #burstAt(now: number): Burst {
    if (this.#burst === undefined || now - this.#burst.since > BURST_MS) {
      this.#burst = { since: now, before: this.#known, ages: [], cuts: 0, isRestart: false };
    }
    return this.#burst;
  }

  // Lowers the budget at the first close and takes that back once it proves to be a restart: too
  // small a budget costs connections, too large a one costs calls.
  #judge(burst: Burst, open: number): void {
    if (burst.isRestart) return;
    const count = burst.ages.length + burst.cuts;
    const share = count / Math.max(1, open + count - 1);
    if (count >= BURST_CLOSES_MIN && share >= 0.5 && (burst.cuts > 0 || !sameAge(burst.ages))) {
      burst.isRestart = true;
      this.#learn(burst.before);
      return;
    }
    if (burst.ages.length === 0) return;
    const { before } = burst;
    const age = Math.min(...burst.ages);
    this.#learn({
      closes: [...before.closes, age].slice(-CLOSES_KEPT),
      survivedMs: Math.min(before.survivedMs, age),
      assumedMs: Math.min(before.assumedMs, SAFE_SHARE * age),
    });
  }

  #learn(known: Knowledge): void {
    this.#known = known;
    const { closes, survivedMs, assumedMs } = known;
    if (closes.length > 0) this.#learnedMs = SAFE_SHARE * Math.min(...closes);
    else if (this.#hintMs !== Infinity) this.#learnedMs = this.#hintMs;
    else this.#learnedMs = Math.max(assumedMs, SAFE_SHARE * survivedMs);
  }
}

function sameAge(ages: readonly number[]): boolean {
  const most = Math.max(...ages);
  return most - Math.min(...ages) <= Math.max(SAME_AGE_MS, SAME_AGE_SHARE * most);
}
