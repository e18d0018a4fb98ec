// One caller of a joint call: its place in the answer and its word on the flow. It has a sink and
// a cancellation of its own, so that it can be slow, late or gone without the others.
// Invariant: whatever it was given is the answer from its first byte on, without a gap.

import type { Call } from '../../core/call.ts';
import type { CancelListener } from '../../core/cancellation.ts';
import type { CallError } from '../../core/errors.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { AnswerSoFar } from './answer-so-far.ts';

/** The joint call, as one of its callers sees it. */
export interface Followed {
  /** A caller's socket is full. */
  paused(): void;
  /** It has room again. */
  resumed(follower: Follower): void;
  left(follower: Follower, reason: CallError): void;
}

/** One caller. Over after its `end` or `fail`; it hears nothing then, and its words are void. */
export class Follower implements Flow, CancelListener {
  readonly call: Call;
  readonly sink: Sink;
  /** When it joined a running call, in monotonic ms; `undefined` for the caller who began it. */
  readonly joinedAt: number | undefined;
  /** Up to where it was given what is kept of the answer. */
  position: number = 0;
  /** Its socket is full. */
  full: boolean = false;
  /** It is being given what it has missed. */
  playing: boolean = false;
  over: boolean = false;
  readonly #followed: Followed;
  #started: boolean = false;

  constructor(followed: Followed, call: Call, sink: Sink, joinedAt: number | undefined) {
    this.#followed = followed;
    this.call = call;
    this.sink = sink;
    this.joinedAt = joinedAt;
  }

  pause(): void {
    if (this.over) return;
    this.full = true;
    this.#followed.paused();
  }

  resume(): void {
    if (this.over) return;
    this.full = false;
    this.#followed.resumed(this);
  }

  cancelled(reason: CallError): void {
    if (!this.over) this.#followed.left(this, reason);
  }

  start(head: Head): void {
    this.#started = true;
    this.sink.start(head, this);
  }

  /** Gives it what it has missed, until it is full. Only the first of two nested calls does so. */
  play(answer: AnswerSoFar): void {
    if (this.playing || this.over) return;
    this.playing = true;
    try {
      if (!this.#started) this.#playHead(answer);
      const { tape } = answer;
      while (!this.over && !this.full && this.position < tape.end) {
        const bytes = tape.read(this.position);
        this.position += bytes.length;
        this.sink.chunk(bytes);
      }
    } finally {
      this.playing = false;
    }
  }

  /** Nothing more for it: what it is told now is the last. */
  leave(): void {
    this.over = true;
    this.call.cancellation.unlisten(this);
  }

  /** Shows in its timeline what the joint call has shown since it joined. */
  copyWire(joint: Call): void {
    if (this.joinedAt !== undefined) this.call.timeline.copyWire(joint.timeline, this.joinedAt);
  }

  #playHead({ interims, head }: AnswerSoFar): void {
    for (const one of interims) if (!this.over) this.sink.interim(one);
    if (head !== undefined && !this.over) this.start(head);
  }
}
