// Characters outside the basic plane are two units of a string, and JSON escapes each of them. A
// server may split them over two deltas; written apart, each half becomes a replacement mark.

/** The text without a first half of a character at its end. */
export function withoutHalf(text: string): string {
  const code = text.charCodeAt(text.length - 1);
  return code >= 0xd800 && code <= 0xdbff ? text.slice(0, -1) : text;
}
