// What an upstream's attempts teach about its limit: which outcome is a sign of overload, which
// answer shows that there is room, how long answers take to begin.

import { credentialOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import type { Outcome } from '../../core/outcome.ts';
import { NEVER } from '../../core/timeline.ts';
import type { Timeline } from '../../core/timeline.ts';
import { AcceptRate } from './accept-rate.ts';
import { AimdLimit } from './aimd-limit.ts';
import { CredentialWitness } from './credential-witness.ts';
import { Gradient2Limit } from './gradient2-limit.ts';
import { FixedLimit } from './limit-algorithm.ts';
import type { LimitAlgorithm } from './limit-algorithm.ts';
import type { LimitOptions } from './options.ts';
import { TimeHistogram } from './time-histogram.ts';

/**
 * Limits of time that an upstream without room exceeds. A refused connection is none of them: where
 * nobody listens, fewer calls would not help, and the breaker gives it up.
 */
const timeouts: ReadonlySet<string> = new Set([
  'CONNECT_TIMEOUT',
  'TLS_TIMEOUT',
  'FIRST_BYTE_TIMEOUT',
]);

/** The credit is gone, however few calls there are. */
const NO_CREDIT = 'insufficient_quota';

/** Learns the limit of one upstream. */
export class LimitLearning {
  /** How long answers took to begin. */
  readonly firstBytes: TimeHistogram = new TimeHistogram();
  readonly acceptRate: AcceptRate = new AcceptRate();
  readonly #witness = new CredentialWitness();
  #algorithm: LimitAlgorithm;

  constructor(options: LimitOptions) {
    this.#algorithm = algorithmOf(options, options.callsStart);
  }

  get limit(): number {
    return this.#algorithm.limit;
  }

  /**
   * Other rules; an algorithm that goes on keeps the limit it has found. With the same rules, as
   * after most reloads, it keeps all it knows.
   */
  configure(options: LimitOptions, before: LimitOptions): void {
    if (rules.every((rule) => options[rule] === before[rule])) return;
    const goesOn = options.algorithm === before.algorithm;
    this.#algorithm = algorithmOf(options, goesOn ? this.limit : options.callsStart);
  }

  /** The head of an attempt came while `occupied` calls were out. */
  answered(call: Call, outcome: Outcome, occupied: number, now: number): void {
    if (outcome.kind !== 'ok') return;
    this.#witness.answered(credentialOf(call), now);
    const latencyMs = latencyOf(call.timeline);
    if (latencyMs >= 0) this.firstBytes.add(latencyMs, now);
    // A further attempt may go somewhere or with something that the first did not.
    this.#algorithm.answered(call.attempt === 1 ? latencyMs : -1, occupied, now);
  }

  /** An attempt is over. */
  over(call: Call, outcome: Outcome, now: number): void {
    const { kind, cause } = outcome;
    if (kind === 'ignored') return;
    const refused =
      kind === 'overloaded' ||
      kind === 'full' ||
      (kind === 'throttled' && this.#speaks(call, cause, now));
    this.acceptRate.noted(!refused, now);
    if (!refused && !timeouts.has(cause)) return;
    this.#algorithm.overloaded(this.firstBytes.medianMs ?? 0, now);
  }

  /** A throttled answer tells of the upstream, not of the credentials it was asked with. */
  #speaks(call: Call, cause: string, now: number): boolean {
    return cause !== NO_CREDIT && !this.#witness.isOwnAffair(credentialOf(call), now);
  }
}

/** Time from the first written to the first read byte, in ms; -1 when it is not known. */
function latencyOf({ firstByteAt, firstWriteAt }: Timeline): number {
  return firstByteAt === NEVER || firstWriteAt === NEVER ? -1 : firstByteAt - firstWriteAt;
}

const rules = ['algorithm', 'callsStart', 'callsMin', 'callsMax', 'softShare', 'backOff'] as const;

function algorithmOf(options: LimitOptions, limit: number): LimitAlgorithm {
  switch (options.algorithm) {
    case 'aimd':
      return new AimdLimit(options, limit);
    case 'gradient2':
      return new Gradient2Limit(options, limit);
    case 'fixed':
      return new FixedLimit(options.callsStart);
  }
}
