// A rate-limit layer between a scripted upstream and recording sinks on virtual time. The upstream
// reports tokens like the `meaning` layer would: into the timeline, before the end passes up.

import type { Call } from '../../core/call.ts';
import type { Caller } from '../../core/caller.ts';
import { checked } from '../../core/checked.ts';
import { Progress } from '../../core/dialect.ts';
import { stack } from '../../core/layer.ts';
import type { Service } from '../../core/layer.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { ServiceScript } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { MemoryQuotas } from './memory-quotas.ts';
import { defaultRateLimitOptions } from './options.ts';
import type { RateLimitOptions } from './options.ts';
import type { CallerQuotas } from './quota.ts';
import { rateLimitLayer } from './rate-limit.ts';

/** A caller of key `ci` and tenant `qa`, unless told. */
export function testCaller(name: string = 'ci', tenant: string = 'qa'): Caller {
  return { name, tenant, priority: 'default' };
}

/** What one test works with. */
export interface QuotaWorld {
  readonly clock: VirtualClock;
  readonly upstream: ScriptedService;
  readonly store: MemoryQuotas;
  readonly events: string[];
  /** Sends a call of `ci` of `qa`, unless told. */
  readonly send: (options?: TestCallOptions) => { call: Call; sink: RecordingSink };
  /** Tokens that `ci`, or `qa`, could use now. */
  readonly tokensLeft: (scope?: 'key' | 'tenant') => number | undefined;
  readonly running: (scope?: 'key' | 'tenant') => number;
}

/** Sets up the layer; `quotas` hold for every caller. */
export function quotaWorld(
  quotas: CallerQuotas | undefined,
  script: ServiceScript = {},
  own: { readonly options?: Partial<RateLimitOptions>; readonly terminal?: Service } = {},
): QuotaWorld {
  const clock = new VirtualClock();
  const upstream = new ScriptedService(clock, script);
  const store = new MemoryQuotas();
  const events: string[] = [];
  const observer = {
    refused: (scope: string, name: string, kind: string) =>
      void events.push(`refused ${scope} ${name} ${kind}`),
    settled: (key: string, reserved: number, used: number) =>
      void events.push(`settled ${key} ${reserved} ${used}`),
  };
  const layer = rateLimitLayer(
    { clock, store, quotasOf: () => quotas, observer },
    { ...defaultRateLimitOptions, ...own.options },
  );
  const service = stack([layer], own.terminal ?? upstream.service, { between: checked });
  const nameOf = { key: 'ci', tenant: 'qa' };
  return {
    clock,
    upstream,
    store,
    events,
    send: (options = {}) => {
      const call = testCall({ caller: testCaller(), ...options });
      const sink = new RecordingSink();
      service(call, sink);
      return { call, sink };
    },
    tokensLeft: (scope = 'key') => {
      const view = store.view(clock.now()).find((found) => found.scope === scope);
      return view?.tokensLeft;
    },
    running: (scope = 'key') => store.account(scope, nameOf[scope]).running,
  };
}

/** Writes what an answer has meant so far, as a scanner would. */
export function report(call: Call, progress: Partial<Progress>): void {
  call.timeline.progress = Object.assign(new Progress(), progress);
}
