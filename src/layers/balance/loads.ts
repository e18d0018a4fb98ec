// The loads of all targets of a gateway. They outlive reloads: what was learned about a place stays
// true when its routes change. Bounded by `retain`: keys come from configuration alone.

import { Load } from './load.ts';
import { defaultLoadOptions } from './options.ts';
import type { LoadOptions } from './options.ts';

/** One target as the admin page shows it. */
export interface LoadView {
  readonly key: string;
  readonly inFlight: number;
  readonly expectedMs: number;
}

/** Loads by target key. Ends with the gateway. */
export class Loads {
  readonly #options: LoadOptions;
  readonly #byKey = new Map<string, Load>();

  constructor(options: LoadOptions = defaultLoadOptions) {
    this.#options = options;
  }

  /** The load of a target, new where it was never used. */
  of(key: string, now: number): Load {
    let load = this.#byKey.get(key);
    if (load === undefined) {
      load = new Load(this.#options, now);
      this.#byKey.set(key, load);
    }
    return load;
  }

  /** Forgets targets that a new configuration does not have. */
  retain(keys: ReadonlySet<string>): void {
    for (const key of this.#byKey.keys()) if (!keys.has(key)) this.#byKey.delete(key);
  }

  view(now: number): LoadView[] {
    return [...this.#byKey].map(([key, load]) => ({
      key,
      inFlight: load.inFlight,
      expectedMs: load.expectedMs(now),
    }));
  }
}
