import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { ChunkScanner } from './chunk-scanner.ts';
import { chunkPrefix, LAST_CHUNK } from './serializer.ts';

interface Scanned {
  payload: string;
  rest: string;
  scanner: ChunkScanner;
}

/** Scans pieces, each at an offset in a buffer that is wiped after the call. */
function scanAll(pieces: readonly string[], scanner = new ChunkScanner()): Scanned {
  let payload = '';
  const lent = Buffer.alloc(200_000);
  for (const [index, piece] of pieces.entries()) {
    lent.fill(0x58);
    const end = 5 + lent.write(piece, 5, 'latin1');
    const past = scanner.scan(lent, 5, end);
    assert.ok(scanner.payloadStart >= 5 && scanner.payloadEnd <= past && past <= end);
    payload += lent.toString('latin1', scanner.payloadStart, scanner.payloadEnd);
    if (scanner.done) {
      const rest = lent.toString('latin1', past, end) + pieces.slice(index + 1).join('');
      return { payload, rest, scanner };
    }
    assert.equal(past, end);
    if (scanner.fault !== undefined) break;
  }
  return { payload, rest: '', scanner };
}

function encode(payloads: readonly string[], tail = LAST_CHUNK): string {
  return payloads.map((text) => `${chunkPrefix(text.length)}${text}\r\n`).join('') + tail;
}

