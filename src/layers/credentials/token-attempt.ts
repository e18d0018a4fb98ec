// One attempt that is sent with a token. Waits where there is none to use; holds back a 401 and
// sends the call once more where another token may help. Never a third time: passwords lock.
// Invariants: the sink hears one answer; the second is sent when the first has been heard to its
// end, because both write into one timeline.

import { attemptOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import { Cancellation } from '../../core/cancellation.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderEdit } from '../../core/header-edit.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Service } from '../../core/layer.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { CredentialsObserver } from './credentials-observer.ts';
import { HeldRefusal } from './held-refusal.ts';
import type { CredentialsOptions } from './options.ts';
import type { TokenCache } from './token-cache.ts';
import { TokenWait } from './token-wait.ts';
import type { WaitEnd } from './token-wait.ts';

const SUPERSEDED = new CallError('SUPERSEDED');
const UNAUTHORIZED = 401;

/** What all attempts of one layer share. */
export interface AttemptContext {
  readonly clock: Clock;
  readonly observer: CredentialsObserver;
  readonly options: CredentialsOptions;
  readonly next: Service;
}

/**
 * - `unsent`: waits for its first token
 * - `sent`: no head yet, and a 401 may be replaced
 * - `held`: a 401 has come; whether another token follows is not known yet
 * - `leaving`: another token is here; the first answer is heard to its end
 * - `passing`: what comes is the answer
 * - `over`: the last of it has been said
 */
type Stage = 'unsent' | 'sent' | 'held' | 'leaving' | 'passing' | 'over';

/** The attempt, and the sink of whatever it sends. */
export class TokenAttempt implements Sink, WaitEnd {
  readonly #context: AttemptContext;
  readonly #cache: TokenCache;
  readonly #call: Call;
  readonly #sink: Sink;
  #stage: Stage = 'unsent';
  #version: number = 0;
  #scope: Cancellation | undefined = undefined;
  // These are for calls that wait or meet a 401, which are few.
  #held: HeldRefusal | undefined = undefined;
  #heldUntil: number = 0;
  #better: HeaderEdit | undefined = undefined;
  #wait: TokenWait | undefined = undefined;
  #waitingSince: number = 0;
  #cut: Timer | undefined = undefined;

  constructor(context: AttemptContext, cache: TokenCache, call: Call, sink: Sink) {
    this.#context = context;
    this.#cache = cache;
    this.#call = call;
    this.#sink = sink;
  }

