// Finds members of the top-level object in JSON bytes without parsing them: a search for the end of
// the name, then a count of brackets from the nearer end of the text to see that it is not a member
// of something nested. A quoted name inside a text can not match, because quotes inside texts are
// escaped.
// Bounded: no byte is walked over more than twice, and none where the name does not occur.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;

/** Names that occur more often than this are not looked at further. */
const PLACES_MAX = 16;

/** Names to look for. */
export interface MemberNames {
  /** What all of them end in, with the closing quote; the rarer its first letter, the faster. */
  readonly ending: string;
  /** What stands before that, each with its opening quote. */
  readonly beginnings: readonly Uint8Array[];
}

/** The names `${beginning}${ending}`. */
export function memberNames(beginnings: readonly string[], ending: string): MemberNames {
  const quoted = beginnings.map((beginning) => Buffer.from(`"${beginning}`, 'latin1'));
  return { ending: `${ending}"`, beginnings: quoted };
}

/** A search through one text, from front to end. */
export class MemberSearch {
  readonly #bytes: Buffer;
  readonly #names: MemberNames;
  readonly #walk: BracketWalk;
  #from: number = 0;
  #places: number = 0;
  #mayWalkFromEnd: boolean;

  /** `whole`: the bytes hold the text to its end. */
  constructor(bytes: Buffer, names: MemberNames, whole: boolean) {
    this.#bytes = bytes;
    this.#names = names;
    this.#walk = new BracketWalk(bytes);
    this.#mayWalkFromEnd = whole;
  }

  /** Where the value of the next member with one of the names begins, or -1. */
  next(): number {
    const bytes = this.#bytes;
    const { ending } = this.#names;
    for (; this.#places < PLACES_MAX; this.#places += 1) {
      const place = bytes.indexOf(ending, this.#from, 'latin1');
      if (place < 0) return -1;
      this.#from = place + ending.length;
      const start = this.#startOf(place);
      const colon = skipSpace(bytes, this.#from);
      if (start >= 0 && bytes[colon] === COLON && this.#isTopLevel(start)) {
        return skipSpace(bytes, colon + 1);
      }
    }
    return -1;
  }

  /** Where the name begins whose ending is at `place`; -1 = it is none of ours. */
  #startOf(place: number): number {
    const bytes = this.#bytes;
    for (const beginning of this.#names.beginnings) {
      const start = place - beginning.length;
      if (start < 0 || bytes[start - 1] === BACKSLASH) continue;
      let at = 0;
      while (at < beginning.length && bytes[start + at] === beginning[at]) at += 1;
      if (at === beginning.length) return start;
    }
    return -1;
  }

  #isTopLevel(start: number): boolean {
    const walk = this.#walk;
    const { length } = this.#bytes;
    if (!this.#mayWalkFromEnd || length - start >= start - walk.at) {
      walk.to(start);
      return walk.depth === 1 && !walk.inText;
    }
    this.#mayWalkFromEnd = false;
    const rest = new BracketWalk(this.#bytes, start);
    rest.to(length);
    // Only the bracket of the object itself is open here, so exactly one more closes than opens.
    return rest.depth === -1 && !rest.inText;
  }
}

/** The digits at `at` as a number; -1 where there are none, or more than any count has. */
export function countAt(bytes: Buffer, at: number): number {
  let count = 0;
  let end = at;
  for (; end < bytes.length; end += 1) {
    const digit = (bytes[end] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    count = count * 10 + digit;
  }
  return end === at || end - at > 15 ? -1 : count;
}

/** The text at `at`, if it is a plain one of at most `lengthMax` visible characters. */
export function plainTextAt(bytes: Buffer, at: number, lengthMax: number): string | undefined {
  if (bytes[at] !== QUOTE) return undefined;
  const end = bytes.indexOf(QUOTE, at + 1);
  if (end < 0 || end - at - 1 > lengthMax) return undefined;
  const text = bytes.toString('latin1', at + 1, end);
  return /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text) ? text : undefined;
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] as number) <= SPACE) at += 1;
  return at;
}

/** Counts open brackets on the way; goes forward only. */
class BracketWalk {
  at: number;
  depth: number = 0;
  inText: boolean = false;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, from: number = 0) {
    this.#bytes = bytes;
    this.at = from;
  }

  to(end: number): void {
    const bytes = this.#bytes;
    let { at, depth, inText } = this;
    for (; at < end; at += 1) {
      const byte = bytes[at];
      if (inText) {
        if (byte === BACKSLASH) at += 1;
        else if (byte === QUOTE) inText = false;
      } else if (byte === QUOTE) inText = true;
      else if (byte === 0x7b || byte === 0x5b) depth += 1;
      else if (byte === 0x7d || byte === 0x5d) depth -= 1;
    }
    this.at = at;
    this.depth = depth;
    this.inText = inText;
  }
}
