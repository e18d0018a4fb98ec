import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RestartPace } from './restart-pace.ts';

describe('the pace of restarts', () => {
  it('doubles from one second to half a minute while workers die young', () => {
    const pace = new RestartPace();
    const pauses = Array.from({ length: 7 }, () => pace.died(100) / 1_000);
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 30, 30]);
  });

  it('begins anew after a worker that lived for a while', () => {
    const pace = new RestartPace();
    pace.died(100);
    pace.died(100);
    assert.equal(pace.died(60_000), 1_000);
    assert.equal(pace.deaths, 1);
  });

  it('calls five quick deaths a loop, until a successor has lived', () => {
    const pace = new RestartPace();
    for (let n = 0; n < 4; n += 1) pace.died(100);
    assert.equal(pace.looping, false);
    pace.died(100);
    assert.equal(pace.looping, true);
    pace.lives(59_999);
    assert.equal(pace.looping, true);
    pace.lives(60_000);
    assert.equal(pace.looping, false);
  });
});
