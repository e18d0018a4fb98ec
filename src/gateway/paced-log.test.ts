import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { PacedLog } from './paced-log.ts';

const pace = { quietMs: 1_000, quietMsMax: 4_000 };

function rig() {
  const clock = new VirtualClock();
  const lines: { at: number; text: string; withheld: unknown }[] = [];
  const from = clock.now();
  const warn = (facts: unknown, text?: string): void => {
    const { withheld } = facts as { withheld?: number };
    lines.push({ at: clock.now() - from, text: text ?? '', withheld });
  };
  const log = new PacedLog(clock, { warn }, pace);
  const say = (text: string, rank = 1, about = 'a'): void =>
    log.warn({ about, rank, facts: { about }, text });
  return { clock, lines, log, say, texts: () => lines.map(({ text }) => text) };
}

describe('a paced log', () => {
  it('writes the first warning at once, and each thing for itself', () => {
    const { say, texts } = rig();
    say('one');
    say('two', 1, 'b');
    assert.deepEqual(texts(), ['one', 'two']);
  });

  it('counts what comes meanwhile and writes the last of it when the while is over', () => {
    const { clock, lines, say } = rig();
    say('one');
    for (const text of ['two', 'three', 'four']) say(text);
    clock.advance(999);
    assert.equal(lines.length, 1);
    clock.advance(1);
    assert.deepEqual(lines[1], { at: 1_000, text: 'four', withheld: 2 });
  });

  it('does not keep what is worse waiting', () => {
    const { clock, lines, say, texts } = rig();
    say('bad');
    say('bad again');
    say('worse', 2);
    assert.deepEqual(texts(), ['bad', 'worse']);
    assert.equal(lines[1]?.withheld, 1);
    say('worse again', 2);
    say('well', 0);
    clock.advance(1_000);
    assert.deepEqual(texts(), ['bad', 'worse', 'well']);
    say('bad');
    assert.equal(texts().at(-1), 'bad');
  });

  it('speaks less and less of what goes on and on, and starts anew after a rest', () => {
    const { clock, lines, say } = rig();
    for (let ms = 0; ms < 20_000; ms += 100) {
      say('flaps');
      clock.advance(100);
    }
    assert.deepEqual(
      lines.map(({ at }) => at),
      [0, 1_000, 3_000, 7_000, 11_000, 15_000, 19_000],
    );
    clock.advance(10_000);
    const before = lines.length;
    say('flaps');
    clock.advance(100);
    say('flaps');
    clock.advance(900);
    assert.equal(lines.length, before + 2);
  });

  it('keeps no timer for what is over, nor when it is closed', () => {
    const { clock, log, lines, say } = rig();
    say('one');
    clock.advance(1_000);
    assert.equal(clock.pending, 0);
    say('two');
    say('three');
    log.close();
    assert.equal(clock.pending, 0);
    clock.advance(10_000);
    assert.equal(lines.length, 2);
  });

  it('never writes more than one line a rank and while, and loses no last word', () => {
    const event = fc.record({ wait: fc.integer({ min: 0, max: 700 }), rank: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const { clock, lines, say } = rig();
        for (const [index, { wait, rank }] of events.entries()) {
          clock.advance(wait);
          say(`${index}`, rank);
        }
        clock.advance(20_000);
        assert.equal(clock.pending, 0);
        assert.equal(lines.at(-1)?.text, events.length === 0 ? undefined : `${events.length - 1}`);
        const withheld = lines.reduce((sum, line) => sum + Number(line.withheld ?? 0), 0);
        assert.equal(lines.length + withheld, events.length);
        for (const { at } of lines) {
          const near = lines.filter((line) => line.at >= at && line.at < at + pace.quietMs);
          assert.ok(near.length <= 3, `${near.length} lines within one while`);
        }
      }),
    );
  });
});
