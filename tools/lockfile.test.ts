import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingEntries, type LockedPackages } from './lockfile.ts';

const here = {
  version: '1.2.3',
  cpu: ['x64'],
  dev: true,
  libc: ['glibc'],
  license: 'MIT',
  optional: true,
  os: ['linux'],
  engines: { node: '>=20' },
};

function lockedWith(...names: string[]): LockedPackages {
  const optionalDependencies = Object.fromEntries(names.map((name) => [name, '1.2.3']));
  return {
    'node_modules/tool': { version: '1.2.3', dev: true, optionalDependencies },
    'node_modules/@tool/linux-x64-gnu': here,
  };
}

test('a complete lockfile needs nothing', () => {
  assert.deepEqual(missingEntries(lockedWith('@tool/linux-x64-gnu')), {});
});

test('the packages of other platforms are made after the one that is there', () => {
  const { libc: _, ...common } = here;
  const names = ['@tool/linux-x64-gnu', '@tool/binding-darwin-arm64', '@tool/linux-arm-musleabihf'];
  assert.deepEqual(missingEntries(lockedWith(...names)), {
    'node_modules/@tool/binding-darwin-arm64': { ...common, cpu: ['arm64'], os: ['darwin'] },
    'node_modules/@tool/linux-arm-musleabihf': { ...common, cpu: ['arm'], libc: ['musl'] },
  });
});

test('a package whose platform cannot be told is left to a person', () => {
  assert.throws(() => missingEntries(lockedWith('@tool/wasm')), /@tool\/wasm@1\.2\.3/);
});
