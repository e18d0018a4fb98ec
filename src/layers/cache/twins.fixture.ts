// The layer between a scripted upstream and recording sinks on virtual time, with callers who treat
// their calls as an edge would: who leaves takes the body along.

import assert from 'node:assert/strict';
import type { Call } from '../../core/call.ts';
import { checked } from '../../core/checked.ts';
import { CallError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { stack } from '../../core/layer.ts';
import type { Service } from '../../core/layer.ts';
import { Leases } from '../../core/leases.ts';
import { BufferBudget } from '../../core/replay-body.ts';
import { Sweep } from '../../core/sweep.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import type { RecordingOptions } from '../../testing/recording-sink.ts';
import { ScriptedService, byHand } from '../../testing/scripted-service.ts';
import type { ServiceScript } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { JointCalls } from './joint-calls.ts';
import { defaultTwinsLimits, defaultTwinsOptions } from './options.ts';
import type { TwinsLimits, TwinsOptions } from './options.ts';
import { twinsLayer } from './twins.ts';

/** The session that calls of a rig name unless told otherwise. */
export const session = { 'session-id': 's1' };

/** How a rig differs from the defaults. */
export interface RigOptions {
  readonly script?: ServiceScript;
  readonly options?: Partial<TwinsOptions>;
  readonly limits?: Partial<TwinsLimits>;
  /** Stands in place of the scripted upstream. */
  readonly terminal?: Service;
}

/** One caller with its call. */
export interface TestCaller {
  readonly call: Call;
  readonly sink: RecordingSink;
  /** Closes its connection. */
  leave(code?: ErrorCode): void;
}

/** One layer and all around it. */
export class TwinsRig {
  readonly clock = new VirtualClock();
  readonly upstream: ScriptedService;
  readonly calls: JointCalls;
  readonly bodies = new BufferBudget(8 * 1024 * 1024);
  /** What the observer heard, in order. */
  readonly said: string[] = [];
  readonly service: Service;
  readonly #leases = new Leases(this.clock);
  readonly #sweep = new Sweep(this.clock);

  constructor({ script = byHand, options, limits, terminal }: RigOptions = {}) {
    const { bodies, clock, said } = this;
    this.upstream = new ScriptedService(clock, script);
    const observer = {
      attached: (route: string) => said.push(`attached ${route}`),
      lingered: (route: string) => said.push(`lingered ${route}`),
      expired: (route: string) => said.push(`expired ${route}`),
      evicted: (why: string) => said.push(`evicted ${why}`),
      outrun: (route: string) => said.push(`outrun ${route}`),
    };
    this.calls = new JointCalls(
      { clock, sweep: this.#sweep, leases: this.#leases, bodies, observer },
      { ...defaultTwinsLimits, ...limits },
    );
    const layer = twinsLayer({ calls: this.calls }, { ...defaultTwinsOptions, ...options });
    this.service = stack([layer], terminal ?? this.upstream.service, { between: checked });
  }

  /** Sends a completion of one session, unless told otherwise. */
  send(options: TestCallOptions = {}, recording: RecordingOptions = {}): TestCaller {
    const { clock } = this;
    const call = testCall({ headers: session, now: clock.now(), ...options });
    const sink = new RecordingSink({ now: () => clock.now(), ...recording });
    const caller: TestCaller = {
      call,
      sink,
      leave: (code = 'CALLER_GONE') => {
        const reason = new CallError(code);
        call.cancellation.cancel(reason);
        call.body.fail(reason);
        call.body.release();
      },
    };
    this.service(call, sink);
    return caller;
  }

  /** Nothing is kept for anybody. */
  assertNothingLeft(): void {
    assert.equal(this.calls.size, 0, 'joint calls');
    assert.equal(this.calls.memory.usedBytes, 0, 'bytes of answers');
    assert.equal(this.bodies.usedBytes, 0, 'bytes of requests');
    assert.equal(this.#leases.size, 0, 'leases');
    // The sweep stops at its next tick.
    this.clock.advance(100);
    assert.equal(this.#sweep.size, 0, 'sweep');
    assert.equal(this.clock.nextTimerInMs, undefined, 'timers');
  }
}
