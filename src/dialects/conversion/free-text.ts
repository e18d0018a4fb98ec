// Takes the free text out of the arguments that a custom tool was wrapped in: `{"input":"..."}`.
// The text is given as it comes, escapes resolved; a tool that writes whole files should not be
// silent until its end. Arguments of any other shape are given as they are, at the end.

import { withoutHalf } from './surrogates.ts';

const OPENING = /^\s*\{\s*"input"\s*:\s*"/;

/** A beginning that is longer than this and still no match has another shape. */
const OPENING_CHARS_MAX = 64;

/** The unwrapping of one call's arguments. */
export class FreeText {
  /** Everything so far, to fall back on while nothing was given. */
  #all: string = '';
  /** What was not given yet of the text. */
  #rest: string = '';
  /** The first half of a character whose second half is in the next fragment. */
  #half: string = '';
  #place: 'opening' | 'inside' | 'behind' | 'other' = 'opening';

  /** Takes a fragment; gives the text that is certain by now. */
  push(fragment: string): string {
    if (this.#place === 'inside') return this.#inside(fragment);
    if (this.#place === 'behind') return '';
    this.#all += fragment;
    if (this.#place === 'other') return '';
    const opening = OPENING.exec(this.#all);
    if (opening === null) {
      if (this.#all.length > OPENING_CHARS_MAX) this.#place = 'other';
      return '';
    }
    this.#place = 'inside';
    return this.#inside(this.#all.slice(opening[0].length));
  }

  /** The arguments are over; gives what is left of the text. */
  end(): string {
    if (this.#place === 'opening' || this.#place === 'other') return wholeText(this.#all);
    return this.#half;
  }

  #inside(fragment: string): string {
    const raw = this.#rest + fragment;
    let at = 0;
    while (at < raw.length) {
      const code = raw.charCodeAt(at);
      if (code === 34) break;
      if (code !== 92) at += 1;
      else {
        const next = at + (raw.charCodeAt(at + 1) === 117 ? 6 : 2);
        if (next > raw.length) break;
        at = next;
      }
    }
    // What stands behind the text is not the tool's, whatever it is.
    if (raw.charCodeAt(at) === 34) this.#place = 'behind';
    this.#rest = raw.slice(at);
    const text = this.#half + unescaped(raw.slice(0, at));
    const joined = withoutHalf(text);
    this.#half = text.slice(joined.length);
    return joined;
  }
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    // An escape that JSON does not know: better as it is than lost.
    return text;
  }
}

function wholeText(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    const input: unknown = (value as { input?: unknown } | null)?.input;
    if (typeof input === 'string') return input;
  } catch {
    // Free text that was not wrapped at all.
  }
  return json;
}
