// Checks chunk extensions (RFC 9112 7.1.1) byte by byte, so that a split anywhere gives the same
// answer. They are understood only to be dropped: nobody uses them honestly, and attackers use them
// to hide line ends. Refuses white space around `;` and `=`, bare LF, control characters, length.

import { Char, charClass, CR, HTAB } from './char-class.ts';

/** From `;` to the byte before CR. */
const EXTENSION_BYTES_MAX = 256;
/**
 * What all extensions of one body may cost beyond its payload. Without it one-byte chunks with long
 * extensions make a peer read 256 times what it delivers (CVE-2023-39326, CVE-2024-22019).
 */
const EXCESS_BYTES_MAX = 16_384;

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const State = {
  nameStart: 0,
  name: 1,
  valueStart: 2,
  value: 3,
  quoted: 4,
  escaped: 5,
  afterQuoted: 6,
} as const;
type StateValue = (typeof State)[keyof typeof State];

/** What a byte did to the extension. */
export const Extension = { more: 0, ended: 1, bad: 2 } as const;
type ExtensionValue = (typeof Extension)[keyof typeof Extension];

/** Reads the extensions of one chunk after another. */
export class ChunkExtension {
  #state: StateValue = State.nameStart;
  #length = 0;
  #excess = 0;

  /** Called at the `;` after the size of a chunk. */
  begin(chunkSize: number): void {
    this.#state = State.nameStart;
    this.#length = 1;
    this.#excess = Math.max(0, this.#excess - chunkSize) + 1;
  }

  /** Takes one byte; `ended` means that it was the CR after a complete extension. */
  take(byte: number): ExtensionValue {
    if (byte === CR) return this.#mayEnd() ? Extension.ended : Extension.bad;
    this.#length += 1;
    this.#excess += 1;
    if (this.#length > EXTENSION_BYTES_MAX || this.#excess > EXCESS_BYTES_MAX) return Extension.bad;
    const next = this.#next(byte);
    if (next === -1) return Extension.bad;
    this.#state = next;
    return Extension.more;
  }

  reset(): void {
    this.#excess = 0;
  }

  #mayEnd(): boolean {
    const state = this.#state;
    return state === State.name || state === State.value || state === State.afterQuoted;
  }

  #next(byte: number): StateValue | -1 {
    const isToken = ((charClass[byte] as number) & Char.token) !== 0;
    switch (this.#state) {
      case State.nameStart:
        return isToken ? State.name : -1;
      case State.name:
        if (byte === EQUALS) return State.valueStart;
        if (byte === SEMICOLON) return State.nameStart;
        return isToken ? State.name : -1;
      case State.valueStart:
        if (byte === QUOTE) return State.quoted;
        return isToken ? State.value : -1;
      case State.value:
        if (byte === SEMICOLON) return State.nameStart;
        return isToken ? State.value : -1;
      case State.quoted:
        if (byte === QUOTE) return State.afterQuoted;
        if (byte === BACKSLASH) return State.escaped;
        return isQuotable(byte) ? State.quoted : -1;
      case State.escaped:
        return isQuotable(byte) ? State.quoted : -1;
      case State.afterQuoted:
        return byte === SEMICOLON ? State.nameStart : -1;
    }
  }
}

/** ASCII only: obs-text in an extension has no use. */
function isQuotable(byte: number): boolean {
  return byte === HTAB || (byte >= 0x20 && byte < 0x7f);
}
