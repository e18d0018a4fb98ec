// Calls that a person should hear of beside their line in the log.

import type { Call } from '../core/call.ts';
import type { CallError } from '../core/errors.ts';
import { slowQuery } from '../dialects/service-now/slow-query.ts';
import type { CallObserver } from '../layers/observe/observe.ts';
import type { ProcessLog } from './process-log.ts';

/** Passes everything on and warns of slow queries, with what to change in them. */
export class WatchedCalls implements CallObserver {
  readonly #calls: CallObserver;
  readonly #log: Pick<ProcessLog, 'warn'>;

  constructor(calls: CallObserver, log: Pick<ProcessLog, 'warn'>) {
    this.#calls = calls;
    this.#log = log;
  }

  callStarted(call: Call): void {
    this.#calls.callStarted(call);
  }

  callAnswered(call: Call): void {
    this.#calls.callAnswered?.(call);
  }

  callEnded(call: Call, error: CallError | undefined): void {
    this.#calls.callEnded(call, error);
    const slow = slowQuery(call);
    if (slow !== undefined) this.#log.warn(slow, 'a slow query');
  }
}
