// The fast searches find what the plain ones find, at any alignment and length.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { closingQuote, leadOf, lineEnd, NO_WORDS, wordsOf } from './line-end.ts';

/** `text` at an offset into a larger buffer, with line ends and quotes behind it. */
function placed(text: Uint8Array, offset: number): Uint8Array {
  const whole = new Uint8Array(text.length + offset + 200).fill(10);
  whole.fill(34, offset + text.length + 100);
  whole.set(text, offset);
  return whole.subarray(offset % 7);
}

function plainClosingQuote(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; at += 1) {
    if (bytes[at] === 34) return at;
    if (bytes[at] === 92) at += 1;
    if (at === to) return to + 1;
  }
  return to;
}

const near = fc.constantFrom(9, 10, 11, 13, 14, 32, 34, 92, 92, 97, 128, 138, 141, 162, 255);
const texts = fc.array(fc.oneof({ weight: 9, arbitrary: fc.constant(97) }, near), {
  maxLength: 300,
});

describe('the search for a line end', () => {
  it('finds the first LF or CR and nothing else', () => {
    fc.assert(
      fc.property(texts, fc.nat({ max: 20 }), fc.nat({ max: 30 }), (text, offset, skip) => {
        const bytes = placed(Uint8Array.from(text), offset);
        const start = offset - (offset % 7);
        const to = start + text.length;
        const from = Math.min(start + skip, to);
        const rest = bytes.subarray(from, to);
        const found = rest.findIndex((byte) => byte === 10 || byte === 13);
        const expected = found < 0 ? to : from + found;
        assert.equal(lineEnd(bytes, from, to, wordsOf(bytes), leadOf(bytes)), expected);
        assert.equal(lineEnd(bytes, from, to, NO_WORDS, 0), expected);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('the search for a closing quote', () => {
  it('passes over escapes and tells when a text goes on', () => {
    const long = fc
      .tuple(texts, fc.constantFrom(0, 500), texts)
      .map(([a, gap, b]) => [
        ...a.filter((byte) => gap === 0 || byte !== 34),
        ...Array.from({ length: gap }, () => 120),
        ...b,
      ]);
    fc.assert(
      fc.property(long, fc.nat({ max: 20 }), (text, offset) => {
        const bytes = placed(Uint8Array.from(text), offset);
        const from = offset - (offset % 7);
        const to = from + text.length;
        const expected = plainClosingQuote(bytes, from, to);
        assert.equal(closingQuote(bytes, from, to, wordsOf(bytes), leadOf(bytes)), expected);
        assert.equal(closingQuote(bytes, from, to, NO_WORDS, 0), expected);
      }),
      { numRuns: 3000 },
    );
  });
});
