import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { missingNeeds, needsMessage } from './system-needs.ts';
import { chooseFiles } from './test.ts';

const found = ['src/core/sink.test.ts', 'src/corex/a.test.ts', 'test/slow/hours.test.ts'];

test('slow suites run only when asked for', () => {
  assert.deepEqual(chooseFiles([], found).files, found.slice(0, 2));
  assert.deepEqual(chooseFiles(['--slow'], found).files, found);
  assert.deepEqual(chooseFiles(['test/slow'], found).files, found.slice(2));
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
