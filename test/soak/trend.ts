// Whether a row of readings rises, judged so that a few wild ones do not matter.

/** One reading. */
export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** The middle of the values, `NaN` without any. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The lowest reading of each stretch of `stretchMs`, and its time. */
export function lowest(points: readonly Point[], stretchMs: number): Point[] {
  const found = new Map<number, Point>();
  for (const point of points) {
    const stretch = Math.floor(point.atMs / stretchMs);
    const known = found.get(stretch);
    if (known === undefined || point.value < known.value) found.set(stretch, point);
  }
  return [...found.values()];
}

/**
 * The slope of the row, in its unit per ms: the median of the slopes between all pairs of points
 * (Theil 1950, Sen 1968). Up to 29 % of the points may be anything. 0 for fewer than two.
 */
export function robustSlope(points: readonly Point[]): number {
  const slopes: number[] = [];
  for (const [at, later] of points.entries()) {
    for (const earlier of points.slice(0, at)) {
      const spanMs = later.atMs - earlier.atMs;
      if (spanMs > 0) slopes.push((later.value - earlier.value) / spanMs);
    }
  }
  return slopes.length === 0 ? 0 : median(slopes);
}

/** The median absolute deviation of normal values, as a share of their standard deviation. */
const NORMAL_MAD = 0.6745;

/** How far the points lie from their line of this slope, as a standard deviation. */
export function scatter(points: readonly Point[], slope: number): number {
  const rests = points.map(({ atMs, value }) => value - slope * atMs);
  const middle = median(rests);
  return median(rests.map((rest) => Math.abs(rest - middle))) / NORMAL_MAD;
}
