// Turns a finished call into samples and a log line. The one place that knows which numbers a call
// leaves behind; the observe layer only says when. Series of the common case (a whole answer) are
// found by two array or map steps; only failures build label strings. What single attempts leave
// behind is counted where they are chosen.

import type { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { CallError, ErrorCode } from '../core/errors.ts';
import { NEVER } from '../core/timeline.ts';
import { accessLine } from './access-log.ts';
import type { LineWriter } from './access-log.ts';
import { methodLabel } from './method-label.ts';
import type { HistogramSeries, Series } from './metric-family.ts';
import type { Metrics } from './metrics.ts';
import { asksModel } from './model-call.ts';
import { ModelRecord } from './model-record.ts';
import { streamEnd } from './stream-end.ts';
import { failureOf } from './verdict.ts';

/** Series of one route, found once. */
class RouteSeries {
  readonly active: Series;
  /** Whole answers to POST, by status. */
  readonly posts: HistogramSeries[] = [];
  wholeStreams: Series | undefined = undefined;

  constructor(active: Series) {
    this.active = active;
  }
}

/** Records calls into metrics and the access log. */
export class CallRecord {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #log: LineWriter | undefined;
  readonly #askedModel: (call: Call) => string;
  readonly #models: ModelRecord;
  readonly #routes = new Map<string, RouteSeries>();

  /** `askedModel` reads the model that a call asks for from its body, '' where that is unknown. */
  constructor(
    metrics: Metrics,
    clock: Clock,
    log: LineWriter | undefined,
    askedModel: (call: Call) => string = () => '',
  ) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#log = log;
    this.#askedModel = askedModel;
    this.#models = new ModelRecord(metrics);
  }

  callStarted(call: Call): void {
    this.#routeSeries(call).active.value += 1;
  }

  /** The last moment at which its body can be read. */
  callAnswered(call: Call): void {
    if (asksModel(call)) call.timeline.askedModel = this.#askedModel(call);
  }

  callEnded(call: Call, error: CallError | undefined): void {
    const { timeline } = call;
    const code = failureOf(call, error);
    const series = this.#routeSeries(call);
    series.active.value -= 1;
    this.#recordServer(call, series, code);
    if (timeline.progress !== undefined) this.#recordStream(call, series, error, code);
    // What the upstream did was for the call that this one has joined, and is counted there.
    if (timeline.attempts > 0 && timeline.twinOf === '' && asksModel(call)) {
      if (timeline.committedAt === NEVER) this.callAnswered(call);
      const refused = timeline.status < 400 ? '' : String(timeline.status);
      this.#models.ended(call, code ?? refused);
    }
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

  #recordServer(call: Call, series: RouteSeries, code: ErrorCode | undefined): void {
    const { timeline, route, method } = call;
    const { status } = timeline;
    const seconds = (timeline.endedAt - timeline.startedAt) / 1000;
    const isUsual = code === undefined && method === 'POST';
    const quick = isUsual ? series.posts[status] : undefined;
    if (quick !== undefined) {
      quick.record(seconds);
      return;
    }
    const { serverDuration } = this.#metrics;
    const found = serverDuration.at(methodLabel(method), route.name, String(status), code ?? '');
    found.record(seconds);
    if (isUsual) series.posts[status] = found;
  }

  #recordStream(
    { route, timeline }: Call,
    series: RouteSeries,
    error: CallError | undefined,
    code: ErrorCode | undefined,
  ): void {
    if (timeline.progress?.lenientEnd === true) this.#metrics.lenientEnds.at(route.name).value += 1;
    if (code !== undefined) {
      const how = error === undefined ? 'error' : streamEnd(error);
      this.#metrics.streamEnd.at(route.name, how).value += 1;
      return;
    }
    series.wholeStreams ??= this.#metrics.streamEnd.at(route.name, 'complete');
    series.wholeStreams.value += 1;
  }
}
