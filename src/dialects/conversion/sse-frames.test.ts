import { deepEqual, equal } from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { genericEvents } from '../samples.ts';
import { SseFrames } from './sse-frames.ts';

/** What a listener hears of `bytes` cut at `cuts`. */
function heard(bytes: Uint8Array, cuts: readonly number[] = [], bytesMax?: number): string[] {
  const told: string[] = [];
  const frames = new SseFrames(
    {
      frame: (name, data) => told.push(`${name}|${data}`),
      ping: () => told.push('ping'),
      tooLarge: () => told.push('too large'),
    },
    bytesMax,
  );
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const read = Uint8Array.from(bytes.subarray(from, cut));
    frames.push(read);
    read.fill(0x3a);
    from = cut;
  }
  return told;
}

const heardText = (text: string): string[] => heard(Buffer.from(text));

describe('the frames of an event stream', () => {
  it('are cut at blank lines, with name and data', () => {
    deepEqual(heardText('event: a\ndata: 1\n\ndata:2\n\n'), ['a|1', '|2']);
  });

  it('end their lines in LF, CRLF or CR', () => {
    deepEqual(heardText('event: a\r\ndata: 1\r\n\r\ndata: 2\r\rdata: 3\n\n'), ['a|1', '|2', '|3']);
  });

  it('join several lines of data and take off one space', () => {
    deepEqual(heardText('data: a\ndata:  b\ndata:\n\n'), ['|a\n b\n']);
  });

  it('may begin with a byte order mark, which is no part of the first field', () => {
    deepEqual(heardText('\uFEFFdata: 1\n\ndata: \uFEFF2\n\n'), ['|1', '|\uFEFF2']);
  });

  it('tell of comments and events without data as signs of life', () => {
    deepEqual(heardText(': hi\n\nevent: ping\n\nid: 1\n\ndata: 1\n\n'), [
      'ping',
      'ping',
      'ping',
      '|1',
    ]);
  });

  it('forget the name of an event that had no data', () => {
    deepEqual(heardText('event: a\n\ndata: 1\n\n'), ['ping', '|1']);
  });

  it('do not tell an event whose blank line did not come', () => {
    deepEqual(heardText('data: 1\n\ndata: 2\n'), ['|1']);
  });

  it('know field names by case and in whole', () => {
    deepEqual(heardText('Data: 1\ndatas: 2\ndata: 3\n\n'), ['|3']);
  });

  it('stop at an event that is too large, on one line or many, cut or not', () => {
    const long = Buffer.from(`data: 1\n\ndata: ${'x'.repeat(100)}\n\ndata: 3\n\n`);
    const many = Buffer.from(`data: 1\n\n${'data: xxxx\n'.repeat(10)}\ndata: 3\n\n`);
    for (const bytes of [long, many]) {
      deepEqual(heard(bytes, [], 64), ['|1', 'too large']);
      const each = Array.from({ length: bytes.length - 1 }, (_, at) => at + 1);
      deepEqual(heard(bytes, each, 64), ['|1', 'too large']);
    }
    deepEqual(heard(Buffer.from('data: 1234\n\n'.repeat(20)), [], 64).length, 20);
  });

  it('do not depend on how the bytes were cut', () => {
    const texts = [
      genericEvents.join(''),
      genericEvents.join('').replaceAll('\n', '\r\n'),
      '\uFEFFevent: ä\r\ndata: 😀é\r\n\r\n: x\rdata: 1\r\r',
    ];
    for (const text of texts) {
      const bytes = Buffer.from(text);
      const whole = heard(bytes);
      for (let cut = 0; cut <= bytes.length; cut += 1) deepEqual(heard(bytes, [cut]), whole);
      const each = Array.from({ length: bytes.length }, (_, at) => at);
      deepEqual(heard(bytes, each), whole);
    }
  });

  it('are the same for any bytes in any pieces', () => {
    const line = fc.constantFrom(
      'data: a',
      'data',
      'event: e',
      ': c',
      '',
      '\uFEFF',
      'é😀',
      'data:',
    );
    const end = fc.constantFrom('\n', '\r\n', '\r');
    const stream = fc.array(fc.tuple(line, end), { maxLength: 20 });
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 8 }), (lines, places) => {
        const bytes = Buffer.from(lines.flat().join(''));
        const cuts = places.map((place) => Math.min(place, bytes.length)).toSorted((a, b) => a - b);
        deepEqual(heard(bytes, cuts), heard(bytes));
      }),
    );
  });

  it('keep a long line that comes in many reads', () => {
    const bytes = Buffer.from(`data: ${'é'.repeat(100_000)}\n\n`);
    const cuts = Array.from({ length: 40 }, (_, at) => at * 5000 + 1);
    equal(heard(bytes, cuts)[0]?.length, 100_001);
  });
});
