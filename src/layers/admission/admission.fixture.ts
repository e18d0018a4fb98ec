// The layer between a scripted upstream and recording sinks on virtual time, for its tests.

import { checked } from '../../core/checked.ts';
import type { Call } from '../../core/call.ts';
import type { Priority } from '../../core/caller.ts';
import { stack } from '../../core/layer.ts';
import type { Service } from '../../core/layer.ts';
import { Leases } from '../../core/leases.ts';
import type { Outcome, OutcomeKind } from '../../core/outcome.ts';
import { seededRandom } from '../../core/random.ts';
import type { LatencyView } from '../../core/target.ts';
import { Sweep } from '../../core/sweep.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService, byHand } from '../../testing/scripted-service.ts';
import type { ScriptedCall, ServiceScript } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { admissionLayer } from './admission.ts';
import type { AdmissionDeps } from './admission.ts';
import type { AdmissionObserver } from './admission-observer.ts';
import type { GuardLevel } from './guard-rules.ts';
import { fixedLimitOptions } from './options.ts';
import type { LimitOptions } from './options.ts';
import { UpstreamLimits } from './upstream-limits.ts';

/** Keeps every word in short form: `shed a codel`. */
export class Heard implements AdmissionObserver {
  readonly words: string[] = [];
  readonly waits: { priority: Priority; waitedMs: number }[] = [];

  /** The words that begin so. */
  of(start: string): string[] {
    return this.words.filter((word) => word.startsWith(start));
  }

  limitChanged(upstream: string, limit: number): void {
    this.words.push(`limit ${upstream} ${limit}`);
  }

  shed(upstream: string, cause: string): void {
    this.words.push(`shed ${upstream} ${cause}`);
  }

  wouldShed(upstream: string, cause: string): void {
    this.words.push(`would shed ${upstream} ${cause}`);
  }

  wouldQueue(upstream: string, priority: Priority): void {
    this.words.push(`would queue ${upstream} ${priority}`);
  }

  queueWait(upstream: string, priority: Priority, waitedMs: number): void {
    this.waits.push({ priority, waitedMs });
    this.words.push(`waited ${upstream}`);
  }

  nearLimit(upstream: string, occupied: number, limit: number): void {
    this.words.push(`near ${upstream} ${occupied}/${limit}`);
  }

  softLimit(upstream: string, occupied: number, soft: number): void {
    this.words.push(`soft ${upstream} ${occupied}/${soft}`);
  }
}

/** One call on its way, from both sides. */
export interface Sent {
  readonly call: Call;
  readonly sink: RecordingSink;
  /** The far side; `undefined` while the call has not been let in. */
  readonly far: ScriptedCall | undefined;
}

/** What a rig may be told. */
export interface RigOptions {
  readonly script?: ServiceScript;
  readonly upstreams?: readonly string[];
  /** Options by upstream; 2 calls at a time where none are given. */
  readonly limits?: Readonly<Record<string, LimitOptions>>;
  readonly latency?: LatencyView;
  /** Stands in the place of the scripted upstream. */
  readonly terminal?: Service;
}

/** What a call may be told. */
export interface SendOptions extends TestCallOptions {
  readonly as?: Partial<Call['caller']>;
  readonly through?: Service;
}

/** A fixed limit of `calls` with other settings as wished. */
export function fixed(calls: number, overrides: Partial<LimitOptions> = {}): LimitOptions {
  return { ...fixedLimitOptions(calls), ...overrides };
}

/** The layer with everything around it. */
export class Rig {
  readonly clock = new VirtualClock();
  readonly sweep = new Sweep(this.clock);
  readonly leases = new Leases(this.clock);
  readonly heard = new Heard();
  readonly guard: { level: GuardLevel } = { level: 'open' };
  readonly far: ScriptedService;
  readonly limits: UpstreamLimits;
  readonly #deps: AdmissionDeps;
  readonly #terminal: Service;
  readonly #service: Service;

  constructor(options: RigOptions = {}) {
    const { clock, sweep, leases, heard, guard } = this;
    const upstreams = options.upstreams ?? ['a'];
    this.far = new ScriptedService(clock, options.script ?? byHand);
    this.limits = new UpstreamLimits({ clock, sweep, random: seededRandom(7), observer: heard });
    for (const name of upstreams) {
      this.limits.configure(name, options.limits?.[name] ?? fixed(2));
    }
    const { limits } = this;
    const given = { clock, leases, limits, guard };
    const { latency } = options;
    this.#deps = latency === undefined ? given : { ...given, latency };
    this.#terminal = options.terminal ?? this.far.service;
    this.#service = this.route(upstreams);
    this.heard.words.length = 0;
  }

  /** The stack of a further route; the upstreams are shared. */
  route(upstreams: readonly string[]): Service {
    return stack([admissionLayer(this.#deps, { upstreams })], this.#terminal, { between: checked });
  }

  /** Sends a call: `as` this caller, `through` this stack instead of the rig's own. */
  send(options: SendOptions = {}): Sent {
    const { clock } = this;
    return this.sendTo(new RecordingSink({ now: () => clock.now() }), options);
  }

  /** Sends a call with a sink of the test's own. */
  sendTo(sink: RecordingSink, options: SendOptions = {}): Sent {
    const { as, through, ...rest } = options;
    const { clock, far } = this;
    const caller = { name: 'x', tenant: 'x', priority: 'default' as const, ...as };
    const call = testCall({ now: clock.now(), caller, ...rest });
    (through ?? this.#service)(call, sink);
    return {
      call,
      sink,
      get far() {
        return far.calls.find((scripted) => scripted.call.id === call.id);
      },
    };
  }

  /** Sends several alike. */
  sendAll(count: number, options: SendOptions = {}): Sent[] {
    return Array.from({ length: count }, () => this.send(options));
  }

  view(upstream: string = 'a') {
    const found = this.limits.view().find((view) => view.upstream === upstream);
    if (found === undefined) throw new Error(`rig: no upstream ${upstream}`);
    return found;
  }

  /** Teaches the limit how long slots are held: calls one after the other, `ms` each. */
  holdTimes(ms: number, count: number = 10): void {
    for (let sent = 0; sent < count; sent += 1) {
      const { far } = this.send();
      far?.start();
      this.clock.advance(ms);
      far?.end();
    }
  }
}

/** Answers and ends a call by hand. */
export function finish({ far }: Sent): void {
  if (far === undefined) throw new Error('rig: the call has not been let in');
  far.start();
  far.end();
}

/** An outcome by hand. */
export function outcome(kind: OutcomeKind, cause: string = kind): Outcome {
  return { kind, cause, retryAfterMs: 0 };
}
