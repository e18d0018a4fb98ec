import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../core/random.ts';
import { SWEEP_EVERY_MS } from '../../core/sweep.ts';
import { Liveness } from './liveness.ts';
import { defaultWebSocketOptions } from './options.ts';

const limits = { pingMs: 1_000, pingJitter: 0, pongMs: 300 };

function pulse(): Liveness {
  return new Liveness(limits, seededRandom(1), 0);
}

describe('liveness', () => {
  it('pings once for each silence, when the interval is over', () => {
    const peer = pulse();
    assert.equal(peer.look(999), 'well');
    assert.equal(peer.look(1_000), 'ping');
    assert.equal(peer.look(1_100), 'well');
  });

  it('gives a peer up when nothing came within the limit after the ping', () => {
    const peer = pulse();
    peer.look(1_050);
    assert.equal(peer.look(1_350), 'well');
    assert.equal(peer.look(1_351), 'silent');
  });

  it('takes any sign of life for an answer, and starts anew', () => {
    const peer = pulse();
    peer.look(1_000);
    peer.heard(1_299);
    assert.equal(peer.look(2_298), 'well');
    assert.equal(peer.look(2_299), 'ping');
  });

  it('does not ping a peer that speaks by itself', () => {
    const peer = pulse();
    for (let now = 0; now < 60_000; now += 900) {
      peer.heard(now);
      assert.equal(peer.look(now + 100), 'well');
    }
  });

  it('never pings where that is off', () => {
    const off = { ...limits, pingMs: Infinity };
    const peer = new Liveness(off, seededRandom(1), 0);
    assert.equal(peer.look(1e9), 'well');
  });

  it('spreads its pings by the jitter', () => {
    const random = seededRandom(7);
    const first = Array.from({ length: 200 }, () => {
      const peer = new Liveness({ ...limits, pingJitter: 0.1 }, random, 0);
      let now = 0;
      while (peer.look(now) !== 'ping') now += 1;
      return now;
    });
    assert.ok(Math.min(...first) >= 900 && Math.max(...first) <= 1_101);
    assert.ok(Math.max(...first) - Math.min(...first) > 150);
  });

  it('finds any dead peer within 38 s of the default limits, and never a living one', () => {
    const answers = fc.array(fc.nat(9_000), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.nat(), answers, fc.nat(SWEEP_EVERY_MS - 1), (seed, rounds, phase) => {
        const peer = new Liveness(defaultWebSocketOptions, seededRandom(seed), 0);
        let now = phase;
        let lastHeard = 0;
        for (const answersIn of rounds) {
          let verdict = peer.look(now);
          for (; verdict !== 'ping'; verdict = peer.look(now)) {
            assert.equal(verdict, 'well');
            now += SWEEP_EVERY_MS;
          }
          for (const until = now + answersIn; now < until; now += SWEEP_EVERY_MS) {
            assert.equal(peer.look(now), 'well');
          }
          lastHeard = now;
          peer.heard(now);
        }
        let verdict = peer.look(now);
        for (; verdict !== 'silent'; verdict = peer.look(now)) {
          now += SWEEP_EVERY_MS;
        }
        assert.ok(now - lastHeard <= 38_000, `${now - lastHeard} ms`);
      }),
    );
  });
});
