// The upstreams of mixed-run.test.ts: processes that err by rule and can die and come back on the
// port they had. Rules strike by count and not by chance, so that a short run meets each of them.

import assert from 'node:assert/strict';
import { systemRandom } from '../../../src/core/random.ts';
import { parseFaultSpec, FaultRule } from '../../../src/testing/fault-spec.ts';
import { MisbehavingUpstream, SimServer } from '../../../src/testing/index.ts';
import type { Behaviour } from '../../../src/testing/misbehaving-upstream/behaviour.ts';

/** How a process comes to life at a port; 0 = any. */
type Birth = (port: number) => Promise<SimServer | MisbehavingUpstream>;

/** One upstream process, over all its lives. Ends by `close`. */
export class Mortal {
  readonly rules: readonly FaultRule[];
  readonly url: string;
  readonly #birth: Birth;
  readonly #lives: (SimServer | MisbehavingUpstream)[];

  private constructor(
    rules: readonly FaultRule[],
    birth: Birth,
    first: SimServer | MisbehavingUpstream,
  ) {
    this.rules = rules;
    this.url = first.url;
    this.#birth = birth;
    this.#lives = [first];
  }

  static async born(rules: readonly FaultRule[], birth: Birth): Promise<Mortal> {
    return new Mortal(rules, birth, await birth(0));
  }

  /** Requests of which at least the head came, in each of its lives. */
  get requestsByLife(): readonly number[] {
    return this.#lives.map(({ seen }) => seen.requestCount);
  }

  get struck(): number {
    return this.rules.reduce((sum, rule) => sum + rule.struck, 0);
  }

  /** Adds to `counts` how often each named request was carried out. */
  countExecutions(counts: Map<string, number>): void {
    for (const { seen } of this.#lives) {
      for (const [id, times] of seen.executions()) counts.set(id, (counts.get(id) ?? 0) + times);
    }
  }

  /** Every connection breaks, and further ones are refused. */
  async die(): Promise<void> {
    await this.#lives.at(-1)?.close();
  }

  async comeBack(): Promise<void> {
    this.#lives.push(await this.#birth(Number(new URL(this.url).port)));
  }

  close(): Promise<void> {
    return this.die();
  }
}

/** Models that err by these rules. */
export function models(specs: readonly string[]): Promise<Mortal> {
  const faults = rulesOf(specs);
  return Mortal.born(faults, (port) => SimServer.listen({ seed: 1, faults, port }));
}

/** A service that takes orders, each of which must be carried out once. */
export function orders(specs: readonly string[]): Promise<Mortal> {
  const rules = rulesOf(specs);
  return Mortal.born(rules, (port) =>
    MisbehavingUpstream.listen(
      (request) => {
        const laid = rules.reduce<Behaviour>(
          (below, rule) => rule.overRequest(below, request, systemRandom, () => Date.now()),
          {},
        );
        // What is refused was not carried out.
        return laid.answer === undefined ? laid : { ...laid, executes: false };
      },
      { port },
    ),
  );
}

function rulesOf(specs: readonly string[]): FaultRule[] {
  return specs.map((spec) => {
    const rule = parseFaultSpec(spec);
    assert.ok(rule instanceof FaultRule, spec);
    return rule;
  });
}
