import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BufferBudget } from '../../core/replay-body.ts';
import { Tape } from './tape.ts';

function readAll(tape: Tape, from: number): string {
  let text = '';
  for (let at = from; at < tape.end;) {
    const bytes = tape.read(at);
    text += Buffer.from(bytes).toString('latin1');
    at += bytes.length;
  }
  return text;
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('a tape', () => {
  it('gives back any part of what it holds, however it came', () => {
    const piece = fc.string({
      unit: fc.constantFrom('a', 'b', 'c'),
      minLength: 1,
      maxLength: 3000,
    });
    const property = fc.property(fc.array(piece, { maxLength: 30 }), fc.nat(), (pieces, seed) => {
      const tape = new Tape(1024 * 1024, new BufferBudget(1024 * 1024));
      let whole = '';
      for (const text of pieces) {
        tape.append(bytes(text));
        whole += text;
      }
      const from = whole.length === 0 ? 0 : seed % whole.length;
      equal(readAll(tape, from), whole.slice(from));
      tape.dropBefore(from);
      equal(tape.start <= from, true);
      equal(readAll(tape, from), whole.slice(from));
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('holds exactly as much as it may, and refuses a piece as a whole', () => {
    const budget = new BufferBudget(1024 * 1024);
    const tape = new Tape(5_000, budget);
    equal(tape.append(bytes('x'.repeat(4_990))), true);
    equal(tape.append(bytes('y'.repeat(11))), false);
    deepEqual([tape.end, tape.append(bytes('z'.repeat(10)))], [4_990, true]);
    equal(readAll(tape, 4_985), 'xxxxxzzzzzzzzzz');
    deepEqual([tape.capacity, budget.usedBytes], [5_000, 5_000]);
  });

  it('takes nothing that the budget of all does not have', () => {
    const budget = new BufferBudget(3_000);
    const tape = new Tape(10_000, budget);
    equal(tape.append(bytes('x')), true);
    equal(tape.append(bytes('y'.repeat(2_048))), false);
    deepEqual([tape.end, budget.usedBytes], [1, 2_048]);
    tape.appendBeyond(bytes('y'.repeat(2_048)));
    deepEqual([tape.end, budget.usedBytes], [2_049, 2_049]);
    equal(readAll(tape, 0), `x${'y'.repeat(2_048)}`);
    tape.clear();
    equal(budget.usedBytes, 0);
  });

  it('grows in steps that follow what it holds', () => {
    const tape = new Tape(1024 * 1024, new BufferBudget(1024 * 1024));
    const sizes = new Set<number>();
    for (let count = 0; count < 300; count += 1) {
      tape.append(bytes('x'.repeat(1_000)));
      sizes.add(tape.capacity / 1024);
    }
    deepEqual([...sizes].slice(0, 6), [2, 4, 8, 16, 32, 64]);
    equal(tape.capacity - tape.end < 64 * 1024, true);
  });

  it('gives memory back as it is left behind, and counts on', () => {
    const budget = new BufferBudget(1024 * 1024);
    const tape = new Tape(1024 * 1024, budget);
    for (let count = 0; count < 100; count += 1) tape.append(bytes('x'.repeat(1_024)));
    tape.dropBefore(99 * 1024);
    equal(budget.usedBytes <= 64 * 1024, true);
    equal(tape.read(99 * 1024).length, 1024);
    throws(() => tape.read(0), RangeError);
    tape.dropBefore(tape.end);
    deepEqual([budget.usedBytes, tape.start, tape.end], [0, 102_400, 102_400]);
    tape.append(bytes('later'));
    deepEqual([tape.start, readAll(tape, 102_400)], [102_400, 'later']);
  });
});
