import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { errorTable } from '../src/core/error-table.ts';
import { canonicalOrder } from '../src/core/layer.ts';
import { layerReasons } from './docs/layers-page.ts';
import { table } from './docs/markdown.ts';
import { pages, stalePages } from './docs.ts';

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
  const path = 'docs/reference/errors.md';
  const fresh = (page: string): string | undefined => pages[page]?.();
  assert.deepEqual(stalePages(fresh), []);
  const changed = (page: string): string | undefined =>
    page === path ? `${fresh(page)} ` : fresh(page);
  assert.deepEqual(stalePages(changed), [`${path} is out of date`]);
  const missing = (page: string): string | undefined => (page === path ? undefined : fresh(page));
  assert.deepEqual(stalePages(missing), [`${path} is missing`]);
});

test('a cell cannot break its table', () => {
  assert.equal(
    table(['a', 'b'], [['x|y', 'one\n two']]),
    '| a | b |\n|---|---|\n| x\\|y | one two |',
  );
});
