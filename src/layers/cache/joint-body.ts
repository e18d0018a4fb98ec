// The request body of a call that others may join. The body that came with the call belongs to its
// caller's connection and goes when that caller goes; this one takes the bytes over as they come
// and lives as long as the upstream call. No byte is copied: what was kept there is kept here.
// When all has come it knows the digest of the whole, unless the body was too long for that.

import type { CallError } from '../../core/errors.ts';
import { ReplayBody } from '../../core/replay-body.ts';
import type { BodyReader, BodySource, BufferBudget } from '../../core/replay-body.ts';
import { bodyDigest } from './body-digest.ts';

/** Waits for a body. Hears one of these, once. */
export interface BodyWatch {
  /** All of it has come, and `digest` is there. */
  bodyWhole(): void;
  /** There will be no digest, or to wait for it would cost too much. */
  bodyUnknown(): void;
  /** It will never be whole. */
  bodyLost(error: CallError): void;
}

/** What a shared body may take and how it is read. */
export interface BodyRules {
  readonly keepBytesMax: number;
  readonly bodyBytesMax: number;
  readonly unorderedMembers: readonly string[];
}

/** One body on its way. Ends by `release`. */
export class JointBody implements BodyReader, BodySource {
  /** What the upstream call sends. */
  readonly body: ReplayBody;
  /** Name of the whole; `undefined` until it has come, or for good. */
  digest: string | undefined = undefined;
  readonly #from: ReplayBody;
  readonly #rules: BodyRules;
  #full: boolean = false;
  #watch: BodyWatch | undefined = undefined;

  constructor(from: ReplayBody, budget: BufferBudget, rules: BodyRules) {
    this.#from = from;
    this.#rules = rules;
    this.body = new ReplayBody(from.declaredLength, rules.keepBytesMax, budget, this);
  }

  /** Takes over what has come and what will come. Nobody may have opened the caller's body yet. */
  begin(): void {
    // Or every byte would be kept, and counted, twice.
    this.#from.commit();
    this.#from.open(this);
  }

  /** Tells `watch` what becomes of the body, which must still be on its way. */
  watch(watch: BodyWatch): void {
    this.#watch = watch;
    if (this.#isTooMuch) this.#giveUp();
  }

  unwatch(): void {
    this.#watch = undefined;
  }

  release(): void {
    this.#watch = undefined;
    this.#from.close(this);
    this.body.release();
  }

  bodyBytes(bytes: Uint8Array): boolean {
    this.body.push(bytes);
    if (this.#watch !== undefined && this.#isTooMuch) this.#giveUp();
    return !this.#full;
  }

  bodyEnd(): void {
    const { body } = this;
    // What an early answer made go can not be named. Asked first, because it may be sent at once.
    if (!this.#isTooMuch) this.digest = this.#digest();
    body.finish();
    const watch = this.#watch;
    this.#watch = undefined;
    if (this.digest === undefined) watch?.bodyUnknown();
    else watch?.bodyWhole();
  }

  bodyFailed(error: CallError): void {
    const watch = this.#watch;
    this.#watch = undefined;
    this.body.fail(error);
    watch?.bodyLost(error);
  }

  pauseBody(): void {
    this.#full = true;
  }

  resumeBody(): void {
    this.#full = false;
    this.#from.resume(this);
  }

  /** Longer than what is shared, or than what may be kept. */
  get #isTooMuch(): boolean {
    return this.body.receivedBytes > this.#rules.bodyBytesMax || !this.body.replayable;
  }

  #digest(): string {
    const { kept } = this.body;
    const [first] = kept;
    const whole = kept.length === 1 && first !== undefined ? first : Buffer.concat(kept);
    return bodyDigest(whole, this.#rules.unorderedMembers);
  }

  #giveUp(): void {
    const watch = this.#watch;
    this.#watch = undefined;
    watch?.bodyUnknown();
  }
}
