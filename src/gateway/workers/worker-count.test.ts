import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { workerCount } from './worker-count.ts';

describe('the number of workers', () => {
  it('is the one told, or that of the cores', () => {
    assert.equal(workerCount(3, 'linux', 8), 3);
    assert.equal(workerCount('auto', 'linux', 8), 8);
  });

  it('is one where a port can not be shared', () => {
    assert.equal(workerCount('auto', 'darwin', 8), 1);
    assert.equal(workerCount(4, 'win32', 8), 1);
  });
});
