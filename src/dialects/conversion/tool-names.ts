// Names of tools as an upstream accepts them. Claude's may have 128 characters (MCP servers use
// them), OpenAI's 64. A name that is too long or has other characters keeps its beginning and gets
// a hash of the whole, so that it is the same in every turn without anything being remembered.

import { hash } from 'node:crypto';

/** OpenAI refuses longer names of tools and answer formats. */
export const OPENAI_NAME_CHARS_MAX = 64;

/** Hexadecimal digits of the hash: 48 bits, for at most some hundred tools of one request. */
const HASH_DIGITS = 12;

const LEGAL = /^[\w-]+$/;

/** The names of one request. */
export class ToolNames {
  readonly #charsMax: number;
  readonly #wire = new Map<string, string>();
  readonly #back = new Map<string, string>();

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  /** Changed names, to the caller's own. */
  get back(): ReadonlyMap<string, string> {
    return this.#back;
  }

  /** The name that the upstream is given. */
  wire(name: string): string {
    if (name.length <= this.#charsMax && LEGAL.test(name)) return name;
    const known = this.#wire.get(name);
    if (known !== undefined) return known;
    const made = legalName(name, this.#charsMax);
    this.#wire.set(name, made);
    this.#back.set(made, name);
    return made;
  }
}

/** Letters, digits, `_` and `-`, at most `charsMax`; unlike for unlike names. */
export function legalName(name: string, charsMax: number): string {
  if (name.length <= charsMax && LEGAL.test(name)) return name;
  const beginning = name.slice(0, charsMax - HASH_DIGITS - 1).replaceAll(/[^\w-]/g, '_');
  // UTF-16 keeps apart what UTF-8 would not: halves of surrogate pairs.
  const digest = hash('sha256', Buffer.from(name, 'utf16le'), 'hex');
  return `${beginning}_${digest.slice(0, HASH_DIGITS)}`;
}
