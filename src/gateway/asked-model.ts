// The model that a call asks for, read from the beginning of its body for metrics. Bodies come in
// reads of many kilobytes, and the first of them is looked at: a model that is not named there is
// not known. The search walks from the nearer end, so long prompts cost no more than short ones.

import type { Call } from '../core/call.ts';
import { MemberSearch, memberNames, plainTextAt } from '../layers/rate-limit/top-level-member.ts';

/** Longest name that is told apart. */
const NAME_LENGTH_MAX = 128;
/** A beginning is remembered up to this length; most clients write the model first or second. */
const FRONT_BYTES_MAX = 192;

const model = memberNames([''], 'model');

/** Reads the model of a call whose body can still be read from its start; else ''. */
export function askedModel(): (call: Call) => string {
  const models = new AskedModels();
  return (call) => models.of(call);
}

/** Remembers the last beginning of a body: clients send the same one again and again. */
class AskedModels {
  #front: Uint8Array = new Uint8Array();
  #name: string = '';

  of({ body }: Call): string {
    const first = body.replayable ? body.kept[0] : undefined;
    if (first === undefined) return '';
    if (this.#isKnown(first)) return this.#name;
    return this.#read(first, body.complete && body.kept.length === 1);
  }

  #isKnown(first: Uint8Array): boolean {
    const front = this.#front;
    if (front.length === 0 || first.length < front.length) return false;
    for (let at = 0; at < front.length; at += 1) if (first[at] !== front[at]) return false;
    return true;
  }

  /** `whole`: `first` is all there is. */
  #read(first: Uint8Array, whole: boolean): string {
    const bytes = Buffer.from(first.buffer, first.byteOffset, first.byteLength);
    const at = new MemberSearch(bytes, model, whole).next();
    const name = at < 0 ? undefined : plainTextAt(bytes, at, NAME_LENGTH_MAX);
    if (name === undefined) return '';
    // With the closing quote; bytes that begin like this have the same member with the same value.
    const end = at + name.length + 2;
    if (end <= FRONT_BYTES_MAX) {
      this.#front = new Uint8Array(first.subarray(0, end));
      this.#name = name;
    }
    return name;
  }
}
