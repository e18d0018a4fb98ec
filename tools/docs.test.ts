import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { errorTable } from '../src/core/error-table.ts';
import { canonicalOrder } from '../src/core/layer.ts';
import { subcommands } from './docs/cli-page.ts';
import { layerReasons } from './docs/layers-page.ts';
import { table } from './docs/markdown.ts';
import { stalePages } from './docs.ts';

const root = resolve(import.meta.dirname, '..');

test('the errors page lists exactly the codes of the error table', () => {
  const page = readFileSync(resolve(root, 'docs/reference/errors.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  assert.deepEqual(listed, Object.keys(errorTable));
});

test('every layer of the canonical order has a reason beside its name', () => {
  assert.deepEqual([...layerReasons().keys()], [...canonicalOrder]);
});

test('a changed and a missing page are both found', () => {
  const wanted = { 'a.md': () => 'a', 'b.md': () => 'b' };
  const stale = (found: Readonly<Record<string, string>>): string[] =>
    stalePages(wanted, (path) => found[path]);
  assert.deepEqual(stale({ 'a.md': 'a', 'b.md': 'b' }), []);
  assert.deepEqual(stale({ 'a.md': 'a', 'b.md': 'c' }), ['b.md is out of date']);
  assert.deepEqual(stale({ 'b.md': 'b' }), ['a.md is missing']);
});

test('every command of the program is found in its help text', () => {
  const help =
    'Usage: x\n\nCommands:\n  serve [options]  run\n    more\n  help [command]   help\n\nEnd';
  assert.deepEqual(subcommands(help), ['serve']);
});

test('a cell cannot break its table', () => {
  assert.equal(
    table(['a', 'b'], [['x|y', 'one\n two']]),
    '| a | b |\n|---|---|\n| x\\|y | one two |',
  );
});
