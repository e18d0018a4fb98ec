// Keeps a short text whose bytes come in several reads, and turns JSON text into characters.
// Invariant: never keeps more than `CAPTURE_BYTES_MAX` bytes; longer texts are counted, not kept.

/** Longest key or string value that is reported, in bytes as written. */
export const CAPTURE_BYTES_MAX = 256;

/** The parts of one text so far. */
export class TextCapture {
  /** Bytes of the text so far, kept or not. */
  length: number = 0;
  #bytes: Uint8Array | undefined = undefined;

  /** The kept bytes; valid up to `length` while that is within the limit. */
  get bytes(): Uint8Array {
    this.#bytes ??= new Uint8Array(CAPTURE_BYTES_MAX);
    return this.#bytes;
  }

  /** Adds a copy of `bytes[from..to)`, as far as there is room. */
  add(bytes: Uint8Array, from: number, to: number): void {
    const kept = this.bytes;
    const taken = Math.min(to - from, CAPTURE_BYTES_MAX - this.length);
    for (let place = 0; place < taken; place += 1) {
      kept[this.length + place] = bytes[from + place] as number;
    }
    this.length += to - from;
  }
}

/** The characters of the JSON string with `bytes[from..to)` inside; `undefined` if it is none. */
export function jsonText(bytes: Uint8Array, from: number, to: number): string | undefined {
  const text = Buffer.isBuffer(bytes)
    ? bytes.toString('utf8', from, to)
    : Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8');
  if (!text.includes('\\')) return text;
  try {
    const value: unknown = JSON.parse(`"${text}"`);
    return typeof value === 'string' ? value : undefined;
  } catch (fault) {
    // Not a JSON string after all; the walk goes on, the value is unknown.
    if (fault instanceof SyntaxError) return undefined;
    throw fault;
  }
}
