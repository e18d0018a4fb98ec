// Sessions of the simulated instance: whoever brings no cookie is given one, and calls that bring
// the same one run one at a time; past so many in line they are answered 202 and dropped.
// Source: ServiceNow reference, section 6. Bounded: the oldest session is forgotten.

import type { Random } from '../../core/random.ts';
import { Semaphore } from './semaphore.ts';
import { hexId } from './tables.ts';

const SESSIONS_MAX = 10_000;
const COOKIE = /(?:^|;)\s*JSESSIONID=([0-9A-F]{32})\b/;

/** The sessions of one instance. */
export class Sessions {
  /** Sessions given so far. */
  given: number = 0;
  readonly #queue: number;
  readonly #random: Random;
  readonly #lines = new Map<string, Semaphore>();

  /** `queue`: calls of one session that may wait. */
  constructor(queue: number, random: Random) {
    this.#queue = queue;
    this.#random = random;
  }

  /** The line in which calls with this `Cookie` field stand; `undefined` = a new session. */
  lineOf(cookie: string | undefined): Semaphore | undefined {
    return this.#lines.get(COOKIE.exec(cookie ?? '')?.[1] ?? '');
  }

  /** Opens a session; the `Set-Cookie` fields that tell of it. */
  open(): string[] {
    const id = hexId(this.#random).toUpperCase();
    const [oldest] = this.#lines.keys();
    if (this.#lines.size >= SESSIONS_MAX && oldest !== undefined) this.#lines.delete(oldest);
    this.#lines.set(id, new Semaphore({ running: 1, queue: this.#queue }));
    this.given += 1;
    return [
      `JSESSIONID=${id}; Path=/; HttpOnly`,
      `glide_session_store=${hexId(this.#random).toUpperCase()}; Path=/; HttpOnly`,
      `BIGipServerpool_sim=${id.slice(0, 8)}; Path=/; HttpOnly`,
    ];
  }
}
