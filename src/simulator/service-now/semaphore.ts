// The places of one node for integrations: so many calls run, some more wait in line, and what is
// more is turned away. Source: ServiceNow reference, section 6. Pure: no clock, no wire.
// Invariant: never more than `running` tickets are open at a time, and each is closed once.

/** How many. */
export interface SemaphoreOptions {
  /** Calls that run at a time. */
  readonly running: number;
  /** Calls that wait for one of these places. */
  readonly queue: number;
}

/** A place, or the hope of one. Ends by `close`, which may be repeated. */
export interface Ticket {
  close(): void;
}

/** The places. */
export class Semaphore {
  /** The most that ever ran at a time. */
  runningMost: number = 0;
  readonly #options: SemaphoreOptions;
  readonly #running = new Set<Ticket>();
  readonly #waiting = new Map<Ticket, () => void>();

  constructor(options: SemaphoreOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Calls `run`, at once or when a place is free; `undefined` when there is no room to wait. */
  enter(run: () => void): Ticket | undefined {
    const ticket: Ticket = { close: () => this.#close(ticket) };
    if (this.#running.size < this.#options.running) {
      this.#start(ticket, run);
      return ticket;
    }
    if (this.#waiting.size >= this.#options.queue) return undefined;
    this.#waiting.set(ticket, run);
    return ticket;
  }

  #close(ticket: Ticket): void {
    this.#waiting.delete(ticket);
    if (!this.#running.delete(ticket)) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next[0]);
    this.#start(...next);
  }

  #start(ticket: Ticket, run: () => void): void {
    this.#running.add(ticket);
    this.runningMost = Math.max(this.runningMost, this.#running.size);
    run();
  }
}
