import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { chunkFrame, eventStreamFrame } from '../../simulator/salesforce/event-stream-frames.ts';
import type { FrameHeader } from '../../simulator/salesforce/event-stream-frames.ts';
import { EventStreamDecoder } from './aws-event-stream.ts';
import type { EventStreamFault } from './aws-event-stream.ts';
import { readEventHeaders } from './event-stream-headers.ts';

interface Heard {
  readonly messages: { headers: Record<string, unknown>; payload: string }[];
  readonly faults: EventStreamFault[];
  readonly midMessage: boolean;
}

/** Decodes `parts`, spoiling each after it was lent. */
function decode(parts: readonly Uint8Array[], bytesMax?: number): Heard {
  const messages: Heard['messages'] = [];
  const faults: EventStreamFault[] = [];
  const decoder = new EventStreamDecoder(
    {
      message(headers, payload) {
        const plain: Record<string, unknown> = {};
        for (const [name, { value }] of headers) {
          plain[name] = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
        }
        messages.push({ headers: plain, payload: Buffer.from(payload).toString('latin1') });
      },
      broken: (fault) => faults.push(fault),
    },
    bytesMax,
  );
  for (const part of parts) {
    const lent = Uint8Array.from(part);
    decoder.push(lent);
    lent.fill(0xee);
  }
  return { messages, faults, midMessage: decoder.midMessage };
}

const vector = (base64: string): Buffer => Buffer.from(base64, 'base64');

/** Frames made by another implementation of the format, with every type of header. */
const vectors = {
  empty: vector('AAAAEAAAAAAFwkjrfZjI/w=='),
  payload: vector('AAAAHQAAAAD9Uoxaeydmb28nOidiYXInfcNlOTY='),
  allTypes: vector(
    'AAAAzAAAAK8PrmTKCmV2ZW50LXR5cGUEAACgDAxjb250ZW50LXR5cGUHABBhcHBsaWNhdGlvbi9qc29uCmJvb2wg' +
      'ZmFsc2UBCWJvb2wgdHJ1ZQAEYnl0ZQLPCGJ5dGUgYnVmBgAUSSdtIGEgbGl0dGxlIHRlYXBvdCEJdGltZXN0YW1w' +
      'CAAAAAAAhF/tBWludDE2AwAqBWludDY0BQAAAAACh1eyBHV1aWQJAQIDBAUGBwgJCgsMDQ4PEHsnZm9vJzonYmFyJ3' +
      '2rpfEM',
  ),
};

const sample = Buffer.concat([
  chunkFrame('{"type":"message_start"}'),
  vectors.empty,
  chunkFrame('{"type":"content_block_delta","delta":{"text":"é 🦀"}}'),
]);

