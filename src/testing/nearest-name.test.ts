import { equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearestName } from './nearest-name.ts';

describe('nearest name', () => {
  const names = ['rst', 'fin', 'stall', 'idle-close', 'retry-after'];

  it('finds the name with the fewest edits, a swap being one', () => {
    equal(nearestName('rts', names), 'rst');
    equal(nearestName('stal', names), 'stall');
    equal(nearestName('idel-colse', names), 'idle-close');
    equal(nearestName('RETRY_AFTER', names), 'retry-after');
  });

  it('suggests nothing when nothing is near', () => {
    equal(nearestName('banana', names), undefined);
    equal(nearestName('x', []), undefined);
  });
});
