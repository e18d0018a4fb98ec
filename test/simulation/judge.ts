// Holds one run to the promises of the product. What is broken is written down with the number of
// its promise, never thrown, so that one run shows all of it.

import type { CallError } from '../../src/core/errors.ts';
import type { CallObserver } from '../../src/layers/observe/observe.ts';
import { keptBytes } from './simulated-gateway.ts';
import type { TokenDesk } from './token-desk.ts';
import type { VirtualCaller } from './virtual-caller.ts';

/** A stream that has said something this recently is alive, ms; far below every idle limit. */
const ALIVE_MS = 5_000;
/** No queue lets a call wait for longer before it is refused, ms. */
const REFUSED_WITHIN_MS = 31_000;

/** What is counted while a run goes on. */
export interface Counts {
  /** Calls that are not over. */
  readonly running: number;
  readonly leases: number;
  readonly sockets: number;
  readonly keptBytes: number;
}

/** What may be held at a time. */
export interface Bounds {
  readonly sockets: number;
  readonly keptBytes: number;
  readonly leasesPerCall: number;
}

/** The judge of one run. */
export class Judge {
  readonly broken: string[] = [];
  readonly #open = new Set<string>();
  readonly #verdicts = new Map<string, CallError | undefined>();

  note(promise: string, id: string): void {
    this.broken.push(`${promise} (${id})`);
  }

  /** One verdict for each call, and none for anything else. */
  get observer(): CallObserver {
    return {
      callStarted: ({ id }) => {
        if (this.#open.has(id)) this.note('9: a call began twice', id);
        this.#open.add(id);
      },
      callEnded: ({ id }, error) => {
        if (!this.#open.delete(id)) this.note('9: a call has two verdicts', id);
        this.#verdicts.set(id, error);
      },
    };
  }

  /** A caller has heard the last of its call. */
  over({ error, plan, timeline }: VirtualCaller, now: number, desk: TokenDesk): void {
    if (error === undefined) return;
    const isIdle = error.code === 'STREAM_IDLE' || error.code === 'DEADLINE_EXCEEDED';
    const isAlive = now - timeline.lastByteAt < ALIVE_MS;
    if (isIdle && isAlive) this.note('2: a living stream was cut', plan.id);
    if (error.code === 'CREDENTIALS_UNAVAILABLE' && desk.hasGoodToken) {
      this.note('6: a call was refused while a good token was there', plan.id);
    }
    // A budget may refuse the replay that would have hidden it, and says so.
    const isHideable = plan.route.replay !== 'strict' && plan.inputSize < keptBytes / 2;
    if (error.code === 'STALE_CONNECTION' && isHideable && !/retry budget/.test(error.message)) {
      this.note('3: a stale connection has reached the caller', plan.id);
    }
    if (error.origin === 'gateway' && (error.status === 429 || error.status === 503)) {
      if (!(Number(error.retryAfterMs) > 0)) {
        this.note(`8: ${error.code} does not say when to come again`, plan.id);
      }
      if (timeline.attempts === 0 && now - timeline.startedAt > REFUSED_WITHIN_MS) {
        this.note('8: refused late', plan.id);
      }
    }
  }

  /** Looked at again and again while the run goes on. */
  bounded(counts: Counts, { sockets, keptBytes, leasesPerCall }: Bounds): void {
    const { running } = counts;
    if (counts.sockets > sockets) this.note(`7: ${counts.sockets} sockets`, 'all');
    if (counts.keptBytes > keptBytes) this.note(`7: ${counts.keptBytes} bytes kept`, 'all');
    // A connection that rests is held by its pool.
    const leases = counts.leases - counts.sockets;
    if (leases > running * leasesPerCall) {
      this.note(`7: ${counts.leases} leases for ${running} calls`, 'all');
    }
  }

  /** Every call has the verdict that its caller has heard. */
  verdicts(callers: Iterable<VirtualCaller>): void {
    for (const id of this.#open) this.note('9: a call has no verdict', id);
    for (const { plan, error } of callers) {
      if (!this.#verdicts.has(plan.id)) this.note('9: a call has no verdict', plan.id);
      else if (this.#verdicts.get(plan.id)?.code !== error?.code) {
        this.note('9: the verdict is not what the caller heard', plan.id);
      }
    }
  }
}
