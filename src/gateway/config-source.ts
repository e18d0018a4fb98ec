// Where a configuration file is found and how it is read. Knows names and disks, not options.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Environment } from './config/interpolate.ts';
import { loadConfig } from './config/load.ts';
import type { Loaded, Overrides } from './config/load.ts';
import type { ReadText } from './config/settings.ts';

/** The file taken from the working directory when none is named. */
export const DEFAULT_FILE = 'holdfast.yaml';

/**
 * The file to use: the one named, else `HOLDFAST_CONFIG`, else `holdfast.yaml` where it exists.
 * `undefined` = the built-in configuration.
 */
export function findConfigFile(
  named: string | undefined,
  env: Environment,
  exists: (file: string) => boolean = existsSync,
): string | undefined {
  if (named !== undefined) return named;
  const told = env['HOLDFAST_CONFIG'];
  if (told !== undefined && told !== '') return told;
  return exists(DEFAULT_FILE) ? DEFAULT_FILE : undefined;
}

/** Loads a file, or the built-in configuration. An unreadable file is a problem like any other. */
export function loadConfigFile(
  file: string | undefined,
  env: Environment,
  overrides: Overrides = {},
): Loaded {
  if (file === undefined) return loadConfig(undefined, { env, readText: readFile, overrides });
  // Paths inside a file mean files beside it, wherever the process was started.
  const readText: ReadText = (name) => readFile(resolve(dirname(file), name));
  let text: string;
  try {
    text = readFile(file);
  } catch (fault) {
    return unreadable(file, fault, overrides);
  }
  return loadConfig({ name: file, text }, { env, readText, overrides });
}

/** The text of a file; throws when it cannot be read. */
export function readFile(file: string): string {
  return readFileSync(file, 'utf8');
}

function unreadable(file: string, fault: unknown, overrides: Overrides): Loaded {
  const code = fault instanceof Error && 'code' in fault ? String(fault.code) : String(fault);
  const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
  const advice = 'name another with --config, or make one: holdfast config init';
  const message = `${file} ${reason}; ${advice}`;
  return {
    settings: undefined,
    problems: [{ severity: 'error', path: [], message }],
    lines: [message],
    input: {},
    builtIn: [],
    written: new Map(),
    overrides,
  };
}
