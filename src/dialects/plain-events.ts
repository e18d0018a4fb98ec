// The fast road: whole content events that need no reading are passed over in one tight loop, with
// nothing written but local numbers. Whatever looks different in any way is left to `EventReading`.
// Invariant: an event that is passed over here would have changed nothing but the count of content
// and the sequence number. Indexed reads are in range by the conditions around them.

import { ChunkTemplate } from './chunk-template.ts';
import type { EventGrammar } from './event-grammar.ts';
import { EventKind } from './event-grammar.ts';
import { isData, isEvent, sequenceAfterType } from './event-head.ts';
import { lineEnd } from './line-end.ts';

const { content } = EventKind;

/** Passes over the plain content events of one stream. */
export class PlainEvents {
  /** Events passed over by the last `pass`. */
  count: number = 0;
  /** The sequence number of the last of them, -1 when there is none. */
  sequence: number = -1;
  /** What plain chunks look like, for chats only: their events have no names to go by. */
  readonly template: ChunkTemplate | undefined;
  readonly #grammar: EventGrammar;

  constructor(grammar: EventGrammar) {
    this.#grammar = grammar;
    this.template = grammar.unnamed === 'chat' ? new ChunkTemplate() : undefined;
  }

  /**
   * Passes over the plain events that lie whole at `from`, one after the other, and returns where
   * something else begins. Lines must end in LF or CRLF; `words` and `lead` are those of
   * `line-end.ts`.
   */
  pass(bytes: Uint8Array, from: number, to: number, words: Int32Array, lead: number): number {
    if (this.template !== undefined) return this.#passChunks(this.template, bytes, from, to);
    const { names, unnamed, sequenced } = this.#grammar;
    let count = 0;
    let sequence = -1;
    let at = from;
    while (at < to) {
      let data = at;
      if (unnamed === 'type') {
        if (!isEvent(bytes, at, to)) break;
        const name = bytes[at + 6] === 32 ? at + 7 : at + 6;
        const nameEnd = lineEnd(bytes, name, to, words, lead);
        data = nextLine(bytes, nameEnd, to);
        if (data < 0 || names.kindOf(bytes, name, nameEnd) !== content) break;
      }
      if (!isData(bytes, data, to)) break;
      const value = bytes[data + 5] === 32 ? data + 6 : data + 5;
      const end = lineEnd(bytes, value, to, words, lead);
      const over = blankLineOver(bytes, end, to);
      if (over < 0 || end === value) break;
      if (sequenced) {
        const number = sequenceAfterType(bytes, value, end);
        if (number < 0) break;
        sequence = number;
      }
      count += 1;
      at = over;
    }
    this.count = count;
    this.sequence = sequence;
    return at;
  }

  #passChunks(template: ChunkTemplate, bytes: Uint8Array, from: number, to: number): number {
    this.count = 0;
    if (!template.ready) return from;
    template.view(bytes);
    let at = from;
    while (at < to) {
      const end = template.match(bytes, at, to);
      const over = end < 0 ? -1 : blankLineOver(bytes, end, to);
      if (over < 0) break;
      this.count += 1;
      at = over;
    }
    template.unview();
    return at;
  }
}

/** Where the blank line behind the line that ends at `end` is over, or -1 when none is there. */
function blankLineOver(bytes: Uint8Array, end: number, to: number): number {
  if (end + 1 < to && bytes[end] === 10 && bytes[end + 1] === 10) return end + 2;
  const blank = nextLine(bytes, end, to);
  return blank < 0 ? -1 : nextLine(bytes, blank, to);
}

/** The start of the line after the LF or CRLF at `end`, or -1 when there is none before `to`. */
function nextLine(bytes: Uint8Array, end: number, to: number): number {
  if (end >= to) return -1;
  if (bytes[end] === 10) return end + 1;
  return bytes[end] === 13 && end + 1 < to && bytes[end + 1] === 10 ? end + 2 : -1;
}
