// `npm run docs`: writes the reference pages from the tables in the source. With `--check` it
// writes nothing and fails when a page differs from what it would write, or has no source any more.

import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { cliPage } from './docs/cli-page.ts';
import { configPage, configSchemaFile } from './docs/config-pages.ts';
import { errorsPage } from './docs/errors-page.ts';
import { layersPage } from './docs/layers-page.ts';
import { metricsPage } from './docs/metrics-page.ts';

const root = resolve(import.meta.dirname, '..');

/** Every generated file and what makes its text. */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/reference/cli.md': cliPage,
  'docs/reference/config.md': configPage,
  'docs/reference/config.schema.json': configSchemaFile,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/layers.md': layersPage,
  'docs/reference/metrics.md': metricsPage,
};

/** The files of `wanted` that differ from what would be written, each with its reason. */
export function stalePages(
  wanted: Readonly<Record<string, () => string>>,
  read: (path: string) => string | undefined,
): string[] {
  return Object.entries(wanted).flatMap(([path, render]) => {
    const found = read(path);
    if (found === undefined) return [`${path} is missing`];
    return found === render() ? [] : [`${path} is out of date`];
  });
}

function orphans(): string[] {
  const found = globSync('docs/reference/*', { cwd: root });
  return found.filter((path) => !(path in pages)).map((path) => `${path} has no source any more`);
}

function readPage(path: string): string | undefined {
  try {
    return readFileSync(resolve(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const stale = [...stalePages(pages, readPage), ...orphans()];
    for (const line of stale) console.log(`${line}: run \`npm run docs\``);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else {
    for (const [path, render] of Object.entries(pages)) {
      mkdirSync(dirname(resolve(root, path)), { recursive: true });
      writeFileSync(resolve(root, path), render());
    }
  }
}
