// The load of a soak: so many calls a second of all kinds, whatever becomes of them. Keeps counts
// only, since it runs as long as the gateway.

import type { CallKind, CallTools } from './call-kind.ts';
import type { CallTally } from './soak-run.ts';

const TICK_MS = 10;
/** Calls under way beyond which none is begun: the machine does not keep up. */
const UNDER_WAY_MAX = 256;
const EXAMPLES_MAX = 10;

/** Calls of the given kinds. Ends by `stop`. */
export class Load {
  underWay: number = 0;
  begun: number = 0;
  readonly #kinds: readonly CallKind[];
  readonly #tools: CallTools;
  readonly #perSecond: number;
  readonly #weights: number;
  readonly #planned = new Map<string, number>();
  readonly #examples: string[] = [];
  #unplanned: number = 0;
  #heldBack: number = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #lastTickAt: number = 0;
  #due: number = 0;

  constructor(kinds: readonly CallKind[], tools: CallTools, perSecond: number) {
    this.#kinds = kinds;
    this.#tools = tools;
    this.#perSecond = perSecond;
    this.#weights = kinds.reduce((sum, { weight }) => sum + weight, 0);
    for (const { name } of kinds) this.#planned.set(name, 0);
  }

  start(): void {
    this.#lastTickAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Begins no more calls, and waits for those under way, for at most `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    clearInterval(this.#timer);
    const until = performance.now() + withinMs;
    while (this.underWay > 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    if (this.underWay > 0) this.#other(`${this.underWay} calls did not end`);
  }

  get tally(): CallTally {
    return {
      planned: Object.fromEntries(this.#planned),
      unplanned: this.#unplanned,
      examples: this.#examples,
      heldBack: this.#heldBack,
    };
  }

  #tick(): void {
    const now = performance.now();
    // What a pause of this process has missed is not made up for in one burst.
    const passedMs = Math.min(now - this.#lastTickAt, 10 * TICK_MS);
    this.#lastTickAt = now;
    this.#due += (passedMs * this.#perSecond) / 1_000;
    for (; this.#due >= 1; this.#due -= 1) {
      if (this.underWay < UNDER_WAY_MAX) void this.#begin(this.#draw());
      else this.#heldBack += 1;
    }
  }

  #draw(): CallKind {
    let left = this.#tools.values.random.next() * this.#weights;
    for (const kind of this.#kinds) {
      left -= kind.weight;
      if (left < 0) return kind;
    }
    return this.#kinds[0] as CallKind;
  }

  async #begin(kind: CallKind): Promise<void> {
    this.underWay += 1;
    this.begun += 1;
    const wrong = await kind.run(this.#tools);
    this.underWay -= 1;
    if (wrong === undefined) this.#planned.set(kind.name, (this.#planned.get(kind.name) ?? 0) + 1);
    else this.#other(`${kind.name}: ${wrong}`);
  }

  #other(example: string): void {
    this.#unplanned += 1;
    if (this.#examples.length < EXAMPLES_MAX) this.#examples.push(example);
  }
}
