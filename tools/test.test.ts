import assert from 'node:assert/strict';
import { chmodSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { missingNeeds, needsMessage } from './system-needs.ts';
import { chooseFiles, longForms } from './test.ts';

const found = ['src/core/sink.test.ts', 'src/corex/a.test.ts', 'tools/b.test.ts'];

test('without a choice everything runs', () => {
  assert.deepEqual(chooseFiles([], found).files, found);
  assert.deepEqual(chooseFiles(['--full'], found).files, found);
});

test('every variable of a long form is read by some test, and every one read is in a form', () => {
  const root = join(import.meta.dirname, '..');
  const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts'], { cwd: root });
  const read = new Set<string>();
  for (const file of files) {
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, name] of text.matchAll(/env\['(HOLDFAST_[A-Z_]+)'\]/g)) read.add(name ?? '');
  }
  // Chooses which cases, not how many.
  read.delete('HOLDFAST_FUZZ_SEED');
  const known = Object.values(longForms).flatMap((form) => Object.keys(form));
  assert.deepEqual([...read].toSorted(), known.toSorted());
});

test('a folder chooses the files below it and no namesake', () => {
  assert.deepEqual(chooseFiles(['src/core/'], found).files, ['src/core/sink.test.ts']);
  assert.deepEqual(chooseFiles(['src/corex/a.test.ts'], found).files, ['src/corex/a.test.ts']);
});

test('a path without tests is named, even beside one that has some', () => {
  assert.deepEqual(chooseFiles(['src/core', 'src/gone'], found).missing, ['src/gone']);
});

test('a missing program is named with its reason and its package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-needs-'));
  try {
    writeFileSync(join(folder, 'present'), '');
    chmodSync(join(folder, 'present'), 0o755);
    const needs = [
      { command: 'present', why: 'is there', debianPackage: 'a' },
      { command: 'absent', why: 'is needed', debianPackage: 'b' },
    ];
    const missing = missingNeeds(needs, ['', folder].join(delimiter));
    assert.deepEqual(missing, [needs[1]]);
    assert.match(needsMessage(missing), /absent \(is needed\)[^]*apt-get install -y b$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
