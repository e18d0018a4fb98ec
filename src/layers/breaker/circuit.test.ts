import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Circuit } from './circuit.ts';
import { defaultBreakerOptions } from './options.ts';

const failure = { throttled: false, unreachable: false, retryAfterMs: 0 };
const unreachable = { ...failure, unreachable: true };

/** A circuit with jitter in the middle of its range, and the story it tells. */
function rig(random: number = 0.5) {
  const story: string[] = [];
  const circuit = new Circuit(
    defaultBreakerOptions,
    { next: () => random },
    {
      opened: (reason, openMs) => story.push(`open ${reason} ${openMs}`),
      halfOpened: () => story.push('half-open'),
      closed: () => story.push('closed'),
    },
  );
  const trip = (now: number): void => {
    for (let count = 0; count < 5; count += 1) circuit.failed(circuit.epoch, now, failure);
  };
  /** One call through the half-open circuit that is answered well. */
  const probe = (now: number): void => {
    assert.equal(circuit.opensAt(now), 0);
    circuit.admit(now);
    circuit.answered(circuit.epoch, now, false);
  };
  return { circuit, story, trip, probe };
}

describe('a circuit', () => {
  it('opens, probes with one call, tries three more and closes', () => {
    const { circuit, story, trip, probe } = rig();
    trip(0);
    assert.equal(circuit.opensAt(7_499), 7_500);
    assert.equal(circuit.opensAt(7_500), 0);
    circuit.admit(7_500);
    assert.equal(circuit.opensAt(7_500), 8_500, 'a second probe');
    circuit.answered(circuit.epoch, 7_600, false);
    for (let count = 0; count < 3; count += 1) {
      assert.equal(circuit.opensAt(7_600), 0);
      circuit.admit(7_600);
    }
    assert.equal(circuit.opensAt(7_600), 8_600, 'a fourth trial');
    for (let count = 0; count < 3; count += 1) circuit.answered(circuit.epoch, 7_700, false);
    assert.deepEqual(story, ['open consecutive 7500', 'half-open', 'closed']);
    assert.equal(circuit.closedAt, 7_700);
    probe(7_701);
  });

  it('opens again for twice as long when a probe fails, up to the bound', () => {
    const { circuit, story, trip } = rig();
    trip(0);
    let now = 0;
    for (let count = 0; count < 7; count += 1) {
      now += 400_000;
      circuit.admit(now);
      circuit.failed(circuit.epoch, now, failure);
    }
    const opened = story.filter((line) => line.startsWith('open'));
    assert.deepEqual(
      opened.map((line) => Number(line.split(' ')[2])),
      [7_500, 15_000, 30_000, 60_000, 120_000, 225_000, 225_000, 225_000],
    );
  });

  it('jitters between half and all of the open time, within 5 s and 300 s', () => {
    for (const [random, first, last] of [
      [0, 5_000, 150_000],
      [0.999_999_9, 10_000, 300_000],
    ] as const) {
      const { circuit, trip } = rig(random);
      const openMs = (): number => {
        const { state } = circuit;
        return state.kind === 'open' ? Math.round(state.until - state.since) : 0;
      };
      trip(0);
      assert.equal(openMs(), first);
      for (let count = 1; count < 50; count += 1) {
        circuit.admit(count * 1_000_000);
        circuit.failed(circuit.epoch, count * 1_000_000, failure);
      }
      assert.equal(openMs(), last);
    }
  });

  it('fails a probe on a 429', () => {
    const { circuit, story, trip } = rig();
    trip(0);
    circuit.admit(10_000);
    circuit.failed(circuit.epoch, 10_000, { ...failure, throttled: true });
    assert.equal(story.at(-1), 'open probe 15000');
  });

  it('stays open for at least the longest Retry-After, even one that comes late', () => {
    const { circuit, trip } = rig();
    const old = circuit.epoch;
    circuit.failed(old, 0, { ...failure, retryAfterMs: 60_000 });
    trip(1_000);
    assert.equal(circuit.opensAt(1_000), 60_000);
    circuit.failed(old, 2_000, { ...failure, retryAfterMs: 90_000 });
    assert.equal(circuit.opensAt(2_000), 92_000);
    circuit.failed(old, 3_000, { ...failure, retryAfterMs: 86_400_000 });
    assert.equal(circuit.opensAt(3_000), 3_603_000);
  });

  it('gives back the permit of a probe whose caller left', () => {
    const { circuit, story, trip } = rig();
    trip(0);
    circuit.admit(10_000);
    assert.notEqual(circuit.opensAt(10_000), 0);
    circuit.returned(circuit.epoch);
    assert.equal(circuit.opensAt(10_000), 0);
    assert.deepEqual(story, ['open consecutive 7500', 'half-open']);
  });

  it('opens again when a stream that passed as a probe breaks before the trials are over', () => {
    const { circuit, story, trip, probe } = rig();
    trip(0);
    probe(10_000);
    circuit.failed(circuit.epoch, 11_000, failure);
    assert.equal(story.at(-1), 'open probe 15000');
  });

  it('does not hear what began before it opened', () => {
    const { circuit, trip, probe } = rig();
    const old = circuit.epoch;
    trip(0);
    for (let count = 0; count < 9; count += 1) circuit.failed(old, 1_000, failure);
    circuit.answered(old, 1_000, false);
    assert.equal(circuit.opensAt(1_000), 7_500);
    for (let count = 0; count < 4; count += 1) probe(10_000);
    for (let count = 0; count < 9; count += 1) circuit.failed(old, 11_000, failure);
    assert.equal(circuit.isClosed, true);
    assert.equal(circuit.answered(old, 11_000, false), false);
    assert.equal(circuit.rules.look(11_000).calls, 0);
  });

  it('goes on doubling when it breaks as soon as it has closed', () => {
    const { story, trip, probe } = rig();
    trip(0);
    for (let count = 0; count < 4; count += 1) probe(10_000);
    trip(12_000);
    assert.equal(story.at(-1), 'open consecutive 15000');
    for (let count = 0; count < 4; count += 1) probe(30_000);
    trip(60_000);
    assert.equal(story.at(-1), 'open consecutive 7500');
  });

  it('may be hastened by a look from outside, until a call shows that the look is blind', () => {
    const { circuit, story, trip, probe } = rig();
    trip(0);
    assert.equal(circuit.hasten(1_000), true);
    assert.equal(circuit.opensAt(1_000), 0);
    circuit.admit(1_000);
    assert.deepEqual(story.slice(1), ['half-open'], 'it is not closed by the look');
    circuit.failed(circuit.epoch, 1_000, failure);
    assert.equal(circuit.hasten(2_000), false);
    assert.equal(circuit.opensAt(2_000), 16_000);
    for (let count = 0; count < 4; count += 1) probe(20_000);
    trip(90_000);
    assert.equal(circuit.hasten(91_000), true, 'a new case');
  });

  it('is never hastened into the time the endpoint asked for', () => {
    const { circuit, trip } = rig();
    circuit.failed(circuit.epoch, 0, { ...failure, retryAfterMs: 6_000 });
    trip(0);
    circuit.hasten(1_000);
    assert.equal(circuit.opensAt(1_000), 6_000);
  });

  it('knows whether it opened because nothing could be reached', () => {
    const { circuit } = rig();
    for (let count = 0; count < 5; count += 1) circuit.failed(0, 0, unreachable);
    assert.equal(circuit.isUnreachable, true);
    const mixed = rig();
    for (let count = 0; count < 4; count += 1) mixed.circuit.failed(0, 0, unreachable);
    mixed.circuit.failed(0, 0, failure);
    assert.equal(mixed.circuit.isUnreachable, false);
    assert.equal(mixed.circuit.isClosed, false);
  });
});
