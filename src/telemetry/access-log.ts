// One JSON line per call, built by concatenation: an object per line through a logger costs more
// than parsing the request. Whoever takes the lines writes them in batches. Holds no header, body,
// query or key.

import type { Call } from '../core/call.ts';
import { anonymousCaller } from '../core/caller.ts';
import type { Progress } from '../core/dialect.ts';
import { errorTable } from '../core/error-table.ts';
import type { CallError } from '../core/errors.ts';
import { NEVER } from '../core/timeline.ts';

/** Where finished lines go; pino's destination and any stream fit. */
export interface LineWriter {
  write(text: string): unknown;
}

/** The line of one finished call, newline included. `wallNow` is the end, in epoch ms. */
export function accessLine(call: Call, error: CallError | undefined, wallNow: number): string {
  const { timeline, route } = call;
  const { progress } = timeline;
  let line =
    `{"time":"${timeText(wallNow)}","level":"${level(error)}","msg":"call"` +
    `,"call":"${call.id}","method":${quoted(call.method)}` +
    `,"path":${quoted(withoutQuery(call.path))}` +
    `,"route":${quoted(route.name)},"upstream":${quoted(timeline.upstream || route.upstream)}` +
    `,"endpoint":${quoted(timeline.endpoint)},"status":${timeline.status}` +
    `,"verdict":"${verdict(progress, error)}"` +
    `,"closedBy":"${error === undefined ? 'upstream' : error.origin}"` +
    `,"attempts":${timeline.attempts},"replays":${timeline.replays}` +
    `,"reused":${timeline.reused},"uses":${timeline.connectionUses}` +
    `,"bytesIn":${timeline.requestBytes},"bytesOut":${timeline.responseBytes}` +
    phasePart(call);
  if (call.caller !== anonymousCaller) line += `,"caller":${quoted(call.caller.name)}`;
  if (timeline.twinOf !== '') line += `,"twinOf":"${timeline.twinOf}"`;
  if (progress !== undefined) line += streamPart(progress);
  if (error !== undefined) line += errorPart(error);
  return `${line}}\n`;
}

/** A stream that ended with the upstream's own error event is passed on, but is no success. */
function verdict(progress: Progress | undefined, error: CallError | undefined): string {
  if (error !== undefined) return error.code;
  return progress?.errorType === undefined ? 'complete' : 'UPSTREAM_ERROR_EVENT';
}

function phasePart(call: Call): string {
  const { timeline } = call;
  const connected = timeline.securedAt === NEVER ? timeline.connectedAt : timeline.securedAt;
  const acquiring = connected === NEVER ? timeline.acquiredAt : connected;
  return (
    `,"ms":{"total":${tenths(timeline.endedAt - timeline.startedAt)}` +
    span(',"route":', timeline.startedAt, timeline.routedAt) +
    waited(',"receive":', timeline.receivedAt - timeline.routedAt) +
    waited(',"queue":', timeline.admittedAt - timeline.routedAt) +
    waited(',"backoff":', timeline.backoffMs) +
    span(',"connect":', timeline.acquiredAt, timeline.connectedAt) +
    span(',"tls":', timeline.connectedAt, timeline.securedAt) +
    span(',"acquire":', acquiring, timeline.firstWriteAt) +
    span(',"send":', timeline.firstWriteAt, timeline.sentAt) +
    span(',"wait":', timeline.sentAt, timeline.firstByteAt) +
    span(',"stream":', timeline.firstByteAt, timeline.lastByteAt) +
    '}'
  );
}

function streamPart(progress: Progress): string {
  let part = `,"events":${progress.contentEvents},"pings":${progress.pings}`;
  if (progress.model !== undefined) part += `,"model":${quoted(progress.model)}`;
  if (progress.inputTokens >= 0) part += `,"tokensIn":${progress.inputTokens}`;
  if (progress.outputTokens >= 0) part += `,"tokensOut":${progress.outputTokens}`;
  if (progress.errorType !== undefined) part += `,"streamError":${quoted(progress.errorType)}`;
  if (progress.lenientEnd) part += ',"lenient":true';
  return part;
}

function errorPart(error: CallError): string {
  const { advice } = errorTable[error.code];
  return (
    `,"origin":"${error.origin}","phase":"${error.phase}"` +
    `,"why":${quoted(error.message)},"advice":${quoted(advice)}`
  );
}

function level(error: CallError | undefined): string {
  if (error === undefined || error.code === 'CALLER_GONE') return 'info';
  return error.origin === 'caller' ? 'warn' : 'error';
}

const NEEDS_ESCAPE = /["\\\u0000-\u001f\u007f-\uffff]/;

function quoted(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** The duration of a phase; nothing when the phase did not happen. */
function span(label: string, from: number, to: number): string {
  if (from === NEVER || to === NEVER || to < from) return '';
  return label + tenths(to - from);
}

/** A wait that most calls are spared; nothing where there was none. */
function waited(label: string, durationMs: number): string {
  return durationMs < 0.05 ? '' : label + tenths(durationMs);
}

/** A duration with one decimal. From whole numbers, since `toFixed` costs three times as much. */
function tenths(durationMs: number): string {
  const all = Math.round(durationMs * 10);
  const whole = Math.floor(all / 10);
  return `${whole}.${all - whole * 10}`;
}

function withoutQuery(path: string): string {
  const at = path.indexOf('?');
  return at < 0 ? path : path.slice(0, at);
}

let secondShown = -1;
let secondText = '';

/** RFC 3339 with milliseconds; the date is worked out once a second. */
function timeText(wallNow: number): string {
  const second = Math.floor(wallNow / 1000);
  if (second !== secondShown) {
    secondShown = second;
    secondText = new Date(second * 1000).toISOString().slice(0, 20);
  }
  return `${secondText}${String(wallNow - second * 1000).padStart(3, '0')}Z`;
}
