// What the `config` commands say: texts and exit codes, so that the command line only prints.

import { existsSync, writeFileSync } from 'node:fs';
import { DEFAULT_FILE, findConfigFile, loadConfigFile } from './config-source.ts';
import { explained, explainedBelow, unsetBelow } from './config/explain.ts';
import type { ExplainedOption } from './config/explain.ts';
import type { Environment } from './config/interpolate.ts';
import { pathText } from './config/problem.ts';
import { annotatedConfig, configJsonSchema } from './config/reference.ts';
import { unknownPath } from './config/unknown-path.ts';
import { exitCodes } from './exit-codes.ts';

/** What a command prints and how it ends. */
export interface Report {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `config check`. */
export function checkReport(named: string | undefined, env: Environment, json: boolean): Report {
  const file = findConfigFile(named, env);
  const { settings, problems, lines } = loadConfigFile(file, env);
  const code = settings === undefined ? exitCodes.usage : exitCodes.ok;
  if (json) {
    const list = problems.map(({ severity, path, message }) => ({
      severity,
      path: pathText(path),
      message,
    }));
    return {
      code,
      out: jsonText({ file: file ?? null, valid: code === 0, problems: list }),
      err: '',
    };
  }
  const err = lines.map((line) => `${line}\n`).join('');
  if (settings === undefined) return { code, out: '', err };
  const counts = `${settings.upstreams.size} upstreams, ${settings.routes.length} routes`;
  return { code, out: `${file ?? 'the built-in configuration'} is valid: ${counts}\n`, err };
}

/** `config explain [path]`. */
export function explainReport(
  named: string | undefined,
  env: Environment,
  path: string | undefined,
  json: boolean,
): Report {
  const loaded = loadConfigFile(findConfigFile(named, env), env);
  const { settings, lines } = loaded;
  if (settings === undefined) return failed(lines);
  const all = explained(loaded, settings);
  const set = path === undefined ? all : explainedBelow(all, path);
  const shown = set.length === 0 && path !== undefined ? unsetBelow(path, loaded, settings) : set;
  if (shown.length === 0 && path !== undefined) {
    return failed([
      unknownPath(
        path,
        all.map((option) => option.path),
      ),
    ]);
  }
  const out = json ? jsonText(shown) : explainText(shown, path !== undefined);
  return { code: exitCodes.ok, out, err: '' };
}

function explainText(options: readonly ExplainedOption[], withReasons: boolean): string {
  const width = Math.max(...options.map(({ path, value }) => path.length + value.length + 2));
  const column = Math.min(width, 72);
  const lines = options.flatMap(({ path, value, source, doc, why, restart }) => {
    const line = `${`${path}: ${value}`.padEnd(column)}  # ${source}`;
    const wait = restart ? ['    A change takes effect at the next start.'] : [];
    return withReasons ? [line, `    ${doc}`, `    Why: ${why}`, ...wait] : [line];
  });
  return `${lines.join('\n')}\n`;
}

/** `config schema`. */
export function schemaReport(): Report {
  return { code: exitCodes.ok, out: jsonText(configJsonSchema()), err: '' };
}

/** `config init [file]`: writes the annotated file, or prints it for `-`. */
export function initFile(file: string, force: boolean): Report {
  const text = annotatedConfig();
  if (file === '-') return { code: exitCodes.ok, out: text, err: '' };
  if (existsSync(file) && !force) {
    return failed([`${file} exists already; name another file, or replace it with --force`]);
  }
  try {
    writeFileSync(file, text);
  } catch (fault) {
    const line = `${file} cannot be written (${String(fault)})`;
    return { code: exitCodes.failure, out: '', err: `${line}\n` };
  }
  const next = file === DEFAULT_FILE ? 'holdfast serve' : `holdfast serve --config ${file}`;
  return { code: exitCodes.ok, out: `${file} is written; edit it, then: ${next}\n`, err: '' };
}

function failed(lines: readonly string[]): Report {
  return { code: exitCodes.usage, out: '', err: lines.map((line) => `${line}\n`).join('') };
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
