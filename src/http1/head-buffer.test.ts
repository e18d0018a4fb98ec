import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { HeadBuffer } from './head-buffer.ts';

const limits = { headBytes: 200, fields: 16 };
const HEAD = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

/** Feeds pieces through one reused buffer that is wiped after each call, as reads are. */
function feedAll(
  buffer: HeadBuffer,
  pieces: readonly string[],
): { head: string; rest: string } | number {
  const lent = Buffer.alloc(4096);
  for (const [index, piece] of pieces.entries()) {
    lent.fill(0x0a);
    const end = 3 + lent.write(piece, 3, 'latin1');
    const past = buffer.feed(lent, 3, end);
    if (past === -2) return -2;
    if (past === -1) continue;
    assert.ok(past > 3 && past <= end);
    const rest = lent.toString('latin1', past, end) + pieces.slice(index + 1).join('');
    return { head: buffer.bytes.toString('latin1', buffer.from, buffer.to), rest };
  }
  return -1;
}

describe('a head buffer', () => {
  test('uses a whole head where it lies', () => {
    const buffer = new HeadBuffer(limits);
    const chunk = Buffer.from(`${HEAD}body`);
    assert.equal(buffer.feed(chunk, 0, chunk.length), HEAD.length);
    assert.equal(buffer.bytes, chunk);
    assert.deepEqual([buffer.from, buffer.to], [0, HEAD.length]);
    assert.equal(buffer.empty, true);
  });

  test('finds the same head at every split', () => {
    for (const before of ['', '\r\n']) {
      for (let at = 0; at <= before.length + HEAD.length; at += 1) {
        const text = `${before}${HEAD}next`;
        const pieces = [text.slice(0, at), text.slice(at)];
        assert.deepEqual(feedAll(new HeadBuffer(limits), pieces), { head: HEAD, rest: 'next' });
      }
      const bytes = `${before}${HEAD}`.split('');
      assert.deepEqual(feedAll(new HeadBuffer(limits), bytes), { head: HEAD, rest: '' });
    }
  });

  test('finds heads of every length and offset', () => {
    for (let length = 0; length < 40; length += 1) {
      const text = `${'a'.repeat(length)}\r\n\r\n`;
      const found = feedAll(new HeadBuffer(limits, false), [`${text}\r\n\r\nmore`]);
      // Without a token in front the bytes cannot become a head; they go to the parser at once.
      if (length === 0) assert.ok(typeof found !== 'number');
      else assert.deepEqual(found, { head: text, rest: '\r\n\r\nmore' });
    }
  });

  test('takes one head after another, whole or in pieces', () => {
    const buffer = new HeadBuffer(limits);
    for (const text of [HEAD, `\r\n${HEAD}`, HEAD, `\r\n${HEAD}`]) {
      assert.deepEqual(feedAll(buffer, [text]), { head: HEAD, rest: '' });
      assert.deepEqual(feedAll(buffer, [text.slice(0, 9), text.slice(9)]), {
        head: HEAD,
        rest: '',
      });
    }
  });

  test('is empty until a byte of a head is held', () => {
    const buffer = new HeadBuffer(limits);
    assert.equal(buffer.empty, true);
    feedAll(buffer, ['\r\n']);
    assert.equal(buffer.empty, true);
    feedAll(buffer, ['G']);
    assert.equal(buffer.empty, false);
    buffer.reset();
    assert.equal(buffer.empty, true);
    assert.equal(buffer.bytes.length, 0);
    assert.deepEqual(feedAll(buffer, [HEAD]), { head: HEAD, rest: '' });
  });

  test('hands over at once what can no longer become a head', () => {
    for (const text of [
      '\x16\x03\x01',
      '\r\n\r\n',
      '\n',
      ' GET',
      '\r\r',
      'GET /\nHost: h\n\n',
      'A\r\n\n',
    ]) {
      assert.notEqual(
        typeof feedAll(new HeadBuffer(limits), [text]),
        'number',
        JSON.stringify(text),
      );
      assert.notEqual(
        typeof feedAll(new HeadBuffer(limits), text.split('')),
        'number',
        JSON.stringify(text),
      );
    }
  });

  test('skips no empty line when told so', () => {
    const found = feedAll(new HeadBuffer(limits, false), ['\r', `\n${HEAD}`]);
    assert.notDeepEqual(found, { head: HEAD, rest: '' });
    assert.ok(typeof found !== 'number' && found.head.startsWith('\r'));
  });

  test('refuses a head over the limit at every split, and never one below it', () => {
    for (const [length, outcome] of [
      [200, 'head'],
      [201, -2],
      [400, -2],
    ] as const) {
      const text = `X: ${'a'.repeat(length - 7)}\r\n\r\n`;
      assert.equal(text.length, length);
      for (const pieces of [[text], [text.slice(0, 199), text.slice(199)], text.split('')]) {
        const found = feedAll(new HeadBuffer(limits), pieces);
        assert.deepEqual(found, outcome === 'head' ? { head: text, rest: '' } : outcome);
      }
    }
  });

  test('refuses a head that grows without end as soon as it is over the limit', () => {
    const buffer = new HeadBuffer(limits);
    const chunk = Buffer.alloc(100, 'a');
    assert.equal(buffer.feed(chunk, 0, 100), -1);
    assert.equal(buffer.feed(chunk, 0, 100), -1);
    assert.equal(buffer.feed(chunk, 0, 1), -2);
    assert.equal(buffer.feed(Buffer.alloc(100_000, 'a'), 0, 100_000), -2);
  });

  test('finds the first head however the bytes are cut', () => {
    const byte = fc.constantFrom('\r\n', 'a', 'b: c\r\n', '\r\n\r\n', 'X');
    const text = fc.string({ unit: byte, maxLength: 12 }).map((tail) => `A${tail}`);
    fc.assert(
      fc.property(text, fc.array(fc.nat(40), { maxLength: 5 }), (whole, cuts) => {
        const places = [0, ...cuts.map((at) => Math.min(at, whole.length)), whole.length];
        places.sort((a, b) => a - b);
        const pieces = places.slice(1).map((at, index) => whole.slice(places[index], at));
        const end = whole.indexOf('\r\n\r\n');
        const expected =
          end < 0 ? -1 : { head: whole.slice(0, end + 4), rest: whole.slice(end + 4) };
        assert.deepEqual(feedAll(new HeadBuffer(limits), pieces), expected);
      }),
    );
  });
});
