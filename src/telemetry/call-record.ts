// Turns a finished call into samples and a log line. The one place that knows which numbers a call
// leaves behind; the observe layer only says when. Series of the common case (a whole answer) are
// found by two array or map steps; only failures build label strings.

import type { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { CallError } from '../core/errors.ts';
import { NEVER } from '../core/timeline.ts';
import { accessLine } from './access-log.ts';
import type { LineWriter } from './access-log.ts';
import type { HistogramSeries, Series } from './metric-family.ts';
import type { Metrics } from './metrics.ts';
import { streamEnd } from './stream-end.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const MODEL_DIALECTS = new Set(['anthropic', 'openai-chat', 'openai-responses']);

/** Series of one route, found once. */
class RouteSeries {
  readonly active: Series;
  /** Whole answers to POST, by status. */
  readonly posts: HistogramSeries[] = [];
  wholeStreams: Series | undefined = undefined;
  /** By name of the upstream that answered; a route may lead to several. */
  readonly models: Map<string, ModelSeries> = new Map();

  constructor(active: Series) {
    this.active = active;
  }
}

/** Series of whole answers of one model upstream. */
interface ModelSeries {
  readonly duration: HistogramSeries;
  readonly firstChunk: HistogramSeries;
  readonly input: Series;
  readonly output: Series;
}

/** Records calls into metrics and the access log. */
export class CallRecord {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #log: LineWriter | undefined;
  readonly #routes = new Map<string, RouteSeries>();
  /** Whole answers of each endpoint, by status. */
  readonly #endpoints = new Map<string, HistogramSeries[]>();

  constructor(metrics: Metrics, clock: Clock, log: LineWriter | undefined) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#log = log;
  }

  callStarted(call: Call): void {
    this.#routeSeries(call).active.value += 1;
  }

  callEnded(call: Call, error: CallError | undefined): void {
    const { timeline } = call;
    const series = this.#routeSeries(call);
    series.active.value -= 1;
    this.#recordServer(call, series, error);
    // What the upstream did was for the call that this one has joined, and is counted there.
    const isTwin = timeline.twinOf !== '';
    if (!isTwin && timeline.endpoint !== '' && timeline.firstWriteAt !== NEVER) {
      this.#recordClient(call, error);
    }
    if (timeline.progress !== undefined) this.#recordStream(call, series, error);
    this.#log?.write(accessLine(call, error, this.#clock.wallNow()));
  }

  #routeSeries(call: Call): RouteSeries {
    const { name } = call.route;
    let known = this.#routes.get(name);
    if (known === undefined) {
      known = new RouteSeries(this.#metrics.serverActive.at(name));
      this.#routes.set(name, known);
    }
    return known;
  }

  #recordServer(call: Call, series: RouteSeries, error: CallError | undefined): void {
    const { timeline, route, method } = call;
    const { status } = timeline;
    const seconds = (timeline.endedAt - timeline.startedAt) / 1000;
    const quick = error === undefined && method === 'POST' ? series.posts[status] : undefined;
    if (quick !== undefined) {
      quick.record(seconds);
      return;
    }
    const label = METHODS.has(method) ? method : '_OTHER';
    const { serverDuration } = this.#metrics;
    const found = serverDuration.at(label, route.name, String(status), error?.code ?? '');
    found.record(seconds);
    if (error === undefined && method === 'POST') series.posts[status] = found;
  }

  #recordClient(call: Call, error: CallError | undefined): void {
    const { timeline } = call;
    const { endpoint, status } = timeline;
    const seconds = (timeline.endedAt - timeline.firstWriteAt) / 1000;
    if (error !== undefined) {
      const shown = timeline.firstByteAt === NEVER ? '' : String(status);
      this.#metrics.clientDuration.at(endpoint, shown, error.code).record(seconds);
      return;
    }
    let known = this.#endpoints.get(endpoint);
    if (known === undefined) {
      known = [];
      this.#endpoints.set(endpoint, known);
    }
    known[status] ??= this.#metrics.clientDuration.at(endpoint, String(status), '');
    known[status].record(seconds);
  }

  #recordStream(call: Call, series: RouteSeries, error: CallError | undefined): void {
    const { timeline, route } = call;
    const { progress } = timeline;
    if (progress === undefined) return;
    if (progress.lenientEnd) this.#metrics.lenientEnds.at(route.name).value += 1;
    if (error === undefined && progress.errorType !== undefined) {
      this.#metrics.streamEnd.at(route.name, 'error').value += 1;
    } else if (error === undefined) {
      series.wholeStreams ??= this.#metrics.streamEnd.at(route.name, 'complete');
      series.wholeStreams.value += 1;
    } else this.#metrics.streamEnd.at(route.name, streamEnd(error)).value += 1;
    if (timeline.twinOf !== '' || !MODEL_DIALECTS.has(route.dialect.name)) return;
    const upstream = timeline.upstream === '' ? route.upstream : timeline.upstream;
    let model = error === undefined ? series.models.get(upstream) : undefined;
    if (model === undefined) {
      model = this.#modelSeries(upstream, error);
      if (error === undefined) series.models.set(upstream, model);
    }
    model.duration.record((timeline.endedAt - timeline.startedAt) / 1000);
    if (timeline.firstByteAt !== NEVER && timeline.sentAt !== NEVER) {
      model.firstChunk.record((timeline.firstByteAt - timeline.sentAt) / 1000);
    }
    if (progress.inputTokens > 0) model.input.value += progress.inputTokens;
    if (progress.outputTokens > 0) model.output.value += progress.outputTokens;
  }

  #modelSeries(upstream: string, error: CallError | undefined): ModelSeries {
    const { aiDuration, aiFirstChunk, aiTokens } = this.#metrics;
    const code = error?.code ?? '';
    return {
      duration: aiDuration.at('chat', upstream, code),
      firstChunk: aiFirstChunk.at('chat', upstream, code),
      input: aiTokens.at(upstream, 'input'),
      output: aiTokens.at(upstream, 'output'),
    };
  }
}
