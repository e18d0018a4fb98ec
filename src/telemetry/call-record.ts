// Turns a finished call into samples and a log line. The one place that knows which numbers a call
// leaves behind; the observe layer only says when.

import type { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { CallError } from '../core/errors.ts';
import type { Route } from '../core/route.ts';
import { NEVER } from '../core/timeline.ts';
import { accessLine } from './access-log.ts';
import type { LineWriter } from './access-log.ts';
import type { HistogramSeries, Series } from './metric-family.ts';
import type { Metrics } from './metrics.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const MODEL_DIALECTS = new Set(['anthropic', 'openai-chat', 'openai-responses']);

/** Series of one route, found once, so that a call costs no label lookups in the common case. */
interface RouteSeries {
  readonly active: Series;
  readonly whole: Map<string, HistogramSeries>;
}

/** Records calls into metrics and the access log. */
export class CallRecord {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #log: LineWriter | undefined;
  readonly #byRoute = new Map<string, RouteSeries>();

  constructor(metrics: Metrics, clock: Clock, log: LineWriter | undefined) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#log = log;
  }

  callStarted(call: Call): void {
    this.#seriesOf(call.route).active.value += 1;
  }

  callEnded(call: Call, error: CallError | undefined): void {
    const { timeline, route } = call;
    this.#seriesOf(route).active.value -= 1;
    this.#recordServer(call, error);
    if (timeline.endpoint !== '' && timeline.firstWriteAt !== NEVER) {
      this.#recordClient(call, error);
    }
    if (timeline.progress !== undefined) this.#recordStream(call, error);
    this.#log?.write(accessLine(call, error, this.#clock.wallNow()));
  }

  #seriesOf(route: Route): RouteSeries {
    let known = this.#byRoute.get(route.name);
    if (known === undefined) {
      known = { active: this.#metrics.serverActive.at(route.name), whole: new Map() };
      this.#byRoute.set(route.name, known);
    }
    return known;
  }

  #recordServer(call: Call, error: CallError | undefined): void {
    const { timeline, route } = call;
    const method = METHODS.has(call.method) ? call.method : '_OTHER';
    const seconds = (timeline.endedAt - timeline.startedAt) / 1000;
    const { whole } = this.#seriesOf(route);
    const key = `${method}${timeline.status}${error?.code ?? ''}`;
    let series = whole.get(key);
    if (series === undefined) {
      const { serverDuration } = this.#metrics;
      series = serverDuration.at(method, route.name, String(timeline.status), error?.code ?? '');
      if (whole.size < 256) whole.set(key, series);
    }
    series.record(seconds);
  }

  #recordClient(call: Call, error: CallError | undefined): void {
    const { timeline } = call;
    const outcome = error?.code ?? 'complete';
    const seconds = (timeline.endedAt - timeline.firstWriteAt) / 1000;
    const status = timeline.firstByteAt === NEVER ? '' : String(timeline.status);
    this.#metrics.clientDuration.at(timeline.endpoint, status, error?.code ?? '').record(seconds);
    this.#metrics.attempts.at(timeline.endpoint, outcome).value += 1;
  }

  #recordStream(call: Call, error: CallError | undefined): void {
    const { timeline, route } = call;
    const { progress } = timeline;
    if (progress === undefined) return;
    this.#metrics.streamEnd.at(route.name, streamEnd(error)).value += 1;
    if (!MODEL_DIALECTS.has(route.dialect.name)) return;
    const labels: [string, string, string] = ['chat', route.upstream, error?.code ?? ''];
    const { aiDuration, aiFirstChunk, aiTokens } = this.#metrics;
    aiDuration.at(...labels).record((timeline.endedAt - timeline.startedAt) / 1000);
    if (timeline.firstByteAt !== NEVER && timeline.sentAt !== NEVER) {
      aiFirstChunk.at(...labels).record((timeline.firstByteAt - timeline.sentAt) / 1000);
    }
    const { inputTokens, outputTokens } = progress;
    if (inputTokens > 0) aiTokens.at(route.upstream, 'input').value += inputTokens;
    if (outputTokens > 0) aiTokens.at(route.upstream, 'output').value += outputTokens;
  }
}

/** The closed list of ways a stream ends, for the `how` label. */
function streamEnd(error: CallError | undefined): string {
  switch (error?.code) {
    case undefined:
      return 'complete';
    case 'CALLER_GONE':
      return 'client_gone';
    case 'CALLER_STALLED':
      return 'slow_reader';
    case 'STREAM_IDLE':
    case 'FIRST_BYTE_TIMEOUT':
      return 'idle';
    case 'DEADLINE_EXCEEDED':
      return 'deadline';
    case 'DRAINING':
      return 'drain';
    case 'STREAM_CUT':
    case 'STREAM_TRUNCATED':
    case 'EMPTY_ANSWER':
      return 'truncated';
    default:
      return 'error';
  }
}
