// The metrics of single layers and edges; the rest of the table, kept apart for its length.

import { row } from './metric-table.ts';
import type { MetricRow } from './metric-table.ts';

/** Every metric that belongs to one layer. */
export const layerMetricTable = {
  retries: row('counter', 'gw_retries_total', ['upstream', 'cause'], 'Attempts made again.'),
  retryDenied: row(
    'counter',
    'gw_retry_denied_total',
    ['upstream', 'cause'],
    'Failures that could have been tried again but were not, by what forbade it.',
  ),
  retryBudget: row(
    'gauge',
    'gw_retry_budget_remaining',
    ['upstream'],
    'Retries the budget would allow at once.',
  ),
  breakerState: row(
    'gauge',
    'gw_breaker_state',
    ['endpoint'],
    'Worst state of the breakers of an endpoint: 0 closed, 1 half-open, 2 open.',
  ),
  breakerTrips: row(
    'counter',
    'gw_breaker_trips_total',
    ['endpoint', 'cause'],
    'Breakers that opened, by the rule that tripped.',
  ),
  panics: row(
    'counter',
    'gw_balance_panics_total',
    ['http_route'],
    'Attempts sent to endpoints that had been given up, because too few others were left.',
  ),
  spills: row(
    'counter',
    'gw_balance_spills_total',
    ['http_route', 'upstream'],
    'Attempts sent to an upstream that is not the first of its route.',
  ),
  noTarget: row(
    'counter',
    'gw_balance_refused_total',
    ['http_route'],
    'Attempts for which no endpoint could be used.',
  ),
  limit: row('gauge', 'gw_limit', ['upstream'], 'Calls an upstream is given at a time.'),
  inFlight: row('gauge', 'gw_limit_in_flight', ['upstream'], 'Calls that hold a slot now.'),
  headroom: row(
    'gauge',
    'gw_limit_headroom_ratio',
    ['upstream'],
    'Share of the limit that is free; below 0.2 is the time to act.',
  ),
  nearLimit: row(
    'counter',
    'gw_limit_near_total',
    ['upstream'],
    'Times the calls in flight rose above 80 % of the limit.',
  ),
  queueDepth: row('gauge', 'gw_queue_depth', ['upstream', 'class'], 'Calls that wait for a slot.'),
  queueWait: row(
    'histogram',
    'gw_queue_wait_seconds',
    ['upstream', 'class'],
    'Time calls waited for their slot.',
  ),
  shed: row(
    'counter',
    'gw_shed_total',
    ['upstream', 'cause'],
    'Calls refused for lack of room, by cause.',
  ),
  guardLevel: row(
    'gauge',
    'gw_guard_level',
    [],
    'What this process takes, by its own state: 0 all calls, 1 none of class batch, 2 none. Absent with `guard: false`.',
  ),
  remaining: row(
    'gauge',
    'gw_ratelimit_remaining_ratio',
    ['endpoint', 'kind'],
    'Share of a quota that the upstream says is left.',
  ),
  paced: row(
    'counter',
    'gw_ratelimit_paced_total',
    ['endpoint', 'why'],
    'Times calls to an endpoint were spread or held back, by its limit or its word.',
  ),
  quotaRefused: row(
    'counter',
    'gw_quota_refused_total',
    ['scope', 'name', 'kind'],
    'Calls refused because a caller or tenant had used up its quota.',
  ),
  deadlines: row(
    'counter',
    'gw_deadlines_total',
    ['what'],
    'What came of deadlines that callers sent: refused, cut, spared or not understood.',
  ),
  accessRefused: row(
    'counter',
    'gw_access_refused_total',
    ['why'],
    'Requests without a valid key of the gateway: none, or an unknown one in this field.',
  ),
  twins: row(
    'counter',
    'gw_twins_total',
    ['http_route', 'event'],
    'Equal calls of one session: attached to a running one, lingering for one, expired, outrun.',
  ),
  twinsEvicted: row(
    'counter',
    'gw_twins_evicted_total',
    ['why'],
    'Running calls that can no longer be joined by an equal one.',
  ),
  credentialRefreshes: row(
    'counter',
    'gw_credential_refreshes_total',
    ['upstream'],
    'Tokens that were fetched.',
  ),
  credentialFailures: row(
    'counter',
    'gw_credential_failures_total',
    ['upstream', 'cause'],
    'Renewals of tokens that failed.',
  ),
  credentialReplays: row(
    'counter',
    'gw_credential_replays_total',
    ['upstream'],
    'Calls made again with another token after a 401.',
  ),
  credentialWait: row(
    'histogram',
    'gw_credential_wait_seconds',
    ['upstream'],
    'Time that calls waited for a token.',
  ),
  credentialLife: row(
    'gauge',
    'gw_credential_remaining_seconds',
    ['upstream'],
    'Life that is left of the token in use.',
  ),
  dropped: row(
    'counter',
    'gw_conversion_dropped_total',
    ['upstream', 'field'],
    'Calls of which an upstream with another wire format was not told everything, by field.',
  ),
  notConverted: row(
    'counter',
    'gw_conversion_refused_total',
    ['upstream'],
    'Calls refused because they cannot be put in the wire format of their upstream.',
  ),
  heartbeats: row(
    'counter',
    'gw_heartbeats_total',
    ['dialect'],
    'Heartbeats put into silent answers.',
  ),
  earlyHeads: row(
    'counter',
    'gw_heartbeat_early_heads_total',
    ['http_route'],
    'Answers begun before the upstream had answered, to keep the connection alive.',
  ),
  webSocketsOpen: row('gauge', 'gw_websockets', [], 'WebSocket sessions now.'),
  webSocketsClosed: row(
    'counter',
    'gw_websockets_closed_total',
    ['upstream', 'code', 'by'],
    'WebSocket sessions that ended, by close code and by who ended them.',
  ),
  zombies: row(
    'counter',
    'gw_websocket_zombies_total',
    ['upstream', 'leg'],
    'WebSocket legs ended because their peer was there no more.',
  ),
  draining: row('gauge', 'gw_draining', [], 'Phase of the way out: 0 = serving.'),
} as const satisfies Record<string, MetricRow>;
