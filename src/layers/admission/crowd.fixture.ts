// A crowd of callers around the layer on virtual time, each with one call at a time: whoever is
// answered asks again at once, whoever is refused comes back when told to.

import type { Priority } from '../../core/caller.ts';
import { seededRandom } from '../../core/random.ts';
import type { ScriptedCall } from '../../testing/scripted-service.ts';
import { testLimits } from '../../testing/test-call.ts';
import { Rig, fixed } from './admission.fixture.ts';
import type { Sent } from './admission.fixture.ts';

/** What the crowd is like. */
export interface CrowdOptions {
  /** Callers by tenant. */
  readonly callers: Readonly<Record<string, number>>;
  readonly limit: number;
  /** How long the upstream takes for a call, spread by half either way. */
  readonly holdMs: number;
  readonly priorityOf?: (tenant: string) => Priority;
}

/** One refusal. */
interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly afterMs: number;
}

/** How closely the crowd watches its calls, in ms. */
const LOOK_MS = 1;

/** The crowd and what became of its calls. */
export class Crowd {
  readonly rig: Rig;
  /** Answers by tenant. */
  readonly answers = new Map<string, number>();
  readonly refusals: Refusal[] = [];
  /** Waits of calls that got their slot while the queue was taken for standing. */
  readonly overloadedWaitsMs: number[] = [];
  readonly waitsMs: number[] = [];
  outMax: number = 0;
  workMs: number = 0;
  readonly #options: CrowdOptions;
  readonly #random = seededRandom(11);
  readonly #open = new Set<Sent>();
  #stopped: boolean = false;

  constructor(options: CrowdOptions) {
    this.#options = options;
    const script = () => {
      const ms = options.holdMs * (0.5 + this.#random.next());
      this.workMs += ms;
      return { headAfterMs: ms * 0.3, chunks: ['x'], endAfterMs: ms * 0.7 };
    };
    this.rig = new Rig({ script, limits: { a: fixed(options.limit) } });
  }

  /** Calls that have heard nothing final. */
  get open(): number {
    return this.#open.size;
  }

  /** All come at once and go on for `ms`; then those who are out come to their end. */
  run(ms: number): void {
    for (const [tenant, count] of Object.entries(this.#options.callers)) {
      for (let caller = 0; caller < count; caller += 1) this.#call(tenant);
    }
    this.#advance(ms);
    this.#stopped = true;
    this.#advance(testLimits.queueMs + 2 * this.#options.holdMs);
  }

  /** Jain's index of the answers: 1 = all tenants got the same. */
  get fairness(): number {
    const counts = [...this.answers.values()];
    const sum = counts.reduce((total, count) => total + count, 0);
    const squares = counts.reduce((total, count) => total + count * count, 0);
    return (sum * sum) / (counts.length * squares);
  }

  #advance(ms: number): void {
    const { rig } = this;
    for (let spent = 0; spent < ms; spent += LOOK_MS) {
      const { overloaded } = rig.view();
      const heard = rig.heard.waits.length;
      rig.clock.advance(LOOK_MS);
      for (const { waitedMs } of rig.heard.waits.slice(heard)) {
        this.waitsMs.push(waitedMs);
        if (overloaded) this.overloadedWaitsMs.push(waitedMs);
      }
      this.outMax = Math.max(this.outMax, rig.far.calls.filter(isOut).length);
      rig.far.calls.splice(0, rig.far.calls.length, ...rig.far.calls.filter(isOut));
      for (const sent of this.#open) if (sent.sink.isOver) this.#over(sent);
    }
  }

  #call(tenant: string): void {
    if (this.#stopped) return;
    const priority = this.#options.priorityOf?.(tenant) ?? 'default';
    this.#open.add(this.rig.send({ as: { tenant, priority } }));
  }

  #over(sent: Sent): void {
    this.#open.delete(sent);
    const { sink, call } = sent;
    const { tenant } = call.caller;
    if (sink.error === undefined) {
      this.answers.set(tenant, (this.answers.get(tenant) ?? 0) + 1);
      this.#call(tenant);
      return;
    }
    const { code, status, retryAfterMs } = sink.error;
    const afterMs = this.rig.clock.now() - call.timeline.startedAt;
    this.refusals.push({ code, status, afterMs });
    this.rig.clock.after(retryAfterMs ?? 0, () => this.#call(tenant));
  }
}

/** The value below which `share` of `values` lie. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

function isOut(far: ScriptedCall): boolean {
  return !far.over;
}
