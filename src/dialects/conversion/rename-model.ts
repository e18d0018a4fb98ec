// Another model in a request body: the one value is replaced, every other byte stays as it came.
// Used only where configuration names a model, so its cost does not matter much.

import type { Conversion } from '../../core/conversion.ts';
import { ModelScan } from '../model-scan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Bytes per step while looking for the end of the value; the last step is then redone singly. */
const STEP_BYTES = 256;

/** Asks for the model that `nameOf` answers in place of the one named; same format, same answer. */
export function renaming(nameOf: (model: string) => string): Conversion {
  return {
    request: ({ path, headers }, body) => ({
      path,
      headers,
      body: withModel(body, nameOf),
      dropped: [],
      counted: [],
      answer: undefined,
    }),
  };
}

/** The body with another model in place of the one it names; the same body where it names none. */
export function withModel(bytes: Uint8Array, nameOf: (model: string) => string): Uint8Array {
  const found = modelIn(bytes);
  if (found === undefined) return bytes;
  const start = openingQuote(bytes, found.end);
  const value = Buffer.from(JSON.stringify(nameOf(found.model)));
  return Buffer.concat([bytes.subarray(0, start), value, bytes.subarray(found.end + 1)]);
}

/** The top-level model, and where its closing quote stands. */
export function modelIn(
  bytes: Uint8Array,
): { readonly model: string; readonly end: number } | undefined {
  let step = 0;
  const rough = new ModelScan();
  while (step < bytes.length && rough.feed(bytes.subarray(step, step + STEP_BYTES)) === 'more') {
    step += STEP_BYTES;
  }
  const { model } = rough;
  if (model === undefined) return undefined;
  const exact = new ModelScan();
  if (step > 0) exact.feed(bytes.subarray(0, step));
  let at = step;
  while (exact.feed(bytes.subarray(at, at + 1)) === 'more') at += 1;
  return { model, end: at };
}

/** The quote that opens the string whose closing quote stands at `end`. */
function openingQuote(bytes: Uint8Array, end: number): number {
  for (let at = end - 1; at > 0; at -= 1) {
    if (bytes[at] !== QUOTE) continue;
    let escapes = 0;
    while (bytes[at - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return 0;
}
