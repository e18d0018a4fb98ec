// Changes to the fields of a call on its way to one upstream, compiled once: names to drop, lines to
// add. Copies marks instead of building a list from pairs, because every LLM call passes here.
// Invariant: what is dropped is gone from the list, so nothing below can read it by mistake.

import { HeaderList, MARKS_PER_FIELD } from '../core/header-list.ts';

/** One edit, applied to many lists. */
export class HeaderEdit {
  readonly #names: readonly string[];
  /** Bit n is set when a name of length n is dropped; lengths from 31 on share the last bit. */
  readonly #lengths: number;
  readonly #added: HeaderList;

  /** Drops every field with one of these lower-case names, then adds the fields given. */
  constructor(drop: readonly string[], add: readonly (readonly [string, string])[]) {
    this.#names = drop;
    this.#lengths = drop.reduce((bits, name) => bits | lengthBit(name.length), 0);
    this.#added = HeaderList.of(add);
  }

  /** The edited list; the given one stays as it is. */
  apply(list: HeaderList): HeaderList {
    const { text, marks } = list;
    const kept: number[] = [];
    let keptText = '';
    let runStart = 0;
    let shift = 0;
    for (let at = 0; at < marks.length; at += MARKS_PER_FIELD) {
      const start = marks[at] as number;
      const nameEnd = marks[at + 1] as number;
      if (this.#drops(text, start, nameEnd)) {
        const lineEnd = marks[at + MARKS_PER_FIELD] ?? text.length;
        keptText += text.slice(runStart, start);
        runStart = lineEnd;
        shift -= lineEnd - start;
        continue;
      }
      const valueStart = marks[at + 2] as number;
      const valueEnd = marks[at + 3] as number;
      kept.push(start + shift, nameEnd + shift, valueStart + shift, valueEnd + shift);
      kept.push(marks[at + 4] as number);
    }
    keptText += text.slice(runStart);
    this.#append(kept, keptText.length);
    return new HeaderList(keptText + this.#added.text, kept);
  }

  #append(kept: number[], shift: number): void {
    const { marks } = this.#added;
    for (let at = 0; at < marks.length; at += 1) {
      const mark = marks[at] as number;
      kept.push(at % MARKS_PER_FIELD === MARKS_PER_FIELD - 1 ? mark : mark + shift);
    }
  }

  #drops(text: string, start: number, nameEnd: number): boolean {
    if ((this.#lengths & lengthBit(nameEnd - start)) === 0) return false;
    const name = text.slice(start, nameEnd).toLowerCase();
    return this.#names.includes(name);
  }
}

function lengthBit(length: number): number {
  return 1 << Math.min(length, 31);
}

/** Fields in which a caller may carry credentials of its own. */
const CALLER_CREDENTIALS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie'];

/** What is changed for an upstream: stored credentials replace the caller's, encodings are off. */
export function headerEditFor(
  credentials: readonly (readonly [string, string])[],
  identityOnly: boolean,
): HeaderEdit | undefined {
  const drop: string[] = [];
  const add: (readonly [string, string])[] = [];
  if (credentials.length > 0) {
    drop.push(...CALLER_CREDENTIALS, ...credentials.map(([name]) => name));
    add.push(...credentials);
  }
  if (identityOnly) {
    drop.push('accept-encoding');
    add.push(['accept-encoding', 'identity']);
  }
  return drop.length === 0 ? undefined : new HeaderEdit([...new Set(drop)], add);
}