  begin(): void {
    const now = this.#context.clock.now();
    const edit = this.#cache.ask(now);
    if (edit === undefined) this.#waitOrFail(now);
    else this.#send(edit, 'sent');
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    const isFirst = this.#stage === 'sent';
    if (isFirst && head.status === UNAUTHORIZED && this.#mayReplace(head, flow)) {
      this.#decide(this.#context.clock.now());
      return;
    }
    this.#stage = 'passing';
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    if (this.#stage === 'passing') {
      this.#sink.chunk(bytes);
      return;
    }
    const held = this.#held;
    if (held === undefined) return;
    held.keep(bytes);
    if (this.#stage === 'leaving' && held.isLarge) this.#scope?.cancel(SUPERSEDED);
  }

  end(trailers?: HeaderList): void {
    switch (this.#stage) {
      case 'over':
        return;
      case 'held':
        this.#held?.ended(trailers);
        return;
      case 'leaving':
        this.#sendAgain();
        return;
      default:
        this.#settle();
        this.#sink.end(trailers);
    }
  }

  fail(error: CallError): void {
    if (this.#stage === 'over') return;
    if (this.#isEndOfRefusal(error)) {
      if (this.#stage === 'leaving') this.#sendAgain();
      else this.#held?.failed(error);
      return;
    }
    this.#settle();
    this.#sink.fail(error);
  }

  tokenSettled(): void {
    const now = this.#context.clock.now();
    if (this.#stage === 'held') this.#decide(now);
    else this.#first(this.#cache.ask(now), now);
  }

  tokenLate(): void {
    const now = this.#context.clock.now();
    if (this.#stage === 'unsent') this.#first(this.#cache.lastResort(now), now);
    else this.#giveUp(now);
  }

  callerLeft(reason: CallError): void {
    // With the first answer still under way its end brings the same message, and finds us over.
    this.#settle();
    this.#sink.fail(reason);
  }

  #send(edit: HeaderEdit, stage: 'sent' | 'passing'): void {
    const call = this.#call;
    const scope = new Cancellation(call.cancellation);
    this.#stage = stage;
    this.#scope = scope;
    this.#version = this.#cache.version;
    const headers = edit.apply(call.headers);
    this.#context.next(attemptOf(call, call.attempt, scope, { headers }), this);
  }

  /** The token for the first sending has come, or will not come any more. */
  #first(edit: HeaderEdit | undefined, now: number): void {
    if (edit === undefined) {
      this.#giveUp(now);
      return;
    }
    this.#stopWaiting(now);
    this.#sendLate(edit, 'sent');
  }

  /** Whether the 401 is held back, because another token may follow. */
  #mayReplace(head: Head, flow: Flow): boolean {
    const { clock, options } = this.#context;
    const now = clock.now();
    // Also where this call cannot be sent again: the next ones need a better token.
    const verdict = this.#cache.rejected(this.#version, now);
    if (verdict === 'pass' || !this.#call.body.replayable) return false;
    this.#stage = 'held';
    this.#held = new HeldRefusal(head, flow, options.refusalBytes);
    this.#heldUntil = now + options.refusalMs;
    return true;
  }

  /** A 401 is held. Another token, no other token, or neither yet? */
  #decide(now: number): void {
    const edit = this.#cache.ask(now);
    if (edit === undefined) {
      this.#waitOrFail(now);
      return;
    }
    if (this.#cache.version !== this.#version) {
      this.#stopWaiting(now);
      this.#leaveRefusal(edit, now);
    } else if (this.#cache.isFailing) this.#giveUp(now);
    else {
      this.#stopWaiting(now);
      this.#passHeld();
    }
  }

  #waitOrFail(now: number): void {
    const { clock, options } = this.#context;
    // One renewal is waited for; what it did not bring, the next one hardly will in time.
    if (this.#wait !== undefined || !this.#cache.isRenewing) {
      this.#giveUp(now);
      return;
    }
    this.#waitingSince = now;
    this.#wait = new TokenWait(this.#cache, this.#call, this);
    this.#wait.begin(clock, options.waitMs);
  }

  /** No token came in time. */
  #giveUp(now: number): void {
    this.#stopWaiting(now);
    const scope = this.#scope;
    this.#settle();
    scope?.cancel(SUPERSEDED);
    this.#sink.fail(this.#cache.failure(now));
  }

  /** The endpoint insists on the token that was refused: its 401 is the answer. */
  #passHeld(): void {
    const held = this.#held as HeldRefusal; // The stage says so.
    this.#held = undefined;
    if (held.isOver) this.#settle();
    else this.#stage = 'passing';
    const stage = this.#stage;
    held.replayTo(this.#sink, () => held.isOver || this.#stage === stage);
  }

  /** Another token is here. The first answer is given a moment to end by itself. */
  #leaveRefusal(edit: HeaderEdit, now: number): void {
    const held = this.#held as HeldRefusal; // The stage says so.
    this.#better = edit;
    this.#stage = 'leaving';
    if (held.isOver) this.#sendAgain();
    else if (held.isLarge || now >= this.#heldUntil) this.#scope?.cancel(SUPERSEDED);
    else {
      this.#cut = this.#context.clock.after(this.#heldUntil - now, () => {
        this.#scope?.cancel(SUPERSEDED);
      });
    }
  }

  #sendAgain(): void {
    const edit = this.#better as HeaderEdit; // The stage says so.
    this.#cut?.cancel();
    this.#scope?.detach();
    this.#held = undefined;
    const { observer } = this.#context;
    observer.replayedAfter401(this.#cache.name);
    this.#sendLate(edit, 'passing');
  }

  /**
   * Whoever began the call has returned long ago: a defect below must end it here, and one above,
   * in an answer at once, must not leave anything running below.
   */
  #sendLate(edit: HeaderEdit, stage: 'sent' | 'passing'): void {
    try {
      this.#send(edit, stage);
    } catch (bug) {
      if (this.#isOver()) throw bug;
      const scope = this.#scope;
      this.#settle();
      const error = new CallError('BUG', { cause: bug });
      scope?.cancel(error);
      try {
        this.#sink.fail(error);
      } catch {
        // The first exception is the one to be heard; it is on its way already.
      }
      throw bug;
    }
  }

  /** The first answer, which is not wanted any more, has broken off; nothing else is wrong. */
  #isEndOfRefusal(error: CallError): boolean {
    if (this.#stage !== 'held' && this.#stage !== 'leaving') return false;
    if (this.#call.cancellation.reason !== undefined) return false;
    return error.origin === 'upstream' || error.code === 'SUPERSEDED';
  }

  #isOver(): boolean {
    return this.#stage === 'over';
  }

  #stopWaiting(now: number): void {
    if (this.#wait === undefined) return;
    this.#wait.stop();
    this.#wait = undefined;
    this.#context.observer.waited(this.#cache.name, now - this.#waitingSince);
  }

  #settle(): void {
    this.#stage = 'over';
    this.#wait?.stop();
    this.#wait = undefined;
    this.#cut?.cancel();
    this.#scope?.detach();
    this.#held = undefined;
  }
}
