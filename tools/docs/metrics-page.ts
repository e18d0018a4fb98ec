// The page of metrics, from the table that the registry is made from.

import { layerMetricTable } from '../../src/telemetry/layer-metric-table.ts';
import { MODEL_NAMES_MAX } from '../../src/telemetry/model-names.ts';
import { metricTable, type MetricRow } from '../../src/telemetry/metric-table.ts';
import { code, generatedPage, table } from './markdown.ts';

const intro = `Served in Prometheus text form at \`/metrics\` on the admin listener. Label
values come from closed lists or from configuration, never from callers, so the number of series is
bounded. \`gen_ai_request_model\` alone is what callers wrote: one of the first ${MODEL_NAMES_MAX}
names that an upstream has answered whole, \`_OTHER\` for every other, empty where the body did not
tell in time.`;

const endpoints = `\`endpoint\` and \`server_address\` spell an endpoint alike, as
\`/api/endpoints\` does.`;

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
  return generatedPage('Metrics', 'src/telemetry/metric-table.ts', [
    intro,
    endpoints,
    table(head, rows),
  ]);
}
