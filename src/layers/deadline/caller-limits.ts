// What callers say about how long they will wait, read in one pass over the fields of a call: most
// calls say nothing and must not pay for four look-ups.
// Our own field must be right, because a caller who sends it relies on it. The fields of others are
// sent by libraries behind the caller's back, so what cannot be understood is ignored and counted.

import { MARKS_PER_FIELD } from '../../core/header-list.ts';
import type { HeaderList } from '../../core/header-list.ts';

/** Fields that carry a limit. */
export type LimitFieldName =
  | 'x-deadline-ms'
  | 'grpc-timeout'
  | 'x-envoy-expected-rq-timeout-ms'
  | 'x-stainless-timeout';

/** Until when the caller's timer runs: until the last byte, or until the head. */
export type LimitEnd = 'call' | 'head';

/** One field and how its value is read and written. */
export interface LimitField {
  readonly name: LimitFieldName;
  readonly ends: LimitEnd;
  /** The limit in ms, `Infinity` = the value means none, NaN = it means nothing. */
  readonly parse: (value: string) => number;
  /** The value for this many ms, 1 or more; `undefined` = passed on as it came. */
  readonly format: ((ms: number) => string) | undefined;
}

/** Decimal ms. A caller who subtracts clocks may well send a fraction, or less than nothing. */
const DEADLINE = /^-?\d{1,16}(?:\.\d{1,16})?$/;
/** gRPC over HTTP/2: at most eight digits and a unit. */
const GRPC = /^(\d{1,8})([HMSmun])$/;
const WHOLE_MS = /^\d{1,16}$/;
const SECONDS = /^\d{1,9}(?:\.\d{1,9})?$/;
/** Bit n is set when a name of a limit has length n; a first look that spares nearly all fields. */
const NAME_LENGTHS = (1 << 12) | (1 << 13) | (1 << 19) | (1 << 30);

const grpcUnitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
const GRPC_DIGITS_MAX = 99_999_999;

const xDeadline: LimitField = {
  name: 'x-deadline-ms',
  ends: 'call',
  parse: (value) => (DEADLINE.test(value) ? Number(value) : Number.NaN),
  format: (ms) => String(Math.floor(ms)),
};

const grpc: LimitField = {
  name: 'grpc-timeout',
  ends: 'call',
  parse(value) {
    const [, digits, unit] = GRPC.exec(value) ?? [];
    return Number(digits) * (grpcUnitMs[unit ?? ''] ?? Number.NaN);
  },
  format: (ms) =>
    ms <= GRPC_DIGITS_MAX
      ? `${Math.floor(ms)}m`
      : `${Math.min(Math.floor(ms / 1000), GRPC_DIGITS_MAX)}S`,
};

const envoy: LimitField = {
  name: 'x-envoy-expected-rq-timeout-ms',
  ends: 'call',
  // Among Envoy's timeouts 0 stands for none.
  parse: (value) => (WHOLE_MS.test(value) ? Number(value) || Number.POSITIVE_INFINITY : Number.NaN),
  format: (ms) => String(Math.floor(ms)),
};

const stainless: LimitField = {
  name: 'x-stainless-timeout',
  ends: 'head',
  // Cut down to whole seconds by the SDKs: 0 is some time below one second, which nobody knows.
  // Their first versions wrote ms into it; read as seconds, that limits nothing and harms nobody.
  parse: (value) =>
    SECONDS.test(value) ? Number(value) * 1000 || Number.POSITIVE_INFINITY : Number.NaN,
  format: undefined,
};

/** Every field, for tables. */
export const limitFields: readonly LimitField[] = [xDeadline, grpc, envoy, stainless];

/** The field at this place of the marks, if it carries a limit. */
export function limitFieldAt({ text, marks }: HeaderList, at: number): LimitField | undefined {
  const end = marks[at + 1] as number;
  const field = fieldOfLength(end - (marks[at] as number));
  return field !== undefined && hasName(text, end, field.name) ? field : undefined;
}

/** The lengths of the four names differ, so that a length leaves one name to compare. */
function fieldOfLength(length: number): LimitField | undefined {
  switch (length) {
    case 12:
      return grpc;
    case 13:
      return xDeadline;
    case 19:
      return stainless;
    case 30:
      return envoy;
    default:
      return undefined;
  }
}

/** From the end, where the usual names of the same lengths differ in the first character. */
function hasName(text: string, end: number, lowerName: string): boolean {
  const { length } = lowerName;
  for (let back = 1; back <= length; back += 1) {
    let code = text.charCodeAt(end - back);
    if (code >= 65 && code <= 90) code += 32;
    if (code !== lowerName.charCodeAt(length - back)) return false;
  }
  return true;
}

/** The limits one caller has set, each the shortest that was said; `Infinity` = none. */
export class CallerLimits {
  /** For the whole call, in ms since it began. Below 0 when it was over before. */
  callMs: number = Number.POSITIVE_INFINITY;
  callBy: LimitFieldName | undefined = undefined;
  /** For the time to the head, in ms since the call began. */
  headMs: number = Number.POSITIVE_INFINITY;
  headBy: LimitFieldName | undefined = undefined;
  /** What `x-deadline-ms` held, where that is no number of ms. */
  malformed: string | undefined = undefined;
  /** Fields of others that could not be understood; `undefined` = none. */
  ignored: LimitFieldName[] | undefined = undefined;

  take(field: LimitField, value: string): void {
    const ms = field.parse(value);
    if (Number.isNaN(ms)) {
      if (field === xDeadline) this.malformed = value;
      else (this.ignored ??= []).push(field.name);
    } else if (field.ends === 'head' && ms < this.headMs) {
      this.headMs = ms;
      this.headBy = field.name;
    } else if (field.ends === 'call' && ms < this.callMs) {
      this.callMs = ms;
      this.callBy = field.name;
    }
  }
}

/** What the fields of a call say, `undefined` when they hold no limit: the usual case. */
export function readLimits(headers: HeaderList): CallerLimits | undefined {
  const { text, marks } = headers;
  let limits: CallerLimits | undefined;
  for (let at = 0; at < marks.length; at += MARKS_PER_FIELD) {
    const length = (marks[at + 1] as number) - (marks[at] as number);
    if (((NAME_LENGTHS >>> length) & 1) === 0) continue;
    const field = limitFieldAt(headers, at);
    if (field === undefined) continue;
    limits ??= new CallerLimits();
    limits.take(field, text.slice(marks[at + 2], marks[at + 3]));
  }
  return limits;
}
