// Finds the top-level `"model"` of a JSON request body while its bytes come in, so that a call can
// be routed before its body is whole and without parsing 200 KB of it. Text inside strings and
// members of nested objects never match.
// With the same key twice the first one counts, because routing can not wait for a second.

import { Field, leaf, object } from './json-fields.ts';
import type { FieldSink } from './json-fields.ts';
import { JsonWalk } from './json-walk.ts';

const fields = object({ model: leaf(Field.model), stream: leaf(Field.stream) });

/** One look through one request body. Ends when the model was found or the object is over. */
export class ModelScan implements FieldSink {
  /** The model, once found; at most 256 bytes as written (`CAPTURE_BYTES_MAX`). */
  model: string | undefined = undefined;
  /** `"stream": true` came before the scan was over; false proves nothing. */
  streamRequested: boolean = false;
  readonly #walk: JsonWalk = new JsonWalk(this);

  constructor() {
    this.#walk.begin(fields);
  }

  /** Reads the next bytes of the body; they are lent. After `done` it need not be called again. */
  feed(bytes: Uint8Array): 'more' | 'done' {
    this.#walk.feed(bytes, 0, bytes.length);
    return this.model !== undefined || this.#walk.closed ? 'done' : 'more';
  }

  found(field: number, text: string | undefined, number: number): void {
    if (field === Field.stream) this.streamRequested = Number.isNaN(number);
    else if (text !== undefined) {
      this.model = text;
      this.#walk.stop();
    }
  }
}
