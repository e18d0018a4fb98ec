// Cuts JSON text into its members or items without changing a byte of them: numbers beyond 53 bits,
// `1.0` and signed thoughts must reach the model as the caller wrote them.
// Reads only text that JSON.parse has accepted; on anything else its slices mean nothing, but it
// always ends.

/** One member of an object. `raw` is the text of its value. */
export interface RawMember {
  readonly name: string;
  readonly raw: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** The members of the object that `text` is, in order; of two with one name the later counts. */
export function rawMembers(text: string): RawMember[] {
  const members = new Map<string, RawMember>();
  for (const piece of pieces(text)) {
    const colon = topLevel(piece, COLON, 0);
    const name = JSON.parse(piece.slice(0, colon)) as string;
    members.set(name, { name, raw: piece.slice(colon + 1).trim() });
  }
  return [...members.values()];
}

/** The items of the list that `text` is, in order. */
export function rawItems(text: string): string[] {
  return pieces(text).map((piece) => piece.trim());
}

/** An object of these members. */
export function objectText(members: readonly RawMember[]): string {
  return `{${members.map(({ name, raw }) => `${JSON.stringify(name)}:${raw}`).join(',')}}`;
}

/** What stands between the outer brackets, cut at its commas. */
function pieces(text: string): string[] {
  const inner = text.trim().slice(1, -1);
  if (inner.trim() === '') return [];
  const found: string[] = [];
  for (let from = 0; from <= inner.length;) {
    const to = topLevel(inner, COMMA, from);
    found.push(inner.slice(from, to));
    from = to + 1;
  }
  return found;
}

/** Where `mark` next stands outside of strings and brackets, else the end. */
function topLevel(text: string, mark: number, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at);
    else if (code === mark && depth === 0) return at;
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return text.length;
}

/** Where the string that opens at `open` closes. */
function stringEnd(text: string, open: number): number {
  let at = text.indexOf('"', open + 1);
  while (at > 0 && escaped(text, at)) at = text.indexOf('"', at + 1);
  return at < 0 ? text.length : at;
}

function escaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}
