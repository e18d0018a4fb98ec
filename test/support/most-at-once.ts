// How many requests an upstream had at the same time, from what it has seen.

import type { SeenRequest } from '../../src/testing/misbehaving-upstream/seen.ts';

/** The largest number of requests between their head and the end of their answer. */
export function mostAtOnce(requests: readonly SeenRequest[]): number {
  const changes = requests.flatMap(({ headAt, answeredAt }): [number, number][] => [
    [headAt, 1],
    [answeredAt, -1],
  ]);
  // Ends before beginnings at one instant: a slot given back may be taken at once.
  changes.sort(([a, up], [b, down]) => a - b || up - down);
  let now = 0;
  let most = 0;
  for (const [, change] of changes) {
    now += change;
    most = Math.max(most, now);
  }
  return most;
}
