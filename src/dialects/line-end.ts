// Finds the end of a line or string, the two searches of the hot path. Measured on Node 26: aligned
// words 0.17 to 0.26 ns a byte, a byte loop 0.62, a native `indexOf` 25 ns a call (an event needs
// three), a DataView 0.5. So: words for lines, `indexOf` for long texts.
// Invariant: indexed reads are in range by the conditions around them, which is what the casts say.

/** A word view of nothing: searches with it go byte by byte. */
export const NO_WORDS: Int32Array = new Int32Array(0);

/** Below this many bytes the view costs more than it saves. */
const WORDS_FROM_BYTES = 96;

/** A string longer than this many words is worth a native search for its end. */
const NEAR_WORDS = 48;

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
 * The index of the quote that ends a JSON string whose text goes on at `from`; `to` when it does
 * not end before; `to + 1` when, besides, the last byte is a backslash that escapes what follows.
 * `words` and `lead` as above.
 */
export function closingQuote(
  bytes: Uint8Array,
  from: number,
  to: number,
  words: Int32Array,
  lead: number,
): number {
  let at = from;
  if (words.length === 0) {
    while (at < to) {
      const byte = bytes[at];
      if (byte === 34) return at;
      at += byte === 92 ? 2 : 1;
    }
    return at;
  }
  for (;;) {
    at = nextQuote(bytes, at, to, words, lead);
    // Escaped or not is decided by how many backslashes stand in front, none of them before `from`.
    let slash = at - 1;
    while (slash >= from && bytes[slash] === 92) slash -= 1;
    const escaped = ((at - slash) & 1) === 0;
    if (at === to) return escaped ? to + 1 : to;
    if (!escaped) return at;
    at += 1;
  }
}

/** The index of the first quote in `bytes[from..to)`, or `to`. */
function nextQuote(
  bytes: Uint8Array,
  from: number,
  to: number,
  words: Int32Array,
  lead: number,
): number {
  let at = from;
  while (at < to && ((at - lead) & 3) !== 0) {
    if (bytes[at] === 34) return at;
    at += 1;
  }
  if (((at - lead) & 3) === 0) {
    let word = (at - lead) >> 2;
    const last = Math.min(words.length, (to - lead) >> 2);
    const near = Math.min(last, word + NEAR_WORDS);
    while (word < near) {
      const four = (words[word] as number) ^ 0x22222222;
      // Not zero exactly when a byte of `four` is zero ("haszero", Bit Twiddling Hacks).
      if (((four - 0x01010101) & ~four & 0x80808080) !== 0) break;
      word += 1;
    }
    at = lead + (word << 2);
    if (word === near && near < last) {
      const quote = bytes.indexOf(34, at);
      return quote < 0 || quote > to ? to : quote;
    }
  }
  while (at < to && bytes[at] !== 34) at += 1;
  return at;
}
