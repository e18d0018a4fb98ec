import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { credentialEdit, HeaderEdit } from './header-edit.ts';
import { HeaderList } from './header-list.ts';

const someNames = ['Accept-Encoding', 'authorization', 'X-Api-Key', 'host', 'a', 'Content-Length'];
const pairs = fc.array(fc.tuple(fc.constantFrom(...someNames), fc.stringMatching(/^[!-~]{0,8}$/)));

describe('header edit', () => {
  it('does the same as dropping and adding one by one, marks included', () => {
    fc.assert(
      fc.property(pairs, fc.subarray(someNames), pairs, (fields, dropped, added) => {
        const drop = dropped.map((name) => name.toLowerCase());
        const edited = new HeaderEdit(drop, added).apply(HeaderList.of(fields));
        const kept = fields.filter(([name]) => !drop.includes(name.toLowerCase()));
        const wanted = HeaderList.of([...kept, ...added]);
        assert.deepEqual([...edited], [...wanted]);
        assert.equal(edited.forwardable(), wanted.forwardable());
        for (const name of someNames) {
          assert.deepEqual(edited.all(name.toLowerCase()), wanted.all(name.toLowerCase()));
        }
      }),
    );
  });

  it('leaves the given list as it was', () => {
    const list = HeaderList.of([['cookie', 'a=b']]);
    credentialEdit([['authorization', 'Bearer x']]).apply(list);
    assert.deepEqual([...list], [['cookie', 'a=b']]);
  });

  it('puts stored credentials in place of every kind a caller may send', () => {
    const caller = HeaderList.of([
      ['Authorization', 'Bearer mine'],
      ['X-API-Key', 'mine'],
      ['Cookie', 'session=mine'],
      ['accept', '*/*'],
      ['x-api-key', 'mine too'],
    ]);
    const edited = credentialEdit([['x-api-key', 'stored']]).apply(caller);
    assert.deepEqual(
      [...edited],
      [
        ['accept', '*/*'],
        ['x-api-key', 'stored'],
      ],
    );
  });
});
