// Tells the upstream how long the caller still waits, in the very fields in which the caller has
// said it. Belongs to where attempts are made, because waits and earlier attempts took their part.
// Adds no field: an upstream that was not meant to know is not told.

import type { Call } from '../../core/call.ts';
import { HeaderList, MARKS_PER_FIELD } from '../../core/header-list.ts';
import { limitFieldAt } from './caller-limits.ts';

/** 0 means "no limit" to some, and a call whose time is over is about to be cut anyway. */
const LEFT_MS_MIN = 1;

/**
 * The fields of an attempt that is sent at `now` (monotonic ms): each limit for the whole call
 * becomes what is left until `call.deadline`, rounded down to ms and never more than was said.
 * Without such a field, or without a deadline, the very list of the call.
 */
export function withTimeLeft({ headers, deadline }: Call, now: number): HeaderList {
  if (deadline === Number.POSITIVE_INFINITY) return headers;
  const { text, marks } = headers;
  const moved: number[] = [];
  let written = '';
  let copiedTo = 0;
  let shift = 0;
  for (let at = 0; at < marks.length; at += MARKS_PER_FIELD) {
    const start = marks[at + 2] as number;
    const end = marks[at + 3] as number;
    moved.push((marks[at] as number) + shift, (marks[at + 1] as number) + shift, start + shift);
    const value = valueLeft(headers, at, deadline - now);
    if (value !== undefined) {
      written += text.slice(copiedTo, start) + value;
      copiedTo = end;
      shift += value.length - (end - start);
    }
    // The kind goes along: a field that Connection named stays on its hop.
    moved.push(end + shift, marks[at + 4] as number);
  }
  return copiedTo === 0 ? headers : new HeaderList(written + text.slice(copiedTo), moved);
}

/** The new value of the field at this place of the marks; `undefined` = it stays as it is. */
function valueLeft(headers: HeaderList, at: number, leftMs: number): string | undefined {
  const field = limitFieldAt(headers, at);
  if (field?.format === undefined) return undefined;
  const saidMs = field.parse(headers.text.slice(headers.marks[at + 2], headers.marks[at + 3]));
  // What was not understood, or means no limit, is not ours to change.
  if (!Number.isFinite(saidMs)) return undefined;
  return field.format(Math.max(LEFT_MS_MIN, Math.min(saidMs, leftMs)));
}
