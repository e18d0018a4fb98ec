// What sets one event stream format apart from another, as data: which event names matter, which
// events are worth reading, and how a stream ends. One scanner class serves them all, so its code
// stays monomorphic.

import type { FieldNode } from './json-fields.ts';
import { sameBytes } from './json-fields.ts';

/** What an event is to the rest of the gateway. 0 is kept for "not known yet". */
export const EventKind = {
  unknown: 0,
  /** Carries a part of the answer. Events that nobody knows count as this: they are progress. */
  content: 1,
  /** Content that completes a block which the caller may keep. */
  blockEnd: 2,
  /** Announces the answer: id, model, tokens of the prompt. */
  announce: 3,
  /** Says why generation stopped and what it cost. */
  finish: 4,
  /** The event without which a stream is not complete. */
  terminal: 5,
  /** A terminal event that tells of a failure. */
  failed: 6,
  /** The peer lives, and no more. */
  ping: 7,
  error: 8,
  /** Neither content nor sign of life: the token counts of a chat stream. */
  aside: 9,
} as const;

/** A set of event kinds as a bit mask. */
export function kindSet(...kinds: readonly number[]): number {
  return kinds.reduce((mask, kind) => mask | (1 << kind), 0);
}

/** Event names with a meaning; looked up by length first, without decoding. */
export class EventNames {
  readonly #byLength: { key: Uint8Array; kind: number }[][] = [];
  readonly #other: number;

  /** `other` is the kind of every name that is not listed. */
  constructor(names: Record<string, number>, other: number) {
    this.#other = other;
    for (const [name, kind] of Object.entries(names)) {
      while (this.#byLength.length <= name.length) this.#byLength.push([]);
      this.#byLength[name.length]?.push({ key: Buffer.from(name, 'latin1'), kind });
    }
  }

  /** The kind of the event named `bytes[from..to)`. */
  kindOf(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length >= this.#byLength.length) return this.#other;
    const entries = this.#byLength[length] as { key: Uint8Array; kind: number }[];
    for (let place = 0; place < entries.length; place += 1) {
      const entry = entries[place] as { key: Uint8Array; kind: number };
      if (sameBytes(entry.key, bytes, from)) return entry.kind;
    }
    return this.#other;
  }
}

/** One event stream format. */
export interface EventGrammar {
  readonly names: EventNames;
  /** What to look for in the data of events that are read. */
  readonly fields: FieldNode;
  /** Kinds whose data is read for counters and ids; see `kindSet`. */
  readonly read: number;
  /**
   * Where the kind of an event without a name comes from: its `"type"` member, the shape of a chat
   * chunk, or nowhere (all data is content).
   */
  readonly unnamed: 'type' | 'chat' | 'content';
  /** Every event carries a `sequence_number`. */
  readonly sequenced: boolean;
  /** The kind of `data: [DONE]`. */
  readonly doneMark: number;
  /** A stream must show a terminal event; without this it only has to end between two events. */
  readonly mustTerminate: boolean;
}
