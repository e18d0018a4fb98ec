import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RttFloor } from './rtt-floor.ts';

describe('the round trip floor', () => {
  it('is the smallest TCP handshake', () => {
    const floor = new RttFloor();
    floor.connected(24, 24);
    floor.connected(20, 20);
    floor.connected(31, 31);
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
    floor.connected(0.4, 0.4);
    assert.equal(floor.provenMs, 0);
    floor.connected(5, 0.9);
    assert.equal(floor.provenMs, 0);
  });

  it('counts of a handshake only what was surely waiting', () => {
    const floor = new RttFloor();
    // The answer was there after 1 ms, and lay unread while the event loop was busy.
    floor.connected(60, 1.2);
    assert.equal(floor.provenMs, 1.2);
    floor.connected(70, 21);
    assert.equal(floor.provenMs, 21);
    floor.connected(22, 19);
    assert.equal(floor.provenMs, 21);
    floor.connected(20, 18);
    assert.equal(floor.provenMs, 20);
  });

  it('does not take a lost and repeated SYN for distance', () => {
    const floor = new RttFloor();
    floor.connected(1_020, 1_020);
    assert.equal(floor.provenMs, 0);
    assert.equal(floor.guessMs, 0);
  });

  it('is lowered by anything that was answered sooner', () => {
    const floor = new RttFloor();
    floor.connected(80, 80);
    floor.answered(12);
    assert.equal(floor.provenMs, 12);
    floor.answered(500);
    assert.equal(floor.provenMs, 12);
  });
});