describe('a chunk scanner', () => {
  test('moves all payload of one read together', () => {
    const { payload, rest, scanner } = scanAll([`${encode(['hello', ', ', 'world'])}next`]);
    assert.deepEqual([payload, rest], ['hello, world', 'next']);
    assert.equal(scanner.trailers, undefined);
    assert.equal(scanner.fault, undefined);
  });

  test('does not move the payload of a single chunk', () => {
    const bytes = Buffer.from('5\r\nhello\r\n');
    const before = Buffer.from(bytes);
    const scanner = new ChunkScanner();
    assert.equal(scanner.scan(bytes, 0, bytes.length), bytes.length);
    assert.deepEqual([scanner.payloadStart, scanner.payloadEnd], [3, 8]);
    assert.deepEqual(bytes, before);
  });

  test('has an empty payload when a read holds framing only', () => {
    const scanner = new ChunkScanner();
    for (const text of ['5', '\r', '\n']) {
      scanner.scan(Buffer.from(text), 0, 1);
      assert.equal(scanner.payloadEnd - scanner.payloadStart, 0);
    }
  });

  test('reads the same at every split into two, and byte by byte', () => {
    const chunks = '5;a="b\\"c";d=e;f\r\nhello\r\n00A\r\n0123456789\r\n';
    const text = `${chunks}0;x\r\nX-Sum: 1\r\nY: 2\r\n\r\nnext`;
    const splits = Array.from(text, (_, at) => [text.slice(0, at), text.slice(at)]);
    for (const pieces of [[text], text.split(''), ...splits]) {
      const { payload, rest, scanner } = scanAll(pieces);
      assert.deepEqual([payload, rest], ['hello0123456789', 'next']);
      assert.deepEqual(
        [...(scanner.trailers ?? [])],
        [
          ['X-Sum', '1'],
          ['Y', '2'],
        ],
      );
    }
  });

  test('gives back any payloads cut in any way', () => {
    const payloads = fc.array(fc.string({ minLength: 1, maxLength: 120 }), { maxLength: 12 });
    const cuts = fc.array(fc.nat(1500), { maxLength: 8 });
    fc.assert(
      fc.property(payloads, cuts, (texts, at) => {
        const latin1 = texts.map((text) => Buffer.from(text).toString('latin1'));
        const whole = `${encode(latin1)}GET`;
        const places = [0, ...at.map((place) => Math.min(place, whole.length)), whole.length];
        places.sort((a, b) => a - b);
        const pieces = places.slice(1).map((end, index) => whole.slice(places[index], end));
        const { payload, rest } = scanAll(pieces);
        assert.deepEqual([payload, rest], [latin1.join(''), 'GET']);
      }),
    );
  });

  test('reads a large read of many chunks', () => {
    const events = Array.from(
      { length: 600 },
      (_, at) => `data: ${at} ${'x'.repeat(at % 150)}\n\n`,
    );
    assert.equal(scanAll([encode(events)]).payload, events.join(''));
  });

  test('reads chunks larger than a read', () => {
    const big = 'abcdefgh'.repeat(10_000);
    const text = encode([big, 'z']);
    const { payload, scanner } = scanAll([text.slice(0, 70_000), text.slice(70_000)]);
    assert.equal(payload, `${big}z`);
    assert.equal(scanner.done, true);
  });

  test('accepts the largest safe size and waits for its payload', () => {
    const { payload, scanner } = scanAll(['1fffffffffffff\r\nab']);
    assert.equal(scanner.fault, undefined);
    assert.equal(payload, 'ab');
  });

  test('serves one body after another', () => {
    const scanner = new ChunkScanner();
    for (const tail of [LAST_CHUNK, '0\r\nX: 1\r\n\r\n', LAST_CHUNK]) {
      const { payload } = scanAll(['3\r\nab', `c\r\n${tail}`], scanner);
      assert.equal(payload, 'abc');
      assert.equal(scanner.trailers?.get('x'), tail === LAST_CHUNK ? undefined : '1');
      scanner.reset();
      assert.equal(scanner.done, false);
    }
  });

  test('can start over after a fault and after a body that was left', () => {
    const scanner = new ChunkScanner();
    for (const left of ['zz', '5\r\nhe', '5;a', '0\r\nX: ', '1f']) {
      scanAll([left], scanner);
      scanner.reset();
      const { payload } = scanAll([encode(['ok'], '0\r\nY: 1\r\n\r\n')], scanner);
      assert.equal(payload, 'ok');
      assert.deepEqual([...(scanner.trailers ?? [])], [['Y', '1']]);
      scanner.reset();
    }
  });

  test('consumes nothing after the end and nothing useful after a fault', () => {
    const scanner = new ChunkScanner();
    const bytes = Buffer.from(`${LAST_CHUNK}GET`);
    assert.equal(scanner.scan(bytes, 0, bytes.length), 5);
    assert.equal(scanner.scan(bytes, 5, bytes.length), 5);
    const broken = new ChunkScanner();
    assert.equal(scanAll(['2\r\nabX'], broken).payload, 'ab');
    assert.equal(broken.fault?.code, 'BAD_REQUEST');
    assert.equal(scanAll([encode(['later'])], broken).payload, '');
    assert.equal(broken.done, false);
    const late = scanAll(['0\r\n\rX']).scanner;
    assert.deepEqual([late.fault?.code, late.done], ['BAD_REQUEST', false]);
  });

  test('bounds an extension by its length and all of them by what they carry', () => {
    const outcome = (text: string): boolean => scanAll([text]).scanner.fault === undefined;
    assert.equal(outcome(`1;${'a'.repeat(255)}\r\nx\r\n`), true);
    assert.equal(outcome(`1;${'a'.repeat(256)}\r\nx\r\n`), false);
    const signed = `100;${'s'.repeat(200)}\r\n${'x'.repeat(256)}\r\n`;
    assert.equal(outcome(signed.repeat(300)), true, 'extensions beside enough payload');
    const hollow = `1;${'s'.repeat(200)}\r\nx\r\n`;
    assert.equal(outcome(hollow.repeat(80)), true);
    const scanner = new ChunkScanner();
    for (let body = 0; body < 3; body += 1) {
      assert.equal(scanAll([hollow.repeat(80) + LAST_CHUNK], scanner).scanner.done, true);
      scanner.reset();
    }
    assert.equal(outcome(hollow.repeat(90)), false, 'extensions beside next to none');
  });
});

describe('trailers', () => {
  test('that could mislead stay on this hop, and the rest may go on', () => {
    const lines = ['X-Sum: 1', 'Authorization: a', 'Set-Cookie: b', 'Content-Type: d'];
    lines.push('Keep-Alive: e', 'TE: trailers', 'Trailer: x', 'Server-Timing: f');
    const { scanner } = scanAll([`0\r\n${lines.join('\r\n')}\r\n\r\n`]);
    assert.equal(scanner.trailers?.forwardable(), 'X-Sum: 1\r\nServer-Timing: f\r\n');
    assert.equal(scanner.trailers?.count, 8);
  });

  test('have limits of their own', () => {
    const small = { headBytes: 30, fields: 2 };
    const code = (text: string): string | undefined =>
      scanAll([text], new ChunkScanner(small)).scanner.fault?.code;
    assert.equal(code('0\r\nA: 1\r\nB: 2\r\n\r\n'), undefined);
    assert.equal(code('0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n'), 'HEAD_TOO_LARGE');
    assert.equal(code(`0\r\nA: ${'1'.repeat(30)}\r\n\r\n`), 'HEAD_TOO_LARGE');
    assert.equal(code(`0\r\nA: ${'1'.repeat(30)}`), 'HEAD_TOO_LARGE');
  });
});
