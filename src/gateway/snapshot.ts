// One configuration, compiled and immutable. A request keeps the snapshot it started with; a reload
// makes a new one and says what changed between the two.

import type { AccessObserver } from './access/access-observer.ts';
import type { Environment } from './config/interpolate.ts';
import { explained } from './config/explain.ts';
import type { ExplainedOption } from './config/explain.ts';
import type { Loaded } from './config/load.ts';
import type { Settings } from './config/settings.ts';
import { ConfiguredRouter } from './router.ts';
import type { Services } from './route-table.ts';

/** A configuration in force. */
export class Snapshot {
  readonly loaded: Loaded;
  readonly settings: Settings;
  readonly router: ConfiguredRouter;

  constructor(
    loaded: Loaded,
    settings: Settings,
    services: Services,
    env: Environment,
    access?: AccessObserver,
  ) {
    this.loaded = loaded;
    this.settings = settings;
    this.router = new ConfiguredRouter(settings, services, env, access);
  }

  /** Every option with its value and source, secrets masked. */
  explained(): ExplainedOption[] {
    return explained(this.loaded, this.settings);
  }
}

/** Options that are read once, at the start. */
const startOptions = [
  'listen',
  'admin',
  'workers',
  'reusePort',
  'edge',
  'guard',
  'breaker',
  'log',
  'limits',
] as const;

/** The options in which a new configuration differs but which wait for the next start. */
export function needsRestart(before: Settings, after: Settings): string[] {
  return startOptions.filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
}
