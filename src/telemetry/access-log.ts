// One JSON line per call, built by concatenation: an object per line through a logger costs more
// than parsing the request. Whoever takes the lines writes them in batches. Holds no header, body,
// query or key.

import type { Call } from '../core/call.ts';
import { anonymousCaller } from '../core/caller.ts';
import type { Progress } from '../core/dialect.ts';
import { errorTable } from '../core/error-table.ts';
import type { CallError, ErrorCode } from '../core/errors.ts';
import type { Timeline } from '../core/timeline.ts';
import { phaseTimes } from './phase-times.ts';
import { failureOf } from './verdict.ts';

/** Where finished lines go; pino's destination and any stream fit. */
export interface LineWriter {
  write(text: string): unknown;
}

/** The line of one finished call, newline included. `wallNow` is the end, in epoch ms. */
export function accessLine(call: Call, error: CallError | undefined, wallNow: number): string {
  const { timeline, route } = call;
  const { progress } = timeline;
  const code = failureOf(call, error);
  let line =
    `{"time":"${timeText(wallNow)}","level":"${level(code)}","msg":"call"` +
    `,"call":"${call.id}","method":${quoted(call.method)}` +
    `,"path":${quoted(withoutQuery(call.path))}` +
    `,"route":${quoted(route.name)},"upstream":${quoted(timeline.upstream || route.upstream)}` +
    `,"endpoint":${quoted(timeline.endpoint)},"status":${timeline.status}` +
    `,"verdict":"${code ?? 'complete'}","closedBy":"${closedBy(timeline, code)}"` +
    `,"attempts":${timeline.attempts},"replays":${timeline.replays}` +
    `,"reused":${timeline.reused},"uses":${timeline.connectionUses}` +
    `,"bytesIn":${timeline.requestBytes},"bytesOut":${timeline.responseBytes}` +
    phaseTimes(timeline, error !== undefined);
  if (call.caller !== anonymousCaller) line += `,"caller":${quoted(call.caller.name)}`;
  if (timeline.twinOf !== '') line += `,"twinOf":"${timeline.twinOf}"`;
  if (progress !== undefined) line += streamPart(progress);
  if (code !== undefined) line += errorPart(code, error, progress);
  return `${line}}\n`;
}

/** Who ended the call. An answer without an endpoint is one of ours. */
function closedBy({ endpoint }: Timeline, code: ErrorCode | undefined): string {
  if (code !== undefined) return errorTable[code].closedBy;
  return endpoint === '' ? 'gateway' : 'upstream';
}

function streamPart(progress: Progress): string {
  let part = `,"events":${progress.contentEvents},"pings":${progress.pings}`;
  if (progress.model !== undefined) part += `,"model":${quoted(progress.model)}`;
  if (progress.inputTokens >= 0) part += `,"tokensIn":${progress.inputTokens}`;
  if (progress.outputTokens >= 0) part += `,"tokensOut":${progress.outputTokens}`;
  if (progress.errorType !== undefined) part += `,"streamError":${quoted(progress.errorType)}`;
  if (progress.tokensEstimated) part += ',"tokensEstimated":true';
  if (progress.lenientEnd) part += ',"lenient":true';
  return part;
}

function errorPart(
  code: ErrorCode,
  error: CallError | undefined,
  progress: Progress | undefined,
): string {
  const { origin, phase, meaning, advice } = errorTable[code];
  const why = error?.message ?? `${meaning} It is of the type ${progress?.errorType}.`;
  return (
    `,"origin":"${origin}","phase":"${error?.phase ?? phase}"` +
    `,"why":${quoted(why)},"advice":${quoted(advice)}`
  );
}

function level(code: ErrorCode | undefined): string {
  if (code === undefined || code === 'CALLER_GONE') return 'info';
  return errorTable[code].origin === 'caller' ? 'warn' : 'error';
}

const NEEDS_ESCAPE = /["\\\u0000-\u001f\u007f-\uffff]/;

function quoted(text: string): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** A path as logs may show it. */
export function withoutQuery(path: string): string {
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
