// The callers of one joint call, and how a chunk reaches them. Each reads at its own pace: whoever
// is full stays behind, and is given the rest from the tape when there is room again.
// Invariants: nobody is given a byte twice or out of order; behind the slowest caller the tape
// holds nothing, once no twin can come any more.

import type { Call } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { Head } from '../../core/sink.ts';
import type { AnswerSoFar } from './answer-so-far.ts';
import type { Follower } from './follower.ts';

/** Everybody who is given one answer. */
export class Audience {
  readonly #answer: AnswerSoFar;
  readonly #outrun: (route: string) => void;
  readonly #followers: Follower[] = [];

  constructor(answer: AnswerSoFar, outrun: (route: string) => void) {
    this.#answer = answer;
    this.#outrun = outrun;
  }

  get size(): number {
    return this.#followers.length;
  }

  /** There is nobody who could take more now. */
  get isFull(): boolean {
    return this.#followers.length > 0 && this.#followers.every(({ full }) => full);
  }

  /** As they are now: what they are told may change who they are. */
  get all(): readonly Follower[] {
    return this.#followers.slice();
  }

  add(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** From now on it is told nothing but its last word. */
  remove(follower: Follower, joint: Call): void {
    follower.leave();
    follower.copyWire(joint);
    this.#followers.splice(this.#followers.indexOf(follower), 1);
  }

  /** The answer is over, and this one has had all of it. */
  hasAll(follower: Follower): boolean {
    const { ending, tape } = this.#answer;
    return ending !== undefined && !follower.over && follower.position === tape.end;
  }

  interim(head: Head): void {
    for (const one of this.all) if (!one.over) one.sink.interim(head);
  }

  start(head: Head, joint: Call): void {
    for (const one of this.all) {
      if (one.over) continue;
      one.copyWire(joint);
      one.start(head);
    }
  }

  /** Passes on a chunk that begins at `at`; `kept`: the tape has it already. */
  chunk(bytes: Uint8Array, at: number, kept: boolean, joint: Call): void {
    const { tape } = this.#answer;
    const [one] = this.#followers;
    if (this.#followers.length === 1 && one?.position === at && !one.playing) {
      // Alone it is given what comes even when it is full: the upstream was told to wait.
      one.position = tape.end;
      one.sink.chunk(bytes);
      return;
    }
    const ready = this.#followers.filter((each) => {
      return each.position === at && !each.playing && !each.full;
    });
    if (!kept) this.#keep(bytes, ready, joint);
    for (const each of ready) each.position = tape.end;
    for (const each of ready) if (!each.over) each.sink.chunk(bytes);
    if (!kept) this.trim();
  }

  /** Lets go of what everybody has had. Only when no twin can come any more. */
  trim(): void {
    let needed = Number.POSITIVE_INFINITY;
    for (const { position } of this.#followers) needed = Math.min(needed, position);
    this.#answer.tape.dropBefore(needed);
  }

  /** Keeps a chunk for those who are behind. What nobody needs is not even counted. */
  #keep(bytes: Uint8Array, ready: readonly Follower[], joint: Call): void {
    const { tape } = this.#answer;
    const areAllReady = ready.length === this.#followers.length;
    if (areAllReady) return;
    // Nobody can take more, so the upstream is held; this was under way already.
    if (ready.length === 0) tape.appendBeyond(bytes);
    else if (!tape.append(bytes)) this.#cutOff(ready, joint);
  }

  /** All but these have fallen too far behind a twin of theirs. */
  #cutOff(ready: readonly Follower[], joint: Call): void {
    const laggards = this.#followers.filter((one) => !ready.includes(one));
    for (const one of laggards) this.remove(one, joint);
    const detail = 'Another connection of its session is given the same answer, and is far ahead.';
    const error = new CallError('CALLER_STALLED', { detail });
    for (const { sink, call } of laggards) {
      this.#outrun(call.route.name);
      sink.fail(error);
    }
  }
}
