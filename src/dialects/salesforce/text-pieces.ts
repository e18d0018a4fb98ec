// Cuts a whole text into the pieces of a stream that never was one. Invariants: joined, the pieces
// are the text; none ends inside a surrogate pair; each has 20 to 200 characters, unless the whole
// text is shorter.

/** Shortest and longest piece in UTF-16 units. */
const PIECE_CHARS_MIN = 20;
const PIECE_CHARS_MAX = 200;
/** About a line: pieces end at the last space before it, if there is one. */
const PIECE_CHARS = 80;

/** The pieces of `text`, none for an empty one. */
export function textPieces(text: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (text.length - from > PIECE_CHARS_MAX) {
    const to = pieceEnd(text, from);
    pieces.push(text.slice(from, to));
    from = to;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}

function pieceEnd(text: string, from: number): number {
  for (let to = from + PIECE_CHARS; to > from + PIECE_CHARS_MIN; to -= 1) {
    const before = text.charCodeAt(to - 1);
    if (before === 0x20 || before === 0x0a) return to;
  }
  const to = from + PIECE_CHARS;
  return isHighSurrogate(text.charCodeAt(to - 1)) ? to + 1 : to;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
