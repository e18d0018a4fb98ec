// The model named in a request body, read as the body arrives. Remembers how far it has looked, so
// that every byte is seen once however often it is asked.

import type { ReplayBody } from '../core/replay-body.ts';
import { ModelScan } from '../dialects/model-scan.ts';

/** Looks for the model of one body. */
export class BodyModel {
  /** The model, once `read` has answered `true`; `undefined` = the body names none. */
  name: string | undefined = undefined;
  #scan: ModelScan | undefined = undefined;
  #chunksRead: number = 0;
  #done: boolean = false;

  /** Reads what has come. Answers whether all is known that will ever be. */
  read(body: ReplayBody): boolean {
    if (this.#done) return true;
    const { kept } = body;
    while (this.#chunksRead < kept.length) {
      const chunk = kept[this.#chunksRead] as Uint8Array;
      this.#chunksRead += 1;
      if (this.#feed(chunk)) return true;
    }
    if (!body.complete && body.replayable) return false;
    this.#done = true;
    return true;
  }

  #feed(chunk: Uint8Array): boolean {
    if (this.#scan === undefined) {
      this.name = leadingModel(chunk);
      this.#done = this.name !== undefined;
      if (this.#done) return true;
      this.#scan = new ModelScan();
    }
    if (this.#scan.feed(chunk) === 'more') return false;
    this.name = this.#scan.model;
    this.#done = true;
    return true;
  }
}

const OPENING = Buffer.from('{"model":');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** Longer names are left to the scan, which has its own bound. */
const NAME_BYTES_MAX = 128;

/**
 * The model where it is the first member, as most clients write it; a tenth of the cost of a scan.
 * Plain ASCII names only; everything else is left to the scan.
 */
function leadingModel(chunk: Uint8Array): string | undefined {
  for (let at = 0; at < OPENING.length; at += 1) if (chunk[at] !== OPENING[at]) return undefined;
  let start = OPENING.length;
  if (chunk[start] === SPACE) start += 1;
  if (chunk[start] !== QUOTE) return undefined;
  start += 1;
  const limit = Math.min(chunk.length, start + NAME_BYTES_MAX);
  let name = '';
  for (let at = start; at < limit; at += 1) {
    const byte = chunk[at] as number;
    if (byte === QUOTE) return name;
    if (byte < SPACE || byte === BACKSLASH || byte > 0x7e) return undefined;
    name += String.fromCharCode(byte);
  }
  return undefined;
}
