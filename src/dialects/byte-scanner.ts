// Judges answers whose bytes say nothing to us: encoded ones, and types that no dialect expects.
// Only one thing can be known of them: whether there was an answer at all. A cut in a compressed
// body shows in its own checksum at the caller.

import type { Scanner } from '../core/dialect.ts';
import { Progress } from '../core/dialect.ts';

/** The scanner that only counts. No byte of ours may ever stand between its bytes. */
export class ByteScanner implements Scanner {
  readonly progress: Progress = new Progress();

  constructor() {
    this.progress.atBoundary = false;
  }

  scan(_bytes: Uint8Array, from: number, to: number): void {
    if (from < to) this.progress.contentEvents += 1;
  }

  finish(): 'EMPTY_ANSWER' | undefined {
    return this.progress.contentEvents === 0 ? 'EMPTY_ANSWER' : undefined;
  }
}
