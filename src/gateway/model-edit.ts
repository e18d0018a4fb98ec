// Another model in a request body: the one value is replaced, every other byte stays as it came.
// Used only where a route lists a model beside an upstream, so its cost does not matter much.

import { ReplayBody } from '../core/replay-body.ts';
import { ModelScan } from '../dialects/model-scan.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Bytes per step while looking for the end of the value; the last step is then redone singly. */
const STEP_BYTES = 256;

/** Whether all of the body is here to be changed. */
export function canEditModel(body: ReplayBody): boolean {
  return body.complete && body.replayable && body.receivedBytes > 0;
}

/** The body with `model` in place of the one it names; the same body where it names none. */
export function withModel(body: ReplayBody, model: string): ReplayBody {
  const bytes = Buffer.concat(body.kept);
  const end = endOfModel(bytes);
  if (end < 0) return body;
  const start = openingQuote(bytes, end);
  const value = Buffer.from(JSON.stringify(model));
  return ReplayBody.from(Buffer.concat([bytes.subarray(0, start), value, bytes.subarray(end + 1)]));
}

/** Where the closing quote of the top-level model stands, or -1. */
function endOfModel(bytes: Uint8Array): number {
  let step = 0;
  const rough = new ModelScan();
  while (step < bytes.length && rough.feed(bytes.subarray(step, step + STEP_BYTES)) === 'more') {
    step += STEP_BYTES;
  }
  if (rough.model === undefined) return -1;
  const exact = new ModelScan();
  if (step > 0) exact.feed(bytes.subarray(0, step));
  let at = step;
  while (exact.feed(bytes.subarray(at, at + 1)) === 'more') at += 1;
  return at;
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
