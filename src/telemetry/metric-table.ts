// Every metric in one table: the registry, docs/reference/metrics.md and a test are made from it.
// Names follow OpenTelemetry (dots to underscores, unit last) where it has one, `gw_` elsewhere.
// Label values come from closed lists or from configuration, never from callers; what callers ask
// models by is the exception, and passes through model-names.ts.

/** One row of the metric table. */
export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

/** Seconds. The conventions stop at 10 s; streams do not. */
export const durationBuckets: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640,
  1280, 1800,
];

/** One row. */
export const row = (
  type: MetricRow['type'],
  name: string,
  labels: readonly string[],
  help: string,
): MetricRow => ({ type, name, labels, help });

/** Labels of every metric of calls to models. */
const ai = ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model'];

/** Every metric of the gateway that does not belong to one layer. */
export const metricTable = {
  serverDuration: row(
    'histogram',
    'http_server_request_duration_seconds',
    ['http_request_method', 'http_route', 'http_response_status_code', 'error_type'],
    'Time from the first request byte to the last answer byte.',
  ),
  serverActive: row(
    'gauge',
    'http_server_active_requests',
    ['http_route'],
    'Calls that have not seen their last byte.',
  ),
  serverConnections: row('gauge', 'gw_caller_connections', [], 'Open caller connections.'),
  serverRefused: row(
    'counter',
    'gw_caller_refused_total',
    ['code'],
    'Requests refused before they became calls.',
  ),
  clientDuration: row(
    'histogram',
    'http_client_request_duration_seconds',
    ['http_request_method', 'server_address', 'http_response_status_code', 'error_type'],
    'Time of each attempt from the first byte written upstream to the last byte of the answer.',
  ),
  clientActive: row(
    'gauge',
    'http_client_active_requests',
    ['server_address'],
    'Requests upstream that wait for a connection or have not seen their last byte.',
  ),
  openConnections: row(
    'gauge',
    'http_client_open_connections',
    ['server_address', 'http_connection_state'],
    'Upstream connections by state.',
  ),
  connectionDuration: row(
    'histogram',
    'http_client_connection_duration_seconds',
    ['server_address'],
    'Life of upstream connections.',
  ),
  aiDuration: row(
    'histogram',
    'gen_ai_client_operation_duration_seconds',
    [...ai, 'error_type'],
    'Duration of model calls.',
  ),
  aiFirstChunk: row(
    'histogram',
    'gen_ai_client_operation_time_to_first_chunk_seconds',
    [...ai, 'error_type'],
    'Time from sending a model call to its first answer byte.',
  ),
  aiPerChunk: row(
    'histogram',
    'gen_ai_client_operation_time_per_output_chunk_seconds',
    [...ai, 'error_type'],
    'Time from one chunk of a stream to the next; each counts with the mean of its stream.',
  ),
  aiTokens: row(
    'counter',
    'gen_ai_client_token_usage_total',
    [...ai, 'gen_ai_token_type'],
    'Tokens as reported by upstreams.',
  ),
  upstreamRequests: row(
    'counter',
    'gw_upstream_requests_total',
    ['endpoint', 'conn'],
    'Requests written upstream, on new connections or on such as had served others before.',
  ),
  dialsFailed: row(
    'counter',
    'gw_upstream_dials_failed_total',
    ['endpoint'],
    'Connections that could not be made, those kept ready for later calls among them.',
  ),
  connectionsClosed: row(
    'counter',
    'gw_upstream_connections_closed_total',
    ['endpoint', 'reason'],
    'Upstream connections closed, by reason.',
  ),
  stale: row(
    'counter',
    'gw_upstream_stale_total',
    ['endpoint', 'level', 'replayed'],
    'Sends that failed before any answer byte, by level of the replay ladder.',
  ),
  idleBudget: row(
    'gauge',
    'gw_upstream_idle_budget_seconds',
    ['endpoint'],
    'How long a pooled connection may idle before it is no longer used.',
  ),
  attempts: row(
    'counter',
    'gw_attempts_total',
    ['endpoint', 'outcome', 'attempt'],
    'Attempts by outcome, and the how many-th of their call they were.',
  ),
  streamEnd: row('counter', 'gw_stream_end_total', ['http_route', 'how'], 'How streams ended.'),
  lenientEnds: row(
    'counter',
    'gw_stream_lenient_ends_total',
    ['http_route'],
    'Streams accepted without their terminal event because the upstream is marked lenient.',
  ),
  leases: row('gauge', 'gw_leases', [], 'Things held by calls and pools now.'),
  loopDelay: row(
    'gauge',
    'nodejs_eventloop_delay_p99_seconds',
    [],
    'Event loop delay, 99th percentile since the last scrape.',
  ),
  loopUtilization: row(
    'gauge',
    'nodejs_eventloop_utilization_ratio',
    [],
    'Share of time the event loop was busy since the last scrape.',
  ),
} as const satisfies Record<string, MetricRow>;
