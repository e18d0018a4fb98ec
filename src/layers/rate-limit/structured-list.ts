// Structured field lists (RFC 9651) as far as rate limits use them: items that are a string or a
// token, with parameters that are numbers, strings, tokens, byte sequences, booleans or nothing. As
// the RFC wants it, a field with any fault is ignored as a whole.

/** One item of a list. */
export interface ListItem {
  readonly value: string;
  readonly params: ReadonlyMap<string, string | number>;
}

/** Longer lists than this, or longer fields, are nobody's rate limits. */
const ITEMS_MAX = 16;
const LENGTH_MAX = 2_048;

const STRING = /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const KEY = /; *([a-z*][a-z0-9_\-.*]*)(=?)/y;
const NUMBER = /-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])/y;
const BYTES = /:[A-Za-z0-9+/=]*:|\?[01]/y;
const COMMA = /[ \t]*,[ \t]*/y;

/** The items of a list, or `undefined` when the text is none. */
export function structuredList(text: string): ListItem[] | undefined {
  if (text.length > LENGTH_MAX) return undefined;
  const reader = new Reader(text.trim());
  const items: ListItem[] = [];
  do {
    const value = reader.text();
    const params = value === undefined ? undefined : reader.params();
    if (value === undefined || params === undefined) return undefined;
    items.push({ value, params });
  } while (items.length < ITEMS_MAX && reader.match(COMMA) !== undefined);
  return reader.isOver ? items : undefined;
}

class Reader {
  readonly #text: string;
  #at: number = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isOver(): boolean {
    return this.#at === this.#text.length;
  }

  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }

  /** A string or token. */
  text(): string | undefined {
    const quoted = this.match(STRING)?.[1];
    if (quoted !== undefined) return quoted.replaceAll(/\\(["\\])/g, '$1');
    return this.match(TOKEN)?.[0];
  }

  params(): Map<string, string | number> | undefined {
    const params = new Map<string, string | number>();
    for (let key = this.match(KEY); key !== undefined; key = this.match(KEY)) {
      const value = key[2] === '=' ? this.#value() : '';
      if (value === undefined) return undefined;
      params.set(key[1] ?? '', value);
    }
    return params;
  }

  #value(): string | number | undefined {
    const digits = this.match(NUMBER)?.[0];
    if (digits !== undefined) return Number(digits);
    return this.match(BYTES)?.[0] ?? this.text();
  }
}
