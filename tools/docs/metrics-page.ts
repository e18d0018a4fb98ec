// The page of metrics, from the table that the registry is made from.

import { layerMetricTable } from '../../src/telemetry/layer-metric-table.ts';
import { metricTable, type MetricRow } from '../../src/telemetry/metric-table.ts';
import { code, generatedPage, table } from './markdown.ts';

const intro = `Served in Prometheus text form at \`/metrics\` on the admin listener. Label
values come from closed lists or from configuration, never from callers, so the number of series is
bounded.`;

/** Renders docs/reference/metrics.md. */
export function metricsPage(): string {
  const all: MetricRow[] = [...Object.values(metricTable), ...Object.values(layerMetricTable)];
  const rows = all.map(({ name, type, labels, help }) => [
    code(name),
    type,
    labels.map(code).join(', '),
    help,
  ]);
  const head = ['Name', 'Type', 'Labels', 'Meaning'];
  return generatedPage('Metrics', 'src/telemetry/metric-table.ts', [intro, table(head, rows)]);
}
