// Ids for calls: unique and impossible to guess, cut from random text drawn in bulk.

import { randomBytes } from 'node:crypto';

/** 64 bits: a collision is not to be expected within the life of any log. */
const ID_CHARS = 16;
const IDS_PER_DRAW = 256;

/** Makes call ids such as `9f3c61d20b7e4a85`. */
export class CallIds {
  #text: string = '';
  #at: number = 0;

  next(): string {
    if (this.#at >= this.#text.length) {
      this.#text = randomBytes((IDS_PER_DRAW * ID_CHARS) / 2).toString('hex');
      this.#at = 0;
    }
    this.#at += ID_CHARS;
    return this.#text.slice(this.#at - ID_CHARS, this.#at);
  }
}
