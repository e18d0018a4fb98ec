// Finds the end of a line. Four bytes at a time where it pays: the aligned word loop costs 0.17 to
// 0.26 ns a byte, a byte loop 0.62, and a native `indexOf` 25 ns a call, of which an event needs three.
// Invariant: indexed reads are in range by the conditions around them, which is what the casts say.

const NO_WORDS = new Int32Array(0);

/** Below this many bytes the view costs more than it saves. */
const WORDS_FROM_BYTES = 96;

/** A word view of `bytes` for `lineEnd`, empty when it would not pay. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  if (bytes.length < WORDS_FROM_BYTES) return NO_WORDS;
  const lead = leadOf(bytes);
  return new Int32Array(bytes.buffer, bytes.byteOffset + lead, (bytes.length - lead) >> 2);
}

/** How many bytes stand before the first aligned word of `bytes`. */
export function leadOf(bytes: Uint8Array): number {
  return -bytes.byteOffset & 3;
}

/** The index of the first LF or CR in `bytes[from..to)`, or `to`. `words` and `lead` as above. */
export function lineEnd(
  bytes: Uint8Array,
  from: number,
  to: number,
  words: Int32Array,
  lead: number,
): number {
  let at = from;
  for (;;) {
    while (at < to && ((at - lead) & 3) !== 0 && (bytes[at] as number) > 13) at += 1;
    if (((at - lead) & 3) === 0) {
      let word = (at - lead) >> 2;
      const last = Math.min(words.length, (to - lead) >> 2);
      while (word < last) {
        const four = words[word] as number;
        // Not zero exactly when one of the four bytes is below 14 ("hasless", Bit Twiddling Hacks).
        if (((four - 0x0e0e0e0e) & ~four & 0x80808080) !== 0) break;
        word += 1;
      }
      at = lead + (word << 2);
    }
    while (at < to && (bytes[at] as number) > 13) at += 1;
    if (at >= to) return to;
    if (bytes[at] === 10 || bytes[at] === 13) return at;
    at += 1;
  }
}

/**
 * The index of the quote that ends a JSON string whose text goes on at `from`. `to` when it does not
 * end before `to`; `to + 1` when, besides, the last byte is a backslash that escapes what follows.
 */
export function closingQuote(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  for (;;) {
    // Most strings are short; only long ones are worth the price of a native call.
    const near = Math.min(at + 32, to);
    while (at < near) {
      const byte = bytes[at] as number;
      if (byte === 34) return at;
      at += byte === 92 ? 2 : 1;
    }
    if (at >= to) return at;
    const quote = bytes.indexOf(34, at);
    const end = quote < 0 || quote > to ? to : quote;
    let backslashes = 0;
    while (end - backslashes > at && bytes[end - backslashes - 1] === 92) backslashes += 1;
    const escaped = (backslashes & 1) === 1;
    if (end === to) return escaped ? to + 1 : to;
    if (!escaped) return end;
    at = end + 1;
  }
}
