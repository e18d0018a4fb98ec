import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { structuredList } from './structured-list.ts';

function plain(text: string): unknown {
  return structuredList(text)?.map(({ value, params }) => [value, Object.fromEntries(params)]);
}

describe('a structured list', () => {
  const table: readonly (readonly [text: string, items: unknown])[] = [
    ['"default";r=50;t=30', [['default', { r: 50, t: 30 }]]],
    ['default;r=50', [['default', { r: 50 }]]],
    [
      '"a";q=10;w=1, "b";q=5000;w=86400',
      [
        ['a', { q: 10, w: 1 }],
        ['b', { q: 5_000, w: 86_400 }],
      ],
    ],
    ['"a" ; r=1', undefined],
    ['"a"; r=1;  t=2', [['a', { r: 1, t: 2 }]]],
    ['"a";pk=:dXNlcg==:;r=1', [['a', { pk: ':dXNlcg==:', r: 1 }]]],
    ['"a";pk="user 1";qu="content-bytes"', [['a', { pk: 'user 1', qu: 'content-bytes' }]]],
    ['"a";qu=requests', [['a', { qu: 'requests' }]]],
    ['"a";flag;r=1', [['a', { flag: '', r: 1 }]]],
    ['"a";b=?1', [['a', { b: '?1' }]]],
    ['"a";r=-1', [['a', { r: -1 }]]],
    [String.raw`"a\"b\\c";r=1`, [['a"b\\c', { r: 1 }]]],
    ['"a";r=1;r=2', [['a', { r: 2 }]]],
    ['  "a"  ', [['a', {}]]],
    [
      '"a"\t,\t"b"',
      [
        ['a', {}],
        ['b', {}],
      ],
    ],
    ['', undefined],
    ['"a', undefined],
    ['"a";', undefined],
    ['"a";r=', undefined],
    ['"a";r=1.5', [['a', { r: 1.5 }]]],
    ['"a";r=1.2345', undefined],
    ['"a";r=1.', undefined],
    ['"a";r=12345678901234567', undefined],
    ['"a";R=1', undefined],
    ['"a",', undefined],
    [',"a"', undefined],
    ['"a" "b"', undefined],
    ['"fixed window";"resolvers";q=3000;w=300', undefined],
    ['100;w=60', undefined],
    ['"é";r=1', undefined],
    ['("a" "b");r=1', undefined],
    ['"a\u0000"', undefined],
  ];
  for (const [text, items] of table) {
    const does = items === undefined ? 'is not read from' : 'is read from';
    it(`${does} ${JSON.stringify(text)}`, () => assert.deepEqual(plain(text), items));
  }

  it('is not read when it is too long to be meant', () => {
    assert.equal(structuredList(`"a";p="${'x'.repeat(2_048)}"`), undefined);
    assert.equal(structuredList(Array(17).fill('"a";r=1').join(', ')), undefined);
    assert.equal(structuredList(Array(16).fill('"a";r=1').join(', '))?.length, 16);
  });
});
