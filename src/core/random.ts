// Randomness as a value that is handed in: jitter and sampling replay exactly from one seed.

/** Uniform numbers in [0, 1). */
export interface Random {
  next(): number;
}

/** The platform's generator; good for jitter, never for secrets. */
export const systemRandom: Random = { next: () => Math.random() };

/** A seeded generator (mulberry32): the same seed gives the same sequence on every machine. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** `value` spread evenly by plus or minus `share` (0.1 = ten per cent). */
export function jittered(value: number, share: number, random: Random): number {
  return value * (1 - share + 2 * share * random.next());
}
