// One call that waits for a token: until the renewal is over, its time is up, or its caller leaves.

import type { Call } from '../../core/call.ts';
import type { CancelListener } from '../../core/cancellation.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import type { CallError } from '../../core/errors.ts';
import type { TokenCache, TokenWaiter } from './token-cache.ts';

/** Hears how the wait ended; once. */
export interface WaitEnd {
  /** The renewal is over; how, the cache knows. */
  tokenSettled(): void;
  /** It takes too long. */
  tokenLate(): void;
  callerLeft(reason: CallError): void;
}

/** The wait. Ends by itself, or by `stop`. */
export class TokenWait implements TokenWaiter, CancelListener {
  readonly #cache: TokenCache;
  readonly #call: Call;
  readonly #end: WaitEnd;
  #timer: Timer | undefined = undefined;

  constructor(cache: TokenCache, call: Call, end: WaitEnd) {
    this.#cache = cache;
    this.#call = call;
    this.#end = end;
  }

  /** Waits for at most `ms`. May end before it returns: the caller may have left already. */
  begin(clock: Clock, ms: number): void {
    this.#timer = clock.after(ms, () => {
      this.stop();
      this.#end.tokenLate();
    });
    this.#cache.wait(this);
    this.#call.cancellation.listen(this);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#cache.leave(this);
    this.#call.cancellation.unlisten(this);
  }

  tokenSettled(): void {
    this.#end.tokenSettled();
  }

  cancelled(reason: CallError): void {
    this.stop();
    this.#end.callerLeft(reason);
  }
}
