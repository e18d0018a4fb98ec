import { equal, notEqual, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { piecesOf, Prose } from './prose.ts';

describe('prose', () => {
  it('has exactly as many pieces as asked for', () => {
    for (const count of [0, 1, 7, 500]) {
      equal([...new Prose(3, count, 'speech')].length, count);
    }
  });

  it('reads the same each time, and otherwise for another seed', () => {
    const prose = new Prose(3, 60, 'speech');
    const text = [...prose].join('');
    equal([...prose].join(''), text);
    notEqual([...new Prose(4, 60, 'speech')].join(''), text);
    ok(/^[^ ].*[.?] [A-Z]/.test(text), text);
  });

  it('holds characters of several bytes, so that streams are cut inside them', () => {
    const text = [...new Prose(1, 2000, 'speech')].join('');
    ok(/[\u0080-\u07ff]/.test(text) && /[\u0800-\uffff]/.test(text));
  });

  it('cuts any text into pieces that join to it again, never inside a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const pieces = piecesOf(text);
        equal(pieces.join(''), text);
        for (const piece of pieces) ok(piece.isWellFormed() && piece !== '');
      }),
    );
  });
});
