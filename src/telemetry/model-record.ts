// What calls to models leave behind: durations, time to and between chunks, tokens. Series of whole
// answers are found by three map steps; only failures build label strings.

import type { Call } from '../core/call.ts';
import type { Progress } from '../core/dialect.ts';
import { NEVER } from '../core/timeline.ts';
import type { Timeline } from '../core/timeline.ts';
import type { HistogramSeries, Series } from './metric-family.ts';
import type { Metrics } from './metrics.ts';
import { operationAt } from './model-call.ts';
import type { Operation } from './model-call.ts';
import { ModelNames } from './model-names.ts';

/** Series of one kind of call to one model. */
interface ModelSeries {
  readonly duration: HistogramSeries;
  readonly firstChunk: HistogramSeries;
  readonly perChunk: HistogramSeries;
  readonly input: Series;
  readonly output: Series;
}

/** Series of whole answers of one upstream. */
type UpstreamSeries = Map<Operation, Map<string, ModelSeries>>;

/** Records calls that `asksModel` is true of and that went to an upstream. */
export class ModelRecord {
  readonly #metrics: Metrics;
  readonly #names = new ModelNames();
  readonly #whole = new Map<string, UpstreamSeries>();
  // Clients use few paths, and the next call is likely to use the same one.
  #path: string = '';
  #operation: Operation = 'chat';

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** The call is over; `errorType` says how it failed, '' = it did not. */
  ended({ path, route, timeline }: Call, errorType: string): void {
    const upstream = timeline.upstream === '' ? route.upstream : timeline.upstream;
    if (path !== this.#path) {
      this.#path = path;
      this.#operation = operationAt(path);
    }
    const model = this.#names.label(timeline.askedModel, errorType === '');
    const series = this.#seriesOf(this.#operation, upstream, model, errorType);
    series.duration.record((timeline.endedAt - timeline.startedAt) / 1000);
    if (timeline.firstByteAt !== NEVER && timeline.sentAt !== NEVER) {
      series.firstChunk.record((timeline.firstByteAt - timeline.sentAt) / 1000);
    }
    const { progress } = timeline;
    if (progress === undefined) return;
    recordChunks(series.perChunk, timeline, progress);
    if (progress.inputTokens > 0) series.input.value += progress.inputTokens;
    if (progress.outputTokens > 0) series.output.value += progress.outputTokens;
  }

  #seriesOf(operation: Operation, upstream: string, model: string, errorType: string): ModelSeries {
    if (errorType !== '') return this.#make(operation, upstream, model, errorType);
    let ofUpstream = this.#whole.get(upstream);
    if (ofUpstream === undefined) {
      ofUpstream = new Map();
      this.#whole.set(upstream, ofUpstream);
    }
    let ofOperation = ofUpstream.get(operation);
    if (ofOperation === undefined) {
      ofOperation = new Map();
      ofUpstream.set(operation, ofOperation);
    }
    let series = ofOperation.get(model);
    if (series === undefined) {
      series = this.#make(operation, upstream, model, '');
      ofOperation.set(model, series);
    }
    return series;
  }

  #make(operation: Operation, upstream: string, model: string, errorType: string): ModelSeries {
    const { aiDuration, aiFirstChunk, aiPerChunk, aiTokens } = this.#metrics;
    return {
      duration: aiDuration.at(operation, upstream, model, errorType),
      firstChunk: aiFirstChunk.at(operation, upstream, model, errorType),
      perChunk: aiPerChunk.at(operation, upstream, model, errorType),
      input: aiTokens.at(operation, upstream, model, 'input'),
      output: aiTokens.at(operation, upstream, model, 'output'),
    };
  }
}

/**
 * The first byte counts as the first chunk, as it does for the time to it; every content event
 * behind it is one more. Noting the time of each would cost every chunk a clock read, so their mean
 * stands for all of them: sum and count are exact, only the spread inside one stream is not seen.
 */
function recordChunks(perChunk: HistogramSeries, timeline: Timeline, progress: Progress): void {
  const { firstByteAt, lastProgressAt } = timeline;
  const { contentEvents, isDocument } = progress;
  if (isDocument || contentEvents === 0) return;
  if (firstByteAt === NEVER || lastProgressAt < firstByteAt) return;
  perChunk.record((lastProgressAt - firstByteAt) / contentEvents / 1000, contentEvents);
}
