// One JSON line per call, built by concatenation and written in batches: an object per line through
// a logger costs more than parsing the request. Holds no header, body, query or key.

import type { CallError } from '../core/errors.ts';
import { errorTable } from '../core/error-table.ts';
import type { Call } from '../core/call.ts';
import { NEVER } from '../core/timeline.ts';

/** Where finished lines go; pino's destination and any stream fit. */
export interface LineWriter {
  write(text: string): unknown;
}

const NEEDS_ESCAPE = /["\\\u0000-\u001f\u007f-\uffff]/;

function quoted(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function ms(from: number, to: number): string {
  return from === NEVER || to === NEVER || to < from ? 'null' : (to - from).toFixed(1);
}

/** Who ended a call: the side whose act decided its end. */
export function closedBy(error: CallError | undefined): string {
  return error === undefined ? 'upstream' : error.origin;
}

function withoutQuery(path: string): string {
  const at = path.indexOf('?');
  return at < 0 ? path : path.slice(0, at);
}

/** The line of one finished call, newline included. `wallNow` is the end, in epoch ms. */
export function accessLine(call: Call, error: CallError | undefined, wallNow: number): string {
  const { timeline, route } = call;
  const { progress } = timeline;
  const end = timeline.endedAt;
  const connected = timeline.securedAt === NEVER ? timeline.connectedAt : timeline.securedAt;
  let line =
    `{"time":"${new Date(wallNow).toISOString()}","level":"${level(error)}","msg":"call"` +
    `,"call":"${call.id}","method":${quoted(call.method)},"path":${quoted(withoutQuery(call.path))}` +
    `,"route":${quoted(route.name)},"upstream":${quoted(route.upstream)}` +
    `,"endpoint":${quoted(timeline.endpoint)},"status":${timeline.status}` +
    `,"verdict":"${error === undefined ? 'complete' : error.code}","closedBy":"${closedBy(error)}"` +
    `,"attempts":${timeline.attempts},"replays":${timeline.replays}` +
    `,"reused":${timeline.reused},"uses":${timeline.connectionUses}` +
    `,"bytesIn":${timeline.requestBytes},"bytesOut":${timeline.responseBytes}` +
    `,"ms":{"total":${ms(timeline.startedAt, end)},"route":${ms(timeline.startedAt, timeline.routedAt)}` +
    `,"connect":${ms(timeline.acquiredAt, timeline.connectedAt)}` +
    `,"tls":${ms(timeline.connectedAt, timeline.securedAt)}` +
    `,"acquire":${ms(connected === NEVER ? timeline.acquiredAt : connected, timeline.firstWriteAt)}` +
    `,"send":${ms(timeline.firstWriteAt, timeline.sentAt)}` +
    `,"wait":${ms(timeline.sentAt, timeline.firstByteAt)}` +
    `,"stream":${ms(timeline.firstByteAt, timeline.lastByteAt)}}`;
  if (progress !== undefined) line += streamPart(progress);
  if (error !== undefined) line += errorPart(error);
  return `${line}}\n`;
}

function streamPart(progress: NonNullable<Call['timeline']['progress']>): string {
  let part = `,"events":${progress.contentEvents},"pings":${progress.pings}`;
  if (progress.model !== undefined) part += `,"model":${quoted(progress.model)}`;
  if (progress.inputTokens >= 0) part += `,"tokensIn":${progress.inputTokens}`;
  if (progress.outputTokens >= 0) part += `,"tokensOut":${progress.outputTokens}`;
  if (progress.errorType !== undefined) part += `,"streamError":${quoted(progress.errorType)}`;
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
