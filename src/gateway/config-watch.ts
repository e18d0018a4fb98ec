// Tells when a configuration file may have changed. Watches its folder, because editors and
// Kubernetes replace files instead of writing into them, and waits until the writing is over.

import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Clock, Timer } from '../core/clock.ts';

/** Quiet time after the last event before the file is read, in ms; editors write in several steps. */
export const SETTLE_MS = 200;

/** Watches one file until `close`. */
export class ConfigWatch {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #watcher: FSWatcher | undefined;
  #timer: Timer | undefined = undefined;

  /** `unwatched` is told once when the folder cannot be watched; SIGHUP still works then. */
  constructor(file: string, clock: Clock, changed: () => void, unwatched: (why: string) => void) {
    this.#clock = clock;
    this.#changed = changed;
    this.#watcher = this.#watch(dirname(resolve(file)), unwatched);
  }

  /** Something happened in the folder; reads once things are quiet. */
  touched(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(SETTLE_MS, () => {
      this.#timer = undefined;
      this.#changed();
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#watcher?.close();
  }

  #watch(folder: string, unwatched: (why: string) => void): FSWatcher | undefined {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.touched());
      watcher.on('error', (fault) => unwatched(String(fault)));
      return watcher;
    } catch (fault) {
      unwatched(String(fault));
      return undefined;
    }
  }
}
