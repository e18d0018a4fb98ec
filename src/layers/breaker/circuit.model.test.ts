// Random lives of one circuit against a model that knows only the rules of the reference: when it
// must open, how long it must stay so, how many calls may be out, and when it must close.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../core/random.ts';
import { Circuit } from './circuit.ts';
import { defaultBreakerOptions } from './options.ts';

const { failuresInARow, openMsMin, openMsMax, retryAfterMsMax } = defaultBreakerOptions;

interface Attempt {
  readonly epoch: number;
  readonly probe: boolean;
  answered: boolean;
  countedAt: number;
}

type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'begin' | 'hasten' }
  | { readonly do: 'answer' | 'complete' | 'leave'; readonly which: number }
  | {
      readonly do: 'fail';
      readonly which: number;
      readonly throttled: boolean;
      readonly retryAfterMs: number;
    };

const which = fc.nat({ max: 50 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.oneof(fc.integer({ min: 1, max: 4_000 }), fc.constantFrom(10_000, 30_000, 300_000)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('answer' as const), which }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('complete' as const), which }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), which }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('hasten' as const) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('fail' as const),
        which,
        throttled: fc.boolean(),
        retryAfterMs: fc.constantFrom(0, 0, 0, 2_000, 60_000, 86_400_000),
      }),
    },
  ),
  { maxLength: 120 },
);

/** Leads into the states that random steps seldom reach: three calls out, opened, time to probe. */
const illness: readonly Step[] = [
  ...Array.from({ length: 8 }, () => ({ do: 'begin' }) as const),
  ...Array.from(
    { length: 5 },
    () => ({ do: 'fail', which: 0, throttled: false, retryAfterMs: 0 }) as const,
  ),
  { do: 'wait', ms: 10_000 },
];

/** Drives a circuit as the layer does, and knows what must hold after every step. */
class Life {
  now: number = 1_000;
  readonly attempts: Attempt[] = [];
  openings: number = 0;
  #runOfFailures: number = 0;
  #quietUntil: number = 0;
  #openUntilMin: number = 0;
  #hastened: boolean = false;
  readonly circuit: Circuit;

  constructor(seed: number) {
    this.circuit = new Circuit(defaultBreakerOptions, seededRandom(seed), {
      opened: (_reason, openMs) => {
        this.openings += 1;
        this.#hastened = false;
        this.#openUntilMin = Math.max(this.now + openMsMin, this.#quietUntil);
        assert.ok(openMs <= Math.max(openMsMax, this.#quietUntil - this.now));
      },
      halfOpened: () => {
        assert.ok(this.now >= (this.#hastened ? this.#quietUntil : this.#openUntilMin));
      },
      closed: () => {
        this.#runOfFailures = 0;
      },
    });
  }

  run(step: Step): void {
    const { circuit } = this;
    switch (step.do) {
      case 'wait':
        this.now += step.ms;
        break;
      case 'begin':
        this.#begin();
        break;
      case 'hasten':
        this.#hastened ||= circuit.hasten(this.now);
        break;
      default:
        this.#report(step, this.attempts[step.which % Math.max(1, this.attempts.length)]);
    }
    this.#check();
  }

  #begin(): void {
    const opensAt = this.circuit.opensAt(this.now);
    if (opensAt > this.now) return;
    this.circuit.admit(this.now);
    const probe = this.circuit.state.kind === 'half-open';
    this.attempts.push({ epoch: this.circuit.epoch, probe, answered: false, countedAt: -1 });
  }

  #report(step: Step & { which: number }, attempt: Attempt | undefined): void {
    if (attempt === undefined) return;
    const { circuit, now } = this;
    const { epoch, answered } = attempt;
    if (step.do === 'answer') {
      if (answered) return;
      attempt.answered = true;
      if (epoch === circuit.epoch) this.#runOfFailures = 0;
      if (circuit.answered(epoch, now, false)) attempt.countedAt = now;
      return;
    }
    if (step.do === 'complete' && !answered) return;
    this.attempts.splice(this.attempts.indexOf(attempt), 1);
    if (step.do === 'complete') circuit.completed(epoch);
    else if (step.do === 'leave' && !answered) circuit.returned(epoch);
    else if (step.do === 'fail') this.#fail(step, attempt);
  }

  #fail(step: Step & { do: 'fail' }, { epoch, countedAt }: Attempt): void {
    const { circuit, now, openings } = this;
    const before = circuit.state.kind;
    const { throttled, retryAfterMs } = step;
    const waitMs = Math.min(retryAfterMs, retryAfterMsMax);
    if (waitMs > 0) this.#quietUntil = Math.max(this.#quietUntil, now + waitMs);
    if (before === 'open') this.#openUntilMin = Math.max(this.#openUntilMin, this.#quietUntil);
    const counts = epoch === circuit.epoch;
    if (counts && !throttled) this.#runOfFailures += 1;
    circuit.failed(epoch, now, { throttled, unreachable: false, retryAfterMs }, countedAt);
    if (!counts) assert.equal(this.openings, openings, 'opened by something old');
    else if (before === 'half-open') assert.equal(this.openings, openings + 1, 'a failed probe');
    else if (this.#runOfFailures >= failuresInARow) {
      assert.equal(this.openings, openings + 1, 'a run of failures');
    }
    if (this.openings !== openings) this.#runOfFailures = 0;
  }

  #check(): void {
    const { circuit, now } = this;
    const { state } = circuit;
    if (state.kind === 'open' && !this.#hastened && now < this.#openUntilMin) {
      assert.ok(circuit.opensAt(now) >= this.#openUntilMin);
    }
    if (state.kind === 'half-open') {
      const out = this.attempts.filter(
        ({ epoch, probe, answered }) => epoch === circuit.epoch && probe && !answered,
      ).length;
      assert.equal(state.out, out, 'permits that are out');
      assert.ok(out + state.passed <= state.permits);
      assert.ok(state.permits === 1 || state.permits === 3);
    }
  }
}

describe('any life of a circuit', () => {
  it('keeps the rules', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), steps, (seed, ill, story) => {
        const life = new Life(seed);
        if (ill) for (const step of illness) life.run(step);
        for (const step of story) life.run(step);
      }),
      { numRuns: 1_000 },
    );
  });

  it('recovers once its endpoint does', () => {
    fc.assert(
      fc.property(fc.integer(), steps, (seed, story) => {
        const life = new Life(seed);
        for (const step of story) life.run(step);
        // All callers leave, the endpoint is well from now on, and its longest wait is over.
        while (life.attempts.length > 0) life.run({ do: 'leave', which: 0 });
        life.run({ do: 'wait', ms: retryAfterMsMax + openMsMax });
        for (let count = 0; count < 4; count += 1) {
          life.run({ do: 'begin' });
          assert.equal(life.attempts.length, 1, 'no permit is lost');
          life.run({ do: 'answer', which: 0 });
          life.run({ do: 'complete', which: 0 });
        }
        assert.equal(life.circuit.isClosed, true);
      }),
      { numRuns: 300 },
    );
  });
});
