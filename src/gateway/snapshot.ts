// One configuration, compiled and immutable. A request keeps the snapshot it started with; a reload
// makes a new one and says what changed between the two.

import type { AccessObserver } from './access/access-observer.ts';
import type { Environment } from './config/interpolate.ts';
import { explained } from './config/explain.ts';
import type { ExplainedOption } from './config/explain.ts';
import type { Loaded } from './config/load.ts';
import type { Settings } from './config/settings.ts';
import { startOptions, waitsForStart } from './config/start-options.ts';
import { ConfiguredRouter } from './router.ts';
import type { Services } from './route-table.ts';

/** An option as the process runs with it. */
export interface RunningOption extends ExplainedOption {
  /** Value of the configuration read last, where the one above stays until the next start. */
  readonly atNextStart?: string;
}

/** A configuration as it was read. */
type Read = Pick<Snapshot, 'loaded' | 'settings'>;

/** A configuration in force. */
export class Snapshot {
  readonly loaded: Loaded;
  readonly settings: Settings;
  readonly router: ConfiguredRouter;
  /** What the process was started with; `undefined` = this. */
  readonly #started: Read | undefined;

  /** `before`: the snapshot that this one replaces. */
  constructor(
    loaded: Loaded,
    settings: Settings,
    services: Services,
    env: Environment,
    access?: AccessObserver,
    before?: Snapshot,
  ) {
    this.loaded = loaded;
    this.settings = settings;
    // Not the snapshot itself, whose routes would be kept for ever.
    this.#started =
      before && (before.#started ?? { loaded: before.loaded, settings: before.settings });
    this.router = new ConfiguredRouter(settings, services, env, access);
  }

  /** Every option as the process runs with it, with its source, secrets masked. */
  explained(): RunningOption[] {
    const read = explained(this.loaded, this.settings);
    const started = this.#started;
    if (started === undefined) return read;
    const first = new Map(
      explained(started.loaded, started.settings).map((option) => [option.path, option]),
    );
    return read.map((option) => {
      const old = option.restart ? first.get(option.path) : undefined;
      if (old === undefined || old.value === option.value) return option;
      return { ...old, atNextStart: option.value };
    });
  }
}

/** The options in which a new configuration differs but which wait for the next start. */
export function needsRestart(before: Settings, after: Settings): string[] {
  return startOptions.filter((name) => fixedPart(before, name) !== fixedPart(after, name));
}

/** A top-level option without the parts that take effect at once, as text. */
function fixedPart(settings: Settings, name: (typeof startOptions)[number]): string {
  const value: unknown = settings[name];
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const parts = Object.entries(value).filter(([key]) => waitsForStart(`${name}.${key}`));
  return JSON.stringify(Object.fromEntries(parts));
}
