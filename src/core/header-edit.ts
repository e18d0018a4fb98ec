// Changes to the fields of a call on its way to an upstream, compiled once: names to drop, lines
// to add. Copies marks instead of building a list from pairs, because every LLM call passes here.
// Invariant: what is dropped is gone from the list, so nothing below can read it by mistake.

import { HeaderList, MARKS_PER_FIELD } from './header-list.ts';

/** Fields in which a caller may carry credentials of its own. */
export const callerCredentialFields: readonly string[] = Object.freeze([
  'authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
]);

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
    const first = this.#nextDropped(text, marks, 0);
    // Everything in front of the first dropped field is copied in one piece, marks included.
    const kept = marks.slice(0, first);
    const keptText = first === marks.length ? text : this.#keepRest(text, marks, first, kept);
    const added = this.#added.marks;
    const shift = keptText.length;
    for (let at = 0; at < added.length; at += MARKS_PER_FIELD) shiftField(added, at, shift, kept);
    // A list that has grown holds room for more, and a stream keeps this one to its end.
    return new HeaderList(keptText + this.#added.text, kept.slice());
  }

  /** Copies what is kept from the dropped field at `first` on; answers the whole kept text. */
  #keepRest(text: string, marks: readonly number[], first: number, kept: number[]): string {
    let keptText = text.slice(0, marks[first]);
    let dropped = first;
    while (dropped < marks.length) {
      const runAt = dropped + MARKS_PER_FIELD;
      const next = this.#nextDropped(text, marks, runAt);
      const runStart = marks[runAt] ?? text.length;
      const shift = keptText.length - runStart;
      for (let at = runAt; at < next; at += MARKS_PER_FIELD) shiftField(marks, at, shift, kept);
      keptText += text.slice(runStart, marks[next] ?? text.length);
      dropped = next;
    }
    return keptText;
  }

  /** Where the marks of the next dropped field begin, from `at` on; the end when there is none. */
  #nextDropped(text: string, marks: readonly number[], at: number): number {
    let place = at;
    for (; place < marks.length; place += MARKS_PER_FIELD) {
      const start = marks[place] as number;
      const nameEnd = marks[place + 1] as number;
      if ((this.#lengths & lengthBit(nameEnd - start)) === 0) continue;
      if (this.#names.includes(text.slice(start, nameEnd).toLowerCase())) break;
    }
    return place;
  }
}

function shiftField(marks: readonly number[], at: number, shift: number, into: number[]): void {
  into.push(
    (marks[at] as number) + shift,
    (marks[at + 1] as number) + shift,
    (marks[at + 2] as number) + shift,
    (marks[at + 3] as number) + shift,
    marks[at + 4] as number,
  );
}

function lengthBit(length: number): number {
  return length < 31 ? 1 << length : 1 << 31;
}

/** Puts these fields in the place of every credential that a caller may have sent. */
export function credentialEdit(fields: readonly (readonly [string, string])[]): HeaderEdit {
  const names = fields.map(([name]) => name.toLowerCase());
  return new HeaderEdit([...new Set([...callerCredentialFields, ...names])], fields);
}
