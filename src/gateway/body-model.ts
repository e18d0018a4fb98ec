// The model named in a request body, read as the body arrives. Remembers how far it has looked, so
// that every byte is seen once however often it is asked.

import type { ReplayBody } from '../core/replay-body.ts';
import { ModelScan } from '../dialects/model-scan.ts';

/** Looks for the model of one body. */
export class BodyModel {
  /** The model, once `read` has answered `true`; `undefined` = the body names none. */
  name: string | undefined = undefined;
  readonly #scan = new ModelScan();
  #chunksRead: number = 0;
  #done: boolean = false;

  /** Reads what has come. Answers whether all is known that will ever be. */
  read(body: ReplayBody): boolean {
    if (this.#done) return true;
    const { kept } = body;
    while (this.#chunksRead < kept.length) {
      const chunk = kept[this.#chunksRead] as Uint8Array;
      this.#chunksRead += 1;
      if (this.#scan.feed(chunk) === 'done') return this.#finish();
    }
    return body.complete || !body.replayable ? this.#finish() : false;
  }

  #finish(): boolean {
    this.#done = true;
    this.name = this.#scan.model;
    return true;
  }
}
