// All that is known of the limits of one credential at one target. Limits that were told are kept
// per model, because providers count models apart: when one of them is used up, calls for another
// must go on. The rate found by trial is kept for all models together, because those who do not
// tell their limits (self-hosted servers, semaphores) rarely tell models apart either.

import { AdaptiveRate } from './adaptive-rate.ts';
import type { LimitKind } from './limit-reading.ts';
import { ModelPace } from './model-pace.ts';
import type { PacerOptions } from './pacer-options.ts';
import { RecentMap } from './recent-map.ts';
import { TokenAverage } from './token-average.ts';

/** Kinds by the place that they have in `CredentialPace.ratios`. */
export const limitKinds: readonly LimitKind[] = [
  'requests',
  'tokens',
  'input-tokens',
  'output-tokens',
];

const placeOf: Readonly<Record<LimitKind, number>> = {
  requests: 0,
  tokens: 1,
  'input-tokens': 2,
  'output-tokens': 3,
};

const NEVER_TOLD = Number.NEGATIVE_INFINITY;

/** The paces of one credential at one target. */
export class CredentialPace {
  readonly adaptive: AdaptiveRate;
  readonly average: TokenAverage;
  readonly models: RecentMap<string, ModelPace>;
  /** Until when there may be anything to obey, in monotonic ms; after it no model is looked up. */
  concernedUntil: number = 0;
  readonly #options: PacerOptions;
  readonly #ratios: number[] = limitKinds.map(() => 1);
  readonly #toldAt: number[] = limitKinds.map(() => NEVER_TOLD);

  constructor(options: PacerOptions, now: number) {
    this.#options = options;
    this.adaptive = new AdaptiveRate(options.adaptive, now);
    this.average = new TokenAverage(options.tokensSmoothing, options.tokensUnknown);
    this.models = new RecentMap(options.modelsMax);
  }

  /** The pace of a model, new where there was nothing to obey yet. */
  paceOf(model: string): ModelPace {
    const known = this.models.get(model);
    if (known !== undefined) return known;
    const { tokensSmoothing, tokensUnknown } = this.#options;
    const average = new TokenAverage(tokensSmoothing, tokensUnknown, this.average);
    const pace = new ModelPace(this.#options, average);
    this.models.set(model, pace);
    return pace;
  }

  /** To be called when a pace or the rate has changed. */
  changed(): void {
    let until = this.adaptive.concernedUntil;
    for (const pace of this.models.values()) until = Math.max(until, pace.concernedUntil);
    this.concernedUntil = until;
  }

  noteRatio(kind: LimitKind, ratio: number, now: number): void {
    const place = placeOf[kind];
    this.#ratios[place] = ratio;
    this.#toldAt[place] = now;
  }

  /** What was left of the limit of this kind, `undefined` where nothing was told lately. */
  ratio(kind: LimitKind, now: number): number | undefined {
    const place = placeOf[kind];
    const age = now - (this.#toldAt[place] ?? NEVER_TOLD);
    return age > this.#options.ratioFreshMs ? undefined : this.#ratios[place];
  }
}
