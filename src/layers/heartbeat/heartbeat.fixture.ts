// A heartbeat layer between a scripted upstream, whose answers are scanned as on the wire, and a
// recording caller, on virtual time.

import type { Call } from '../../core/call.ts';
import { checked } from '../../core/checked.ts';
import type { Scanner } from '../../core/dialect.ts';
import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import { stack } from '../../core/layer.ts';
import type { Layer } from '../../core/layer.ts';
import type { Route } from '../../core/route.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import { Sweep } from '../../core/sweep.ts';
import { dialectByName } from '../../dialects/dialects.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import type { SinkEvent } from '../../testing/recording-sink.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { ServiceScript } from '../../testing/scripted-service.ts';
import { testCall, testLimits, testRoute } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { heartbeatLayer } from './heartbeat.ts';
import { defaultHeartbeatOptions } from './options.ts';
import type { HeartbeatOptions } from './options.ts';
import { asksForStream } from './stream-ask.ts';

/** The head of an event stream. */
export const EVENTS = { 'content-type': 'text/event-stream' };

/** Settings of a rig; everything else is by default. */
export interface RigSettings {
  readonly dialect?: string;
  readonly options?: Partial<HeartbeatOptions>;
  readonly route?: Partial<Route>;
  readonly call?: TestCallOptions;
  readonly onEvent?: (event: SinkEvent) => void;
}

/** What a test holds in its hands. */
export interface Rig {
  readonly clock: VirtualClock;
  readonly sweep: Sweep;
  readonly upstream: ScriptedService;
  readonly sink: RecordingSink;
  readonly call: Call;
  /** What the observer was told. */
  readonly told: string[];
}

/** Limits so wide that no silence in a test comes near them. */
export const patient = {
  ...testLimits,
  byteIdleMs: 600_000,
  byteIdleAfterPingMs: 600_000,
  progressIdleMs: 900_000,
};

/** Sends one call through the layer to an upstream of this script. */
export function rig(script: ServiceScript, settings: RigSettings = {}): Rig {
  const clock = new VirtualClock();
  const sweep = new Sweep(clock);
  const upstream = new ScriptedService(clock, script);
  const told: string[] = [];
  const layer = heartbeatLayer(
    {
      clock,
      sweep,
      wantsStream: (call) => {
        told.push('asked');
        return asksForStream(call);
      },
      observer: {
        sent: (dialect) => told.push(`sent ${dialect}`),
        committed: (route) => told.push(`committed ${route}`),
      },
    },
    { ...defaultHeartbeatOptions, ...settings.options },
  );
  const service = stack([layer, scanning], upstream.service, { between: checked });
  const dialect = dialectByName(settings.dialect ?? 'anthropic');
  if (dialect === undefined) throw new Error(`no dialect ${settings.dialect}`);
  const { onEvent = () => {} } = settings;
  const sink = new RecordingSink({ now: () => clock.now(), onEvent });
  const call = testCall({
    body: '{"model":"m","stream":true}',
    ...settings.call,
    now: clock.now(),
    route: testRoute({ dialect, limits: patient, ...settings.route }),
  });
  service(call, sink);
  return { clock, sweep, upstream, sink, call, told };
}

/** Scans each answer into the timeline, and does no more. */
const scanning: Layer = {
  name: 'meaning',
  wrap: (next) => (call, sink) => next(call, new ScanningSink(call, sink)),
};

class ScanningSink implements Sink {
  readonly #call: Call;
  readonly #sink: Sink;
  #scanner: Scanner | undefined = undefined;

  constructor(call: Call, sink: Sink) {
    this.#call = call;
    this.#sink = sink;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    this.#scanner = this.#call.route.dialect.scannerFor(head, false);
    this.#call.timeline.progress = this.#scanner?.progress;
    this.#call.timeline.lastProgressAt = this.#call.timeline.lastByteAt;
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    const { timeline } = this.#call;
    const before = this.#scanner?.progress.contentEvents;
    this.#scanner?.scan(bytes, 0, bytes.length);
    if (this.#scanner?.progress.contentEvents !== before) {
      timeline.lastProgressAt = timeline.lastByteAt;
    }
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#sink.fail(error);
  }
}
