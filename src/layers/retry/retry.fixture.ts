// The layer under test between a scripted upstream and recording sinks, on virtual time, with a
// record of what it says and a look at what it still holds.

import assert from 'node:assert/strict';
import type { Call } from '../../core/call.ts';
import { checked } from '../../core/checked.ts';
import { stack } from '../../core/layer.ts';
import { seededRandom } from '../../core/random.ts';
import type { Route } from '../../core/route.ts';
import { Sweep } from '../../core/sweep.ts';
import { anthropicDialect } from '../../dialects/anthropic.ts';
import { anthropicEvents } from '../../dialects/samples.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import type { RecordingOptions } from '../../testing/recording-sink.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { CallScript, ServiceScript } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { defaultRetryBudgetOptions, defaultRetryOptions } from './options.ts';
import type { RetryBudgetOptions, RetryOptions } from './options.ts';
import { RetryBudgets } from './retry-budgets.ts';
import type { DenialCause } from './retry-observer.ts';
import { retryLayer } from './retry.ts';
import { scanning } from './scanning.fixture.ts';

export const EVENTS = { 'content-type': 'text/event-stream' };
/** A whole and good stream. */
export const stream: CallScript = { headers: EVENTS, chunks: anthropicEvents };
export const whole = anthropicEvents.join('');
/** Everything in front of the first content. */
export const opening = anthropicEvents.slice(0, 1);
/** The first nine events; the second of them is content. */
export const nine = anthropicEvents.slice(0, 9);

/** An error event as this dialect writes it. */
export function errorEvent(type: string): string {
  const error = { type, message: 'Sorry' };
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`;
}

/** A call that must not run twice. */
export const strict = { kind: 'other', replay: 'strict' } as const;

/** One layer and all around it. */
export class RetryRig {
  readonly clock = new VirtualClock();
  readonly upstream: ScriptedService;
  readonly budgets: RetryBudgets;
  readonly retried: string[] = [];
  readonly denied: DenialCause[] = [];
  readonly #sweep = new Sweep(this.clock);
  readonly #service: (call: Call, sink: RecordingSink) => void;

  constructor(
    script: ServiceScript,
    options: Partial<RetryOptions> = {},
    budget: Partial<RetryBudgetOptions> = {},
  ) {
    const { clock } = this;
    this.upstream = new ScriptedService(clock, script);
    this.budgets = new RetryBudgets({ ...defaultRetryBudgetOptions, ...budget });
    const observer = {
      retried: (_upstream: string, cause: string) => this.retried.push(cause),
      denied: (_upstream: string, why: DenialCause) => this.denied.push(why),
    };
    const deps = { clock, random: seededRandom(5), sweep: this.#sweep, budgets: this.budgets };
    const layer = retryLayer({ ...deps, observer }, { ...defaultRetryOptions, ...options });
    this.#service = stack([layer, scanning], this.upstream.service, { between: checked });
  }

  /** Sends a completion that may be repeated, unless told otherwise. */
  send(
    options: TestCallOptions = {},
    recording: RecordingOptions = {},
  ): { call: Call; sink: RecordingSink } {
    const { clock } = this;
    const rules = { dialect: anthropicDialect, replay: 'idle-race' } as const;
    const route: Partial<Route> = { ...rules, ...options.route };
    const call = testCall({ ...options, route, now: clock.now() });
    const sink = new RecordingSink({ now: () => clock.now(), ...recording });
    this.#service(call, sink);
    return { call, sink };
  }

  /** What the calls of this rig were lent by their upstream's budget. */
  get lent(): readonly [retrying: number, running: number] {
    const { retrying, running } = this.budgets.view(this.clock.now())[0] ?? {};
    return [retrying ?? 0, running ?? 0];
  }

  assertNothingLeft(): void {
    assert.equal(this.#sweep.size, 0);
    // The sweep stops at its next tick.
    this.clock.advance(100);
    assert.equal(this.clock.nextTimerInMs, undefined);
    assert.deepEqual(this.lent, [0, 0]);
  }
}
