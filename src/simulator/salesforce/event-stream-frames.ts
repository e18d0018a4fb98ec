// Writes messages of `application/vnd.amazon.eventstream`, as the simulated upstreams send them.
// Knows nothing of the gateway's reader of the same format, so that each can find out the other's
// mistakes.

import { crc32 } from 'node:zlib';

/** A header with its type; a plain text stands for `string`. */
export type FrameHeader =
  | string
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'byte' | 'short' | 'int'; readonly value: number }
  | { readonly kind: 'long' | 'timestamp'; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'string' | 'uuid'; readonly value: string };

const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;

/** One whole message. Throws on names and texts that are too long for the format. */
export function eventStreamFrame(
  headers: Readonly<Record<string, FrameHeader>>,
  payload: Uint8Array,
): Buffer {
  const fields = Object.entries(headers).map(([name, value]) => headerBytes(name, value));
  const block = Buffer.concat(fields);
  const total = PRELUDE_BYTES + block.length + payload.length + CHECKSUM_BYTES;
  const frame = Buffer.alloc(total);
  frame.writeUInt32BE(total, 0);
  frame.writeUInt32BE(block.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  frame.set(block, PRELUDE_BYTES);
  frame.set(payload, PRELUDE_BYTES + block.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, total - CHECKSUM_BYTES)), total - CHECKSUM_BYTES);
  return frame;
}

/** The frame that carries one event of a model, given as JSON text. */
export function chunkFrame(eventJson: string): Buffer {
  const payload = JSON.stringify({ bytes: Buffer.from(eventJson).toString('base64') });
  const headers = {
    ':event-type': 'chunk',
    ':content-type': 'application/json',
    ':message-type': 'event',
  };
  return eventStreamFrame(headers, Buffer.from(payload));
}

/** The frame that ends a stream by an exception, for example `throttlingException`. */
export function exceptionFrame(type: string, message: string): Buffer {
  const headers = {
    ':exception-type': type,
    ':content-type': 'application/json',
    ':message-type': 'exception',
  };
  return eventStreamFrame(headers, Buffer.from(JSON.stringify({ message })));
}

function headerBytes(name: string, header: FrameHeader): Buffer {
  const nameBytes = Buffer.from(name);
  if (nameBytes.length < 1 || nameBytes.length > 255) throw new RangeError(`header name ${name}`);
  return Buffer.concat([Buffer.of(nameBytes.length), nameBytes, valueBytes(header)]);
}

function valueBytes(header: FrameHeader): Buffer {
  if (typeof header === 'string') return sized(7, Buffer.from(header));
  switch (header.kind) {
    case 'boolean':
      return Buffer.of(header.value ? 0 : 1);
    case 'byte':
      return Buffer.of(2, header.value & 0xff);
    case 'short': {
      const bytes = Buffer.of(3, 0, 0);
      bytes.writeInt16BE(header.value, 1);
      return bytes;
    }
    case 'int': {
      const bytes = Buffer.of(4, 0, 0, 0, 0);
      bytes.writeInt32BE(header.value, 1);
      return bytes;
    }
    case 'long':
    case 'timestamp': {
      const bytes = Buffer.alloc(9);
      bytes[0] = header.kind === 'long' ? 5 : 8;
      bytes.writeBigInt64BE(header.value, 1);
      return bytes;
    }
    case 'bytes':
      return sized(6, header.value);
    case 'string':
      return sized(7, Buffer.from(header.value));
    case 'uuid':
      return Buffer.concat([Buffer.of(9), Buffer.from(header.value.replaceAll('-', ''), 'hex')]);
  }
}

function sized(type: number, bytes: Uint8Array): Buffer {
  const head = Buffer.of(type, 0, 0);
  head.writeUInt16BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
