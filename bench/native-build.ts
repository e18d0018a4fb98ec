// Compiles origin and load from bench/native into bench/build when they are missing or older than
// their sources. Needs a C compiler and nothing else.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const sources = join(import.meta.dirname, 'native');
/** Where programs, generated configurations and logs of runs go; ignored by git. */
export const buildFolder = join(import.meta.dirname, 'build');

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Brings both programs up to date; throws with the compiler's words when that fails. */
export function buildNative(): void {
  mkdirSync(buildFolder, { recursive: true });
  const newest = Math.max(...readdirSync(sources).map((file) => changedAt(join(sources, file))));
  for (const program of ['origin', 'load']) {
    const out = join(buildFolder, program);
    if (changedAt(out) > newest) continue;
    const words = ['-O2', '-Wall', '-Wextra', '-D_GNU_SOURCE', '-o', out];
    execFileSync('cc', [...words, join(sources, `${program}.c`)], { stdio: 'inherit' });
  }
}