describe('a decoder of AWS event streams', () => {
  it('reads what other implementations write', () => {
    deepEqual(decode([vectors.empty]).messages, [{ headers: {}, payload: '' }]);
    deepEqual(decode([vectors.payload]).messages, [{ headers: {}, payload: "{'foo':'bar'}" }]);
    deepEqual(decode([vectors.allTypes]).messages, [
      {
        headers: {
          'event-type': 40_972,
          'content-type': 'application/json',
          'bool false': false,
          'bool true': true,
          byte: -49,
          'byte buf': "I'm a little teapot!",
          timestamp: 8_675_309n,
          int16: 42,
          int64: 42_424_242n,
          uuid: '01020304-0506-0708-090a-0b0c0d0e0f10',
        },
        payload: "{'foo':'bar'}",
      },
    ]);
  });

  it('finds the same messages at every split into two and three', () => {
    const whole = decode([sample]);
    equal(whole.messages.length, 3);
    deepEqual(whole.faults, []);
    for (let first = 0; first <= sample.length; first += 1) {
      deepEqual(decode([sample.subarray(0, first), sample.subarray(first)]), whole, `${first}`);
      const second = Math.min(sample.length, first + 13);
      const parts = [
        sample.subarray(0, first),
        sample.subarray(first, second),
        sample.subarray(second),
      ];
      deepEqual(decode(parts), whole, `${first} and ${second}`);
    }
    deepEqual(decode(Array.from(sample, (byte) => Uint8Array.of(byte))), whole);
  });

  it('finds the corruption of any single bit', () => {
    const frame = chunkFrame('{"type":"ping"}');
    for (let place = 0; place < frame.length; place += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const bad = Buffer.from(frame);
        bad[place] = (bad[place] ?? 0) ^ (1 << bit);
        const heard = decode([bad]);
        equal(heard.messages.length, 0, `byte ${place}, bit ${bit}`);
        equal(heard.faults.length, 1, `byte ${place}, bit ${bit}`);
      }
    }
  });

  it('reports nothing after a fault', () => {
    const bad = Buffer.from(sample);
    bad[40] = (bad[40] ?? 0) ^ 1;
    const heard = decode([bad, sample]);
    deepEqual(heard, { messages: [], faults: ['message-checksum'], midMessage: false });
  });

  it('knows when a body ends inside a message', () => {
    for (let end = 1; end < vectors.payload.length; end += 1) {
      const heard = decode([vectors.payload.subarray(0, end)]);
      deepEqual(heard, { messages: [], faults: [], midMessage: true }, `${end}`);
    }
    equal(decode([vectors.payload]).midMessage, false);
  });

  it('refuses a message over the limit when its length is known, not when it has come', () => {
    const frame = eventStreamFrame({}, new Uint8Array(1_000));
    equal(decode([frame], 1_016).messages.length, 1);
    deepEqual(decode([frame.subarray(0, 12)], 1_015).faults, ['too-large']);
    const huge = Buffer.alloc(1_000, 0);
    huge.writeUInt32BE(0xffff_ffff, 0);
    deepEqual(decode([huge]).faults, ['prelude-checksum']);
  });

  it('refuses headers that are longer than their message, and unknown types', () => {
    for (const block of ['0100', '016107ffff61', '01610a', '0007000161', '016107000180', '0161']) {
      equal(readEventHeaders(Buffer.from(block, 'hex')), undefined, block);
    }
    ok(readEventHeaders(Buffer.from('016107000162016300', 'hex')) !== undefined);
  });

  it('never throws on random bytes, and delivers nothing from them', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 });
    fc.assert(
      fc.property(parts, (bytes) => {
        equal(decode(bytes).messages.length, 0);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        readEventHeaders(bytes);
      }),
      { numRuns: 5_000 },
    );
  });
});

const int = (bits: number): fc.Arbitrary<number> =>
  fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

const anyHeader: fc.Arbitrary<FrameHeader> = fc.oneof(
  fc.string({ maxLength: 40, unit: 'grapheme' }),
  fc.record({ kind: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({ kind: fc.constant('byte' as const), value: int(8) }),
  fc.record({ kind: fc.constant('short' as const), value: int(16) }),
  fc.record({ kind: fc.constant('int' as const), value: int(32) }),
  fc.record({ kind: fc.constantFrom('long' as const, 'timestamp' as const), value: int64 }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 30 }) }),
  fc.record({ kind: fc.constant('uuid' as const), value: fc.uuid() }),
);

describe('frames that are written and read again', () => {
  it('keep their headers and payload at any split', () => {
    const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text !== '__proto__');
    const frames = fc.array(
      fc.record({
        headers: fc.dictionary(name, anyHeader, { maxKeys: 5, noNullPrototype: true }),
        payload: fc.uint8Array({ maxLength: 200 }),
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 6 }), (all, cuts) => {
        const bytes = Buffer.concat(
          all.map(({ headers, payload }) => eventStreamFrame(headers, payload)),
        );
        const places = cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b);
        const ends = [...places, bytes.length];
        const parts = ends.map((end, place) => bytes.subarray(ends[place - 1] ?? 0, end));
        const heard = decode(parts);
        deepEqual(heard.faults, []);
        deepEqual(
          heard.messages,
          all.map(({ headers, payload }) => ({
            headers: Object.fromEntries(
              Object.entries(headers).map(([key, value]) => [key, plainValue(value)]),
            ),
            payload: Buffer.from(payload).toString('latin1'),
          })),
        );
      }),
      { numRuns: 500 },
    );
  });
});

function plainValue(header: FrameHeader): unknown {
  if (typeof header === 'string') return header;
  const { value } = header;
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
}
