// How calls are divided between tiers (Envoy's priority levels): a tier keeps them all while its
// usable share, times the spare room it is taken to have, covers them; the rest goes to the next.

/** What is left of a tier for one call. */
export interface TierHealth {
  /** Targets in all. */
  readonly size: number;
  /** Those of them that may be used now. */
  readonly usable: number;
}

/** Share of all calls that a tier can carry, 0 to 1. */
export function capacityOf({ size, usable }: TierHealth, overprovision: number): number {
  return size === 0 ? 0 : Math.min(1, (usable / size) * overprovision);
}

/** What all tiers can carry together; below 1 there is not enough for everybody. */
export function capacityOfAll(tiers: readonly TierHealth[], overprovision: number): number {
  let all = 0;
  for (const tier of tiers) all += capacityOf(tier, overprovision);
  return all;
}

/**
 * The tier for a call that drew `draw` (0 to 1, 1 excluded): the first ones fill up in order. Where
 * all together fall short, each gets its part of what there is. -1 = no tier has anything usable.
 */
export function tierFor(tiers: readonly TierHealth[], overprovision: number, draw: number): number {
  const all = capacityOfAll(tiers, overprovision);
  let left = Math.min(1, all) * draw;
  let last = -1;
  for (let index = 0; index < tiers.length; index += 1) {
    const capacity = capacityOf(tiers[index] as TierHealth, overprovision);
    if (capacity === 0) continue;
    if (left < capacity) return index;
    left -= capacity;
    last = index;
  }
  // Only rounding leads here.
  return last;
}
