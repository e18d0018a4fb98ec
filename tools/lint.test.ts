// The lint configuration is shown code that must fail, so that a rule that silently stopped
// working (a renamed option, a checker that no longer starts) is seen.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '..');

/** Each rule with a text that breaks it and nothing else of interest. */
const cases: Readonly<Record<string, string>> = {
  'no-floating-promises': 'export function f(p: Promise<void>): void {\n  p;\n}\n',
  'switch-exhaustiveness-check':
    "export function f(a: 'x' | 'y'): void {\n  switch (a) {\n    case 'x':\n      f(a);\n  }\n}\n",
  'no-explicit-any': 'export function f(a: any): boolean {\n  return a === 1;\n}\n',
  'no-non-null-assertion': 'export const f = (a: string | undefined): string => a!;\n',
  'consistent-type-imports': "import { T } from './no-empty.ts';\nexport type S = T;\n",
  'no-unsafe-member-access': "export const f = (): boolean => JSON.parse('').a === 1;\n",
  'max-lines-per-function': `export function f(): void {\n${'  f();\n'.repeat(60)}}\n`,
  'no-console': "console.log('a');\n",
  'no-empty':
    'export type T = 1;\nexport function f(): void {\n  try {\n    f();\n  } catch {}\n}\n',
};

test('every chosen lint rule reports what it is for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-lint-'));
  try {
    const config = { extends: resolve(root, 'tsconfig.json'), compilerOptions: { types: [] } };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, include: ['*.ts'] }));
    for (const [rule, text] of Object.entries(cases)) {
      writeFileSync(join(folder, `${rule}.ts`), text);
    }
    const oxlint = resolve(root, 'node_modules/.bin/oxlint');
    const flags = ['-c', resolve(root, '.oxlintrc.json'), '--type-aware', '-f', 'unix', '.'];
    const { stdout } = spawnSync(oxlint, flags, { cwd: folder, encoding: 'utf8', timeout: 60_000 });
    for (const rule of Object.keys(cases)) {
      const lines = stdout.split('\n').filter((line) => line.includes(`${rule}.ts:`));
      assert.ok(
        lines.some((line) => line.includes(`(${rule})`)),
        `${rule} did not report: ${lines.join('; ')}`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
