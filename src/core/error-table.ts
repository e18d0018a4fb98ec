// Every way a call can end badly, in one table. CallError, docs/reference/errors.md and a test are
// made from it. A row is what never changes about a code; errors.ts adds what is known of one case.

/** Who caused the failure. */
export type Origin = 'caller' | 'gateway' | 'upstream';
/** Where in the call's life it happened. */
export type Phase = 'admit' | 'route' | 'connect' | 'send' | 'wait' | 'stream';
/** Whether sending the same call again on this hop could run it twice. */
export type Replay = 'safe' | 'uncertain' | 'never';

/** One row of the error table. */
export interface ErrorRow {
  readonly origin: Origin;
  readonly phase: Phase;
  /** Status shown to the caller while no head has been sent; 0 = never shown. */
  readonly status: number;
  readonly replay: Replay;
  /** What happened, for a reader who does not know the code. */
  readonly meaning: string;
  /** What to change. */
  readonly advice: string;
}

const row = (
  origin: Origin,
  phase: Phase,
  status: number,
  replay: Replay,
  meaning: string,
  advice: string,
): ErrorRow => ({ origin, phase, status, replay, meaning, advice });

/** Every error code with its origin, phase, status and replay verdict. */
export const errorTable = {
  BAD_REQUEST: row(
    'caller',
    'admit',
    400,
    'never',
    'The request was refused as malformed.',
    'Fix what the error names. After a framing fault the connection is closed as well.',
  ),
  HEAD_TOO_LARGE: row(
    'caller',
    'admit',
    431,
    'never',
    'The request head exceeds the size or count limit.',
    'Send fewer or smaller headers, or raise limits.headBytes or limits.headFields.',
  ),
  BODY_TOO_LARGE: row(
    'caller',
    'admit',
    413,
    'never',
    'The request body exceeds the limit.',
    'Send a smaller body or raise limits.bodyBytes.',
  ),
  HEAD_TIMEOUT: row(
    'caller',
    'admit',
    408,
    'never',
    'The request head did not arrive in time.',
    'Look at the network between caller and gateway.',
  ),
  UPLOAD_STALLED: row(
    'caller',
    'send',
    408,
    'never',
    'The caller stopped sending its body.',
    'Look at the network between caller and gateway, or raise limits.bodyStall.',
  ),
  FORBIDDEN: row(
    'caller',
    'admit',
    403,
    'never',
    'The caller may not use this route.',
    'Call it from a program on this machine; web pages may not use stored credentials.',
  ),
  UNAUTHORIZED: row(
    'caller',
    'admit',
    401,
    'never',
    'The request carries no valid key of this gateway.',
    'Send a key from access.keys as x-holdfast-key, Authorization: Bearer or x-api-key.',
  ),
  QUOTA_EXCEEDED: row(
    'caller',
    'admit',
    429,
    'never',
    'The quota of this caller or tenant is used up.',
    'Wait for the time in Retry-After, or raise the quota of the key in access.keys.',
  ),
  NOT_SUPPORTED: row(
    'caller',
    'admit',
    501,
    'never',
    'The request uses a feature that the gateway does not offer.',
    'Use another method, encoding or protocol version.',
  ),
  NO_ROUTE: row(
    'caller',
    'route',
    404,
    'never',
    'No route matches the path and model.',
    'Run `holdfast config explain` to see the routes.',
  ),
  CALLER_GONE: row(
    'caller',
    'stream',
    0,
    'never',
    'The caller closed its connection before the answer was complete.',
    'Nothing, unless callers leave often: then look at their timeouts.',
  ),
  CALLER_STALLED: row(
    'caller',
    'stream',
    0,
    'never',
    'The caller stopped reading for longer than the write stall limit.',
    'Read the answer, or raise limits.writeStall.',
  ),
  DEADLINE_EXCEEDED: row(
    'gateway',
    'wait',
    504,
    'never',
    'The call did not finish within its deadline.',
    'Raise the deadline or look at the phase that took longest in the log line.',
  ),
  OVERLOADED: row(
    'gateway',
    'admit',
    503,
    'never',
    'There is no room for the call and waiting would not help.',
    'Wait for the time in Retry-After; look at gw_queue_depth and gw_limit.',
  ),
  NO_TARGET: row(
    'gateway',
    'connect',
    503,
    'never',
    'No endpoint of the route may be used now.',
    'Wait for the time in Retry-After; look at gw_breaker_state.',
  ),
  SUPERSEDED: row(
    'gateway',
    'wait',
    0,
    'never',
    'The attempt was given up for another one.',
    'Nothing; the call goes on.',
  ),
  DRAINING: row(
    'gateway',
    'admit',
    503,
    'never',
    'The gateway is shutting down.',
    'Send the call again; another instance answers it.',
  ),
  BUG: row(
    'gateway',
    'stream',
    500,
    'never',
    'A defect in the gateway ended the call.',
    'Report it with the call id and the log.',
  ),
  CONNECT_FAILED: row(
    'upstream',
    'connect',
    502,
    'safe',
    'No connection to the endpoint could be made.',
    'Check the address, the network and that the service runs.',
  ),
  CONNECT_TIMEOUT: row(
    'upstream',
    'connect',
    504,
    'safe',
    'The TCP connection was not made in time.',
    'Check the network path; raise timeouts.connect only for far endpoints.',
  ),
  TLS_FAILED: row(
    'upstream',
    'connect',
    502,
    'safe',
    'The TLS handshake failed.',
    'Check certificate, name and the ca setting of the upstream.',
  ),
  TLS_TIMEOUT: row(
    'upstream',
    'connect',
    504,
    'safe',
    'The TLS handshake did not finish in time.',
    'Check the endpoint; it accepts connections but does not answer.',
  ),
  PROXY_REFUSED: row(
    'upstream',
    'connect',
    502,
    'safe',
    'The forward proxy refused the tunnel.',
    'Check HTTPS_PROXY and NO_PROXY.',
  ),
  STALE_CONNECTION: row(
    'upstream',
    'send',
    502,
    'uncertain',
    'A reused connection was closed before any answer.',
    'Nothing if rare; the idle budget learns. Otherwise look at gw_upstream_stale.',
  ),
  SEND_STALLED: row(
    'upstream',
    'send',
    504,
    'uncertain',
    'The upstream stopped accepting the request body.',
    'Look at the upstream; raise timeouts.upload for slow ones.',
  ),
  FIRST_BYTE_TIMEOUT: row(
    'upstream',
    'wait',
    504,
    'uncertain',
    'The upstream accepted the request and sent nothing in time.',
    'Raise timeouts.firstByte for slow models, or look at the upstream.',
  ),
  RESET: row(
    'upstream',
    'wait',
    502,
    'uncertain',
    'The upstream closed the connection before answering.',
    'Look at the upstream for crashes or limits.',
  ),
  BAD_RESPONSE: row(
    'upstream',
    'wait',
    502,
    'uncertain',
    'The upstream sent something that is not valid HTTP/1.1.',
    'Look at the upstream; the error names the defect.',
  ),
  EMPTY_ANSWER: row(
    'upstream',
    'wait',
    502,
    'uncertain',
    'The upstream answered 200 with nothing in it.',
    'Look at the upstream; an empty answer is never passed on as success.',
  ),
  STREAM_IDLE: row(
    'upstream',
    'stream',
    504,
    'never',
    'The stream sent nothing for longer than the idle limit.',
    'Raise timeouts.byteIdle or timeouts.progressIdle for models that pause longer.',
  ),
  STREAM_CUT: row(
    'upstream',
    'stream',
    502,
    'never',
    'The connection broke in the middle of the answer.',
    'Look at the upstream and the path for resets.',
  ),
  UPSTREAM_ERROR_EVENT: row(
    'upstream',
    'stream',
    0,
    'never',
    'The upstream ended its stream with an error event of its own.',
    'Look at the upstream; the event was passed on as it came.',
  ),
  UPSTREAM_REFUSED: row(
    'upstream',
    'stream',
    0,
    'never',
    'The upstream refused the call after the gateway had begun the stream.',
    'Look at the status in the detail; raise heartbeat.commitAfter if callers need it themselves.',
  ),
  STREAM_TRUNCATED: row(
    'upstream',
    'stream',
    502,
    'never',
    'The answer ended cleanly but without its closing event.',
    'Look at the upstream; set lenient: true only for servers known to omit it.',
  ),
} as const satisfies Record<string, ErrorRow>;
