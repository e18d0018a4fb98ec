// What the words of a fault specification add up to, and how their values are read. The rows of
// fault-table.ts write into a draft; fault-spec.ts makes a rule of it.
// Invariant: a reader returns a value or `undefined`, never half of one.

import type {
  Behaviour,
  ConnectionBehaviour,
  Fault,
  IdleClose,
  Point,
} from './misbehaving-upstream/behaviour.ts';
import type { RetryAfter } from './misbehaving-upstream/built-in-answers.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** When a rule strikes. All conditions must hold. */
export interface FaultConditions {
  /** Probability, 0 to 1. */
  p: number;
  /** Every n-th request that the other conditions let through. */
  every: number;
  /** Only requests up to this one (from 1). */
  first: number;
  /** Only requests after this many. */
  after: number;
  /** Only paths that begin with this. */
  path: string;
}

/** A rule in the making. */
export class FaultDraft {
  readonly when: FaultConditions = {
    p: 1,
    every: 1,
    first: Number.POSITIVE_INFINITY,
    after: 0,
    path: '',
  };
  readonly faults: Fault[] = [];
  readonly behaviour: Mutable<Behaviour> = {};
  accept: NonNullable<ConnectionBehaviour['accept']> = 'serve';
  idle: IdleClose | undefined = undefined;
  requestsMax: number = Number.POSITIVE_INFINITY;
  status: number | undefined = undefined;
  retryAfter: Mutable<RetryAfter> = {};
  /** Seconds from the answer on, for the date form. */
  retryAfterDateS: number | undefined = undefined;
  errorEventAfter: number | undefined = undefined;
  staleToken: boolean = false;
  /** The words that put another answer in the place of the answer. */
  readonly replacements: string[] = [];

  /** Something happens to requests, and not only to connections. */
  get touchesRequests(): boolean {
    if (this.faults.length > 0 || Object.keys(this.behaviour).length > 0) return true;
    if (this.status !== undefined || this.errorEventAfter !== undefined) return true;
    return this.staleToken || (this.idle !== undefined && this.isConditional);
  }

  /** Some condition narrows the rule. */
  get isConditional(): boolean {
    const { p, every, first, after, path } = this.when;
    return p < 1 || every > 1 || first !== Number.POSITIVE_INFINITY || after > 0 || path !== '';
  }
}

/** `500ms`, `5s`, `2m` or `0`, in ms. */
export function readDuration(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  if (parts === null) return text === '0' ? 0 : undefined;
  const factor = { ms: 1, s: 1_000, m: 60_000 }[parts[2] ?? ''] ?? Number.NaN;
  return Number(parts[1]) * factor;
}

/** `500`, `10KiB`, `1MiB` or `1GiB`, in bytes. */
export function readSize(text: string): number | undefined {
  const parts = /^(\d+)(B|KiB|MiB|GiB)?$/.exec(text);
  if (parts === null) return undefined;
  const power = ['B', 'KiB', 'MiB', 'GiB'].indexOf(parts[2] ?? 'B');
  return Number(parts[1]) * 1_024 ** power;
}

/** A whole number from `min` to `max`. */
export function readWhole(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** One row of the list of points. */
export interface PointRow {
  readonly form: string;
  readonly doc: string;
}

/** Every point a fault can be laid at, in order of time. */
export const pointTable: readonly PointRow[] = [
  { form: 'connect', doc: 'as soon as the connection is accepted (rst, fin, stall, silence)' },
  { form: 'request', doc: 'the request head was read, its body was not: not executed' },
  { form: 'before-head', doc: 'the request was read and executed, nothing was answered' },
  { form: 'head:N', doc: 'N bytes of the response head were sent' },
  { form: 'after-head', doc: 'the response head was sent' },
  { form: 'first-event', doc: 'the same as after-head' },
  { form: 'event:N', doc: 'N events (or pieces of the body) were sent' },
  { form: 'byte:N', doc: 'N bytes of the body were sent' },
  { form: 'before-terminal', doc: 'all but the terminal event was sent' },
  { form: 'before-end', doc: 'all events were sent, but not the last chunk' },
  { form: 'end', doc: 'the answer is complete; the close is not announced' },
];

/** Reads a point; `undefined` when there is no such point. */
export function readPoint(text: string): Point | 'connect' | undefined {
  const [name = '', count, ...rest] = text.split(':');
  const row = pointTable.find(({ form }) => form.split(':')[0] === name);
  if (row === undefined || rest.length > 0) return undefined;
  if (row.form.includes(':') !== (count !== undefined)) return undefined;
  // Events are counted from one: nothing stands at their zeroth.
  const least = name === 'event' ? 1 : 0;
  if (count !== undefined && readWhole(count, least, 1e12) === undefined) return undefined;
  // The table lists exactly the points of the type.
  return text as Point | 'connect';
}
