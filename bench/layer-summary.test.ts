// The arithmetic of the layer table: differences within a round, medians over rounds.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { summarizeLayers, type StackRound, type StackSamples } from './layer-summary.ts';

const lengths = { chunksFew: 10, chunksMany: 110 };

function round(unary: number, few = 0, many = few): StackRound {
  return { unary, few, many };
}

function stack(name: string, rounds: readonly StackRound[], retained = [0]): StackSamples {
  return { name, rounds, retained };
}

test('a layer costs what its stack takes beyond the one below in the same round', () => {
  const { bare, layers, all } = summarizeLayers(
    [
      stack('terminal', [round(1000), round(5000), round(1000)]),
      stack('inner', [round(1100), round(5100), round(1300)]),
      stack('outer', [round(1150), round(5150), round(1350)]),
    ],
    lengths,
  );
  assert.equal(bare.nsPerCall, 1000);
  assert.deepEqual(
    layers.map(({ name, nsPerCall }) => [name, nsPerCall]),
    [
      ['outer', 50],
      ['inner', 100],
    ],
  );
  assert.equal(all.nsPerCall, 150);
});

test('a chunk costs the difference of two streams, so that the call itself is not in it', () => {
  const { layers } = summarizeLayers(
    [stack('terminal', [round(0, 2000, 3000)]), stack('inner', [round(0, 9000, 14_000)])],
    lengths,
  );
  assert.equal(layers[0]?.nsPerChunk, 40);
});

test('memory is the difference of medians, because it is no matter of rounds', () => {
  const { layers, all } = summarizeLayers(
    [stack('terminal', [round(0)], [900, 1000, 5000]), stack('inner', [round(0)], [1400])],
    lengths,
  );
  assert.equal(layers[0]?.bytesPerStream, 400);
  assert.equal(all.bytesPerStream, 400);
});

test('a round that the stack below does not have says nothing', () => {
  const { layers } = summarizeLayers(
    [stack('terminal', [round(10)]), stack('inner', [round(15), round(900)])],
    lengths,
  );
  assert.equal(layers[0]?.nsPerCall, 5);
});

test('without any stack there is no report', () => {
  assert.throws(() => summarizeLayers([], lengths), /no stack/);
});
