import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { FieldKind, HeaderList, MARKS_PER_FIELD } from './header-list.ts';

const name = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.stringMatching(/^([\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e])?)?$/);
const pairs = fc.array(fc.tuple(name, value), { maxLength: 12 });

/** A list as a parser leaves it when Connection names `x-hop`. */
function withNominated(): HeaderList {
  const list = HeaderList.of([
    ['Connection', 'x-hop'],
    ['X-Hop', 'secret'],
    ['X-End', 'fine'],
  ]);
  const marks = [...list.marks];
  marks[1 * MARKS_PER_FIELD + 4] = FieldKind.nominated;
  return new HeaderList(list.text, marks);
}

describe('header list', () => {
  it('keeps every field in its order and spelling', () => {
    fc.assert(
      fc.property(pairs, (given) => {
        const list = HeaderList.of(given);
        deepEqual([...list], given);
        equal(list.count, given.length);
      }),
    );
  });

  it('finds fields by lower-case name, the first or all of them', () => {
    fc.assert(
      fc.property(pairs, name, (given, wanted) => {
        const list = HeaderList.of(given);
        const lower = wanted.toLowerCase();
        const found = given.filter(([field]) => field.toLowerCase() === lower).map(([, v]) => v);
        deepEqual(list.all(lower), found);
        equal(list.get(lower), found[0]);
        equal(list.has(lower), found.length > 0);
      }),
    );
    const list = HeaderList.of([
      ['Set-Cookie', 'a'],
      ['x', 'y'],
      ['set-cookie', 'b'],
    ]);
    deepEqual(list.all('set-cookie'), ['a', 'b']);
    equal(list.get('set-cooki'), undefined);
  });

  it('is not changed by adding or taking away, which make new lists', () => {
    fc.assert(
      fc.property(pairs, name, value, (given, added, text) => {
        const list = HeaderList.of(given);
        const more = list.with(added, text);
        deepEqual([...more], [...given, [added, text]]);
        deepEqual([...list], given);
        const less = more.without(added.toLowerCase());
        deepEqual(
          [...less],
          given.filter(([field]) => field.toLowerCase() !== added.toLowerCase()),
        );
      }),
    );
  });

  it('forwards end-to-end fields only, as whole lines', () => {
    const list = HeaderList.of([
      ['Host', 'here'],
      ['Accept', 'text/plain'],
      ['X-One', '1'],
      ['Connection', 'close'],
      ['Keep-Alive', 'timeout=5'],
      ['X-Two', '2'],
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', '3'],
      ['TE', 'trailers'],
      ['Upgrade', 'h2c'],
      ['Trailer', 'x-sum'],
      ['Proxy-Connection', 'keep-alive'],
      ['Proxy-Authorization', 'Basic x'],
      ['Proxy-Authenticate', 'Basic'],
      ['Expect', '100-continue'],
      ['Authorization', 'Bearer t'],
    ]);
    equal(
      list.forwardable(),
      'Accept: text/plain\r\nX-One: 1\r\nX-Two: 2\r\nAuthorization: Bearer t\r\n',
    );
    equal(HeaderList.empty.forwardable(), '');
  });

  it('never forwards a field that Connection named, however the list was changed', () => {
    const list = withNominated();
    equal(list.forwardable(), 'X-End: fine\r\n');
    equal(list.with('X-New', '1').forwardable(), 'X-End: fine\r\nX-New: 1\r\n');
    equal(list.without('x-end').forwardable(), '');
    equal(list.without('x-end').with('X-New', '1').forwardable(), 'X-New: 1\r\n');
    equal(list.without('connection').forwardable(), 'X-End: fine\r\n');
  });

  it('refuses names and values that HTTP does not allow', () => {
    for (const bad of ['', 'a b', 'a:', 'a\r\n', 'ä', 'a\0']) {
      throws(() => HeaderList.of([[bad, 'x']]), /not a header name/);
    }
    for (const bad of ['a\r\nb: c', 'a\nb', 'a\0', 'a\u007f', 'a\u0001b']) {
      throws(() => HeaderList.of([['x', bad]]), /not a header value for x/);
    }
  });

  it('refuses characters that would become line ends when written as latin1', () => {
    // U+010D and U+010A lose their upper byte on the wire and leave CR and LF.
    for (const bad of ['a\u010d\u010ainjected: yes', '\u4e0a', '€']) {
      throws(() => HeaderList.of([['x', bad]]), /not a header value for x/);
    }
  });
});
