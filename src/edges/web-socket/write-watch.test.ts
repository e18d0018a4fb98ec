import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WriteWatch } from './write-watch.ts';

describe('a write watch', () => {
  const table: readonly (readonly [
    string,
    readonly (readonly [number, number, number])[],
    string,
  ])[] = [
    [
      'nothing waits',
      [
        [100, 0, 0],
        [200, 0, 9],
      ],
      'idle',
    ],
    [
      'something waits for the first time',
      [
        [100, 0, 0],
        [200, 5, 0],
      ],
      'waiting',
    ],
    [
      'something waits for less than the limit',
      [
        [100, 5, 0],
        [1_000, 5, 0],
      ],
      'waiting',
    ],
    [
      'nothing has left for the limit',
      [
        [100, 5, 0],
        [1_101, 5, 0],
      ],
      'stalled',
    ],
    [
      'some of it has left',
      [
        [100, 5, 0],
        [5_000, 3, 1],
      ],
      'moving',
    ],
    [
      'all of it has left',
      [
        [100, 5, 0],
        [5_000, 0, 1],
      ],
      'moving',
    ],
    [
      'something left at once, nothing waited before',
      [
        [100, 0, 0],
        [200, 5, 3],
      ],
      'waiting',
    ],
    [
      'it moved and then stood still',
      [
        [100, 5, 0],
        [900, 4, 1],
        [1_901, 4, 1],
      ],
      'stalled',
    ],
    [
      'it moved and stands for less',
      [
        [100, 5, 0],
        [900, 4, 1],
        [1_900, 4, 1],
      ],
      'waiting',
    ],
    [
      'it was empty in between',
      [
        [100, 5, 0],
        [900, 0, 1],
        [2_500, 5, 1],
      ],
      'waiting',
    ],
  ];
  for (const [what, looks, state] of table) {
    it(`says "${state}" when ${what}`, () => {
      const watch = new WriteWatch(1_000, 0);
      const seen = looks.map(([now, backlog, flushes]) => watch.look(now, backlog, flushes));
      assert.equal(seen.at(-1), state);
    });
  }
});
