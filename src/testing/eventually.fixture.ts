// Waiting on real time for what sockets, files and processes bring about. On virtual time nothing
// has to be waited for: a test moves the clock on instead.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Leases } from '../core/leases.ts';

/** Often enough that a test which measures a reaction sees it within its bound. */
const POLL_MS = 2;

/**
 * Resolves once `claim` holds; rejects after `withinMs` with `what` was waited for. Pass a function
 * to say how far it came.
 */
export async function eventually(
  claim: () => boolean,
  what: string | (() => string),
  withinMs: number = 5_000,
): Promise<void> {
  const until = performance.now() + withinMs;
  while (!claim()) {
    if (performance.now() > until) {
      const missing = typeof what === 'string' ? what : what();
      throw new Error(`waited ${withinMs} ms for ${missing}`);
    }
    await sleep(POLL_MS);
  }
}

/** Waits until nothing is held: descriptors come back a few turns after their sockets are gone. */
export function allGivenBack(leases: Leases): Promise<void> {
  return eventually(
    () => leases.size === 0,
    () => `the last lease to go; ${JSON.stringify(leases.oldest(5))}`,
  );
}
