import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RttFloor } from './rtt-floor.ts';

describe('the round trip floor', () => {
  it('is the smallest TCP handshake', () => {
    const floor = new RttFloor();
    floor.connected(24, true);
    floor.connected(20, true);
    floor.connected(31, true);
    assert.equal(floor.provenMs, 20);
  });

  it('proves nothing before a handshake was seen', () => {
    const floor = new RttFloor();
    floor.answered(80);
    assert.equal(floor.provenMs, 0);
    assert.equal(floor.guessMs, 80);
  });

  it('proves nothing below a millisecond', () => {
    const floor = new RttFloor();
    floor.connected(0.4, true);
    assert.equal(floor.provenMs, 0);
  });

  it('does not take a handshake it noticed late for a proof', () => {
    const floor = new RttFloor();
    floor.connected(60, false);
    assert.equal(floor.provenMs, 0);
    floor.connected(21, true);
    assert.equal(floor.provenMs, 21);
  });

  it('does not take a lost and repeated SYN for distance', () => {
    const floor = new RttFloor();
    floor.connected(1_020, true);
    assert.equal(floor.provenMs, 0);
    assert.equal(floor.guessMs, 0);
  });

  it('is lowered by anything that was answered sooner', () => {
    const floor = new RttFloor();
    floor.connected(80, true);
    floor.answered(12);
    assert.equal(floor.provenMs, 12);
    floor.answered(500);
    assert.equal(floor.provenMs, 12);
  });
});
