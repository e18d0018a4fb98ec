// What every attempt leaves behind: a count by outcome, and how long its upstream took. Told by the
// balance layer, which knows endpoints as the configuration does, so that both metrics spell them
// like all others. Series of whole answers are kept by target: found in two steps, without text.

import type { Call } from '../core/call.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Head } from '../core/sink.ts';
import type { AttemptObserver, Target } from '../core/target.ts';
import { NEVER } from '../core/timeline.ts';
import { methodLabel } from '../telemetry/method-label.ts';
import type { HistogramSeries, Series } from '../telemetry/metric-family.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Labels of attempts by number; what comes after the fourth is told apart by nobody. */
const attemptLabels = ['1', '2', '3', '4', '5+'] as const;

/** Series of one target. */
interface TargetSeries {
  /** Whole answers, by place in `attemptLabels`. */
  readonly whole: Series[];
  /** Durations of whole answers, by method and status. */
  readonly durations: Map<string, HistogramSeries[]>;
}

/** Counts and times attempts. */
export class AttemptMetrics implements AttemptObserver {
  readonly #metrics: Metrics;
  readonly #targets = new WeakMap<Target, TargetSeries>();
  /** Of attempts after the first: when the one before was written, which is still to be read. */
  readonly #writtenBefore = new WeakMap<Call, number>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  attemptBegan(_target: Target, call: Call): void {
    if (call.attempt > 1) this.#writtenBefore.set(call, call.timeline.firstWriteAt);
  }

  attemptAnswered(_target: Target, call: Call, head: Head): void {
    call.timeline.upstreamStatus = head.status;
  }

  attemptOver(target: Target, call: Call, outcome: Outcome, now: number): void {
    const series = this.#seriesOf(target);
    const nth = Math.min(call.attempt, attemptLabels.length) - 1;
    const isWhole = outcome.kind === 'ok';
    const counted = isWhole ? series.whole[nth] : undefined;
    if (counted !== undefined) counted.value += 1;
    else {
      const label = attemptLabels[nth] ?? '1';
      const found = this.#metrics.attempts.at(target.endpoint.key, outcome.cause, label);
      found.value += 1;
      if (isWhole) series.whole[nth] = found;
    }
    const { firstWriteAt } = call.timeline;
    // Nothing was sent, so there is nothing to time; what stands there is of an earlier attempt.
    if (firstWriteAt === NEVER) return;
    if (call.attempt > 1 && firstWriteAt === this.#writtenBefore.get(call)) return;
    this.#durationOf(target, series, call, outcome).record((now - firstWriteAt) / 1000);
  }

  #durationOf(
    target: Target,
    { durations }: TargetSeries,
    { method, timeline }: Call,
    { kind, cause }: Outcome,
  ): HistogramSeries {
    const { key } = target.endpoint;
    const { upstreamStatus } = timeline;
    const { clientDuration } = this.#metrics;
    if (kind !== 'ok') {
      const status = upstreamStatus === 0 ? '' : String(upstreamStatus);
      return clientDuration.at(methodLabel(method), key, status, cause);
    }
    let byStatus = durations.get(method);
    if (byStatus === undefined) {
      byStatus = [];
      // Callers may make up methods; those have series in common and are not worth remembering.
      if (methodLabel(method) === method) durations.set(method, byStatus);
    }
    byStatus[upstreamStatus] ??= clientDuration.at(
      methodLabel(method),
      key,
      String(upstreamStatus),
      '',
    );
    return byStatus[upstreamStatus];
  }

  #seriesOf(target: Target): TargetSeries {
    let known = this.#targets.get(target);
    if (known === undefined) {
      known = { whole: [], durations: new Map() };
      this.#targets.set(target, known);
    }
    return known;
  }
}
