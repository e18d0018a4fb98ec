// What a gateway is made from, and how its configuration is read from wherever it comes.

import { dirname, resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { TokenStore } from '../core/token-store.ts';
import type { LineWriter } from '../telemetry/access-log.ts';
import { loadConfigFile, readFile } from './config-source.ts';
import type { Environment } from './config/interpolate.ts';
import { loadConfig } from './config/load.ts';
import type { ConfigSource, Loaded, Overrides } from './config/load.ts';
import type { Settings } from './config/settings.ts';
import type { LogOutput } from './process-log.ts';

/** What a gateway is made from. Without `config` and `configFile` the built-in configuration. */
export interface GatewayOptions {
  /** The content of a configuration file, as an object. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** A file to read, to watch and to read again. */
  readonly configFile?: string;
  /** What somebody else has read and watches; takes the place of both. */
  readonly source?: ConfigSource;
  /** Takes the place of single options, whatever the file says. */
  readonly overrides?: Overrides;
  /** Default: none, so a program that embeds the gateway decides. */
  readonly env?: Environment;
  /** Opens the log once its level is known. Default: no log. */
  readonly openLog?: (level: string) => LogOutput;
  /** Where the lines of calls go. Default: the log's output, if there is one. */
  readonly accessLog?: LineWriter;
  /** Changes settings that were read before they come into force: a worker takes its share. */
  readonly adapt?: (settings: Settings) => Settings;
  /** Listens where other processes of this user may listen as well. Default: no. */
  readonly reusePort?: boolean;
  /** Where tokens are shared with other processes. Default: the memory of this one. */
  readonly tokens?: TokenStore;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The configuration that was handed in, if one was. */
export function sourceOf({ source, config }: GatewayOptions): ConfigSource | undefined {
  return source ?? (config === undefined ? undefined : { value: config });
}

/** The settings that come into force. */
export function adapted({ adapt }: GatewayOptions, { settings }: Loaded): Settings | undefined {
  return settings === undefined || adapt === undefined ? settings : adapt(settings);
}

/** Loads a configuration: `source`, else the file of the options, else the built-in one. */
export function loadFrom(
  source: ConfigSource | undefined,
  { configFile, overrides = {} }: Pick<GatewayOptions, 'configFile' | 'overrides'>,
  env: Environment,
): Loaded {
  if (source === undefined) return loadConfigFile(configFile, env, overrides);
  // Paths inside a file mean files beside it.
  const folder = 'name' in source ? dirname(source.name) : '.';
  const readText = (name: string): string => readFile(resolve(folder, name));
  return loadConfig(source, { env, overrides, readText });
}
