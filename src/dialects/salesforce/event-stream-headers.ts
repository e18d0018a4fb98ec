// The headers of one event-stream message: names with typed values. Refuses, instead of guessing,
// whatever does not fit its length. Source of the layout: the public description of AWS's
// `application/vnd.amazon.eventstream` (u8 name length, name, u8 type, value; all big-endian).

/** One value as it was typed. `long` and `timestamp` (ms since the epoch) have 64 bits. */
export type EventHeaderValue =
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'byte' | 'short' | 'int'; readonly value: number }
  | { readonly kind: 'long' | 'timestamp'; readonly value: bigint }
  /** The bytes are lent. */
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'string' | 'uuid'; readonly value: string };

/** Headers by name; of two with one name the later counts. */
export type EventHeaders = ReadonlyMap<string, EventHeaderValue>;

const UUID_BYTES = 16;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The headers in `bytes`, or `undefined` when they are not well-formed. */
export function readEventHeaders(bytes: Uint8Array): EventHeaders | undefined {
  const headers = new Map<string, EventHeaderValue>();
  const reader = new HeaderReader(bytes);
  try {
    while (reader.left > 0) {
      const name = reader.text(reader.unsigned(1));
      if (name === '') return undefined;
      headers.set(name, reader.value());
    }
  } catch (fault) {
    // Out of range, bad UTF-8 or an unknown type: all mean that this is no header block.
    if (fault instanceof RangeError || fault instanceof TypeError) return undefined;
    throw fault;
  }
  return headers;
}

/** The text of the header, or `undefined` when it is missing or no text. */
export function headerText(headers: EventHeaders, name: string): string | undefined {
  const found = headers.get(name);
  return found?.kind === 'string' ? found.value : undefined;
}

class HeaderReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  unsigned(size: 1 | 2): number {
    const at = this.#advance(size);
    return size === 1 ? this.#view.getUint8(at) : this.#view.getUint16(at);
  }

  text(size: number): string {
    return utf8.decode(this.#take(size));
  }

  value(): EventHeaderValue {
    const type = this.unsigned(1);
    switch (type) {
      case 0:
        return { kind: 'boolean', value: true };
      case 1:
        return { kind: 'boolean', value: false };
      case 2:
        return { kind: 'byte', value: this.#view.getInt8(this.#advance(1)) };
      case 3:
        return { kind: 'short', value: this.#view.getInt16(this.#advance(2)) };
      case 4:
        return { kind: 'int', value: this.#view.getInt32(this.#advance(4)) };
      case 5:
        return { kind: 'long', value: this.#view.getBigInt64(this.#advance(8)) };
      case 6:
        return { kind: 'bytes', value: this.#take(this.unsigned(2)) };
      case 7:
        return { kind: 'string', value: this.text(this.unsigned(2)) };
      case 8:
        return { kind: 'timestamp', value: this.#view.getBigInt64(this.#advance(8)) };
      case 9:
        return { kind: 'uuid', value: uuidText(this.#take(UUID_BYTES)) };
      default:
        throw new RangeError(`no header type ${type}`);
    }
  }

  #take(size: number): Uint8Array {
    const from = this.#advance(size);
    return this.#bytes.subarray(from, from + size);
  }

  #advance(size: number): number {
    const from = this.#at;
    if (size > this.left) throw new RangeError('the header block is too short');
    this.#at += size;
    return from;
  }
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [0, 8, 12, 16, 20]
    .map((from, place) => hex.slice(from, [8, 12, 16, 20, 32][place]))
    .join('-');
}
