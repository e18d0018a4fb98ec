// Tells when a configuration file may have changed. Watches its folder, because editors and
// Kubernetes replace files instead of writing into them, and waits until the writing is over.

import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Clock, Timer } from '../core/clock.ts';

/** Quiet time before the file is read, in ms; editors write in several steps. */
export const SETTLE_MS = 200;

/** The link that Kubernetes moves when a mounted ConfigMap changes. */
const MOUNTED = '..data';

/** Watches one file until `close`. */
export class ConfigWatch {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #name: string;
  readonly #watcher: FSWatcher | undefined;
  #timer: Timer | undefined = undefined;

  /** `unwatched` is told once when the folder cannot be watched; SIGHUP still works then. */
  constructor(file: string, clock: Clock, changed: () => void, unwatched: (why: string) => void) {
    this.#clock = clock;
    this.#changed = changed;
    this.#name = basename(file);
    this.#watcher = this.#watch(dirname(resolve(file)), unwatched);
  }

  /**
   * Something happened to this name in the folder (`null` = not told to which); reads once things
   * are quiet. Other names do not count, or a log in the same folder would put it off for ever.
   */
  touched(name: string | null): void {
    if (name !== null && name !== this.#name && name !== MOUNTED) return;
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
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        this.touched(name);
      });
      watcher.on('error', (fault) => unwatched(String(fault)));
      return watcher;
    } catch (fault) {
      unwatched(String(fault));
      return undefined;
    }
  }
}
