import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MemberSearch, countAt, memberNames, plainTextAt } from './top-level-member.ts';

const names = memberNames(['max', 'max_output'], '_tokens');

function found(text: string, whole: boolean = true): number {
  const bytes = Buffer.from(text);
  const at = new MemberSearch(bytes, names, whole).next();
  return at < 0 ? -1 : countAt(bytes, at);
}

const long = 'x'.repeat(500);

describe('a member of the top object', () => {
  const table: readonly (readonly [name: string, text: string, count: number])[] = [
    ['stands first', '{"max_tokens":5,"a":1}', 5],
    ['stands last', `{"a":"${long}","max_tokens":6}`, 6],
    ['stands in the middle', `{"a":"${long}","max_tokens":7,"b":"${long}"}`, 7],
    ['has space around it', '{ "max_tokens" :\n\t 8 }', 8],
    ['is the only one', '{"max_tokens":9}', 9],
    ['comes after others of its name that are nested', `{"a":{"max_tokens":1},"max_tokens":2}`, 2],
    ['comes before nested ones', `{"max_tokens":3,"a":[{"max_tokens":1}],"b":"${long}"}`, 3],
    ['is there twice', '{"max_tokens":1,"max_tokens":2}', 1],
    ['is nested only', `{"a":[{"max_tokens":1}]}`, -1],
    ['is nested only, near the end', `{"m":"${long}","a":[{"b":{"max_tokens":1}}]}`, -1],
    ['is nested in a list only', `[{"max_tokens":1}]`, -1],
    ['is a value', '{"a":"max_tokens","b":4}', -1],
    ['is text in quotes', String.raw`{"a":"say \"max_tokens\":5 and"}`, -1],
    ['is text that ends in its name', String.raw`{"a\"max_tokens":5}`, -1],
    [
      'is text that ends in its name, near the end',
      String.raw`{"m":"${long}","a\"max_tokens":5}`,
      -1,
    ],
    ['stands after brackets in a text', `{"a":"}}}]]{","max_tokens":4}`, 4],
    ['stands before brackets in a text', `{"max_tokens":4,"a":"{{{${long}"}`, 4],
    ['stands after an escaped quote', String.raw`{"a":"\"\\","max_tokens":4}`, 4],
    ['has the other name', '{"max_output_tokens":11}', 11],
    ['comes after a longer name', '{"min_max_tokens":1,"max_tokens":12}', 12],
    ['has a name that is longer', '{"xmax_tokens":5}', -1],
    ['is no number', '{"max_tokens":null}', -1],
    ['is a text', '{"max_tokens":"12"}', -1],
    ['is negative', '{"max_tokens":-5}', -1],
    ['is beyond all counts', '{"max_tokens":1234567890123456}', -1],
    ['is missing', '{"max":1}', -1],
    ['is in no object', '"max_tokens":5', -1],
    ['is in nothing', '', -1],
  ];
  for (const [name, text, count] of table) {
    it(`${count < 0 ? 'is not found where it' : 'is found where it'} ${name}`, () => {
      assert.equal(found(text), count);
    });
  }

  it('is found in the front of a body that is not whole', () => {
    assert.equal(found(`{"max_tokens":5,"messages":[{"con`, false), 5);
    assert.equal(found(`{"messages":[{"content":"${long}"}],"max_tokens":5`, false), 5);
    assert.equal(found(`{"messages":[{"content":"${long}","max_tokens":5`, false), -1);
  });

  it('is found with each of its names, one after the other', () => {
    const bytes = Buffer.from('{"max_tokens":null,"a":{"max_tokens":1},"max_output_tokens":7}');
    const search = new MemberSearch(bytes, names, true);
    assert.equal(countAt(bytes, search.next()), -1);
    assert.equal(countAt(bytes, search.next()), 7);
    assert.equal(search.next(), -1);
  });

  it('is what a parser finds, in any JSON', () => {
    const word = fc.constantFrom('max_tokens', 'a', 'b"max_tokens"', '{', ']', '\\', '\\"');
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.nat({ max: 99 }),
        word,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(word, tie('value'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(word, value, { maxKeys: 6 }), fc.nat({ max: 3 }), (json, space) => {
        const { max_tokens: expected } = json;
        const count = typeof expected === 'number' ? expected : -1;
        assert.equal(found(JSON.stringify(json, undefined, space)), count);
      }),
      { numRuns: 500 },
    );
  });

  it('never reads beyond the bytes, whatever they are', () => {
    const pieces = fc.constantFrom(
      '"max_tokens"',
      '"',
      ':',
      '{',
      '}',
      '[',
      ']',
      '\\',
      ' ',
      '1',
      ',',
      'x',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), fc.boolean(), (text, whole) => {
        const bytes = Buffer.from(text.join(''));
        const search = new MemberSearch(bytes, names, whole);
        for (let at = search.next(); at >= 0; at = search.next()) {
          assert.ok(at <= bytes.length);
          assert.ok(countAt(bytes, at) >= -1);
        }
      }),
    );
  });

  it('is read as text where it is a plain one', () => {
    const read = (text: string): string | undefined => plainTextAt(Buffer.from(text), 0, 10);
    assert.equal(read('"gpt-5.2"'), 'gpt-5.2');
    assert.equal(read('""'), undefined);
    assert.equal(read('5'), undefined);
    assert.equal(read('"unclosed'), undefined);
    assert.equal(read('"0123456789"'), '0123456789');
    assert.equal(read('"0123456789a"'), undefined);
    assert.equal(read(String.raw`"a\"b"`), undefined);
    assert.equal(read('"naïve"'), undefined);
  });
});
