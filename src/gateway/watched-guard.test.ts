import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProcessReading } from '../layers/admission/guard-rules.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { WatchedGuard } from './watched-guard.ts';

const well: ProcessReading = { loopUtilization: 0.3, loopDelayP99Ms: 2.4, heapShare: 0.402 };
const full: ProcessReading = { ...well, heapShare: 0.906 };
const bursting: ProcessReading = { ...well, heapShare: 0.97 };

function rig() {
  const clock = new VirtualClock();
  const lines: { facts: Record<string, unknown>; text: string }[] = [];
  const warn = (facts: unknown, text?: string): void => {
    lines.push({ facts: facts as Record<string, unknown>, text: text ?? '' });
  };
  const readings = { next: well, closed: false };
  const guard = new WatchedGuard({
    clock,
    log: { warn },
    readings: { read: () => readings.next, close: () => void (readings.closed = true) },
  });
  const look = (reading: ProcessReading, seconds = 1): void => {
    readings.next = reading;
    clock.advance(seconds * 1_000);
  };
  return { clock, guard, lines, look, readings };
}

describe('the guard of the process', () => {
  it('says nothing while all is well', () => {
    const { guard, lines, look } = rig();
    look(well, 60);
    assert.deepEqual(lines, []);
    assert.equal(guard.note, undefined);
    assert.equal(guard.gauge, 0);
  });

  it('warns at once of each step up, and a little later of the way back', () => {
    const { guard, lines, look } = rig();
    look(full);
    assert.match(lines[0]?.text ?? '', /calls of class batch are refused/);
    const facts = { level: 'no-batch', loopUtilization: 0.3, loopDelayP99Ms: 2, heapShare: 0.91 };
    assert.deepEqual(lines[0]?.facts, facts);
    assert.equal(guard.gauge, 1);
    look(bursting);
    assert.match(lines[1]?.text ?? '', /all calls are refused/);
    assert.equal(guard.gauge, 2);
    look(well, 12);
    assert.match(lines[2]?.text ?? '', /has room again: all calls are taken/);
    assert.equal(guard.gauge, 0);
    assert.equal(lines.length, 3);
  });

  it('does not fill the log when it flaps, and ends with how things are', () => {
    const { guard, lines, look } = rig();
    for (let times = 0; times < 300; times += 1) look(times % 2 === 0 ? full : well);
    assert.ok(lines.length <= 25, `${lines.length} lines for 300 changes`);
    look(well, 180);
    assert.equal(lines.at(-1)?.facts['level'], guard.level);
    assert.equal(guard.level, 'open');
  });

  it('tells whoever asks for readiness what it refuses, and why', () => {
    const { guard, look } = rig();
    look(full);
    assert.equal(
      guard.note,
      'ready, but this process is near its limits: calls of class batch are refused (event loop at work 30%, 2 ms late, heap 91% full)',
    );
    look(well);
    assert.equal(guard.note, undefined);
  });

  it('leaves no timer and no monitor behind', () => {
    const { clock, guard, look, readings } = rig();
    look(full);
    guard.close();
    assert.equal(clock.pending, 0);
    assert.equal(readings.closed, true);
  });
});
