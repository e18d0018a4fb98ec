// Which parts of the bench a command line asks for.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readCommandLine } from './command-line.ts';

function partsOf(...words: string[]): string {
  const options = readCommandLine(words);
  assert.ok(options !== 'help');
  const { gateways, layers, only, scenarios } = options;
  return [
    ...(layers ? ['layers'] : []),
    ...(gateways ? ['gateways', ...only, ...scenarios] : []),
  ].join(' ');
}

test('without words both gateways and layers are measured', () => {
  assert.equal(partsOf(), 'layers gateways');
  assert.equal(partsOf('--quick'), 'layers gateways');
});

test('layers can be asked for alone, among targets or among scenarios', () => {
  assert.equal(partsOf('--only', 'layers'), 'layers');
  assert.equal(partsOf('--scenario', 'layers'), 'layers');
});

test('whoever names targets or scenarios gets no layers unless they are named too', () => {
  assert.equal(partsOf('--only', 'nginx'), 'gateways nginx');
  assert.equal(partsOf('--scenario', 'unary'), 'gateways unary');
  assert.equal(partsOf('--only', 'nginx,layers'), 'layers gateways nginx');
  assert.equal(partsOf('--scenario', 'layers,unary'), 'layers gateways unary');
});
