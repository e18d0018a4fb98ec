// The kinds of words the `--fault` language is made of: a fault at a point, a duration, a count, a
// bare word. Owns how their values are read and refused; which words exist is said by
// fault-table.ts. Invariant: a reader either writes its whole value into the draft or returns a
// sentence.

import type { FaultDraft } from './fault-draft.ts';
import { pointTable, readDuration, readPoint, readWhole } from './fault-draft.ts';
import type { FaultAction, IdleClose, Trickle } from './misbehaving-upstream/behaviour.ts';
import { nearestName } from '../core/nearest-name.ts';

/** One word of the language. */
export interface FaultRow {
  readonly name: string;
  /** How it is written, with placeholders in capitals. */
  readonly form: string;
  readonly doc: string;
  readonly example: string;
  /** Writes the value into the draft; returns what is wrong, if anything is. */
  readonly read: (value: string, draft: FaultDraft) => string | undefined;
}

/** What a duration looks like, for messages. */
export const DURATION = 'a duration such as 500ms, 5s or 2m';
/** What a size looks like, for messages. */
export const SIZE = 'a size such as 500, 64KiB or 10MiB';

/** A row with a reader of its own. */
export function row(form: string, doc: string, example: string, read: FaultRow['read']): FaultRow {
  const name = /^[a-z0-9-]+/.exec(form)?.[0] ?? form;
  return { name, form, doc, example, read };
}

/** A fault at a point. */
export function atPoint(
  name: Exclude<FaultAction, 'wait'>,
  doc: string,
  example: string,
): FaultRow {
  return row(`${name}@POINT`, doc, example, (value, draft) => {
    const point = readPoint(value);
    if (point === undefined) return unknownPoint(value);
    if (point !== 'connect') draft.faults.push({ do: name, at: point });
    else if (name === 'half-close') return 'half-close cannot be laid at connect';
    else draft.accept = name;
    return undefined;
  });
}

/** Says which point was meant. */
export function unknownPoint(value: string): string {
  if (value === 'event:0') {
    return '"event:0" is never reached, for events count from 1; before them is "first-event"';
  }
  const names = pointTable.map(({ form }) => form);
  const meant = nearestName(
    value.replace(/:.*/, ''),
    names.map((form) => form.replace(':N', '')),
  );
  const form = names.find((name) => name === meant || name === `${meant}:N`);
  const list = names.join(', ');
  const hint = form === undefined ? `one of ${list}` : `"${form}"`;
  return `"${value}" is not a point; did you mean ${hint}?`;
}

/** A value that is a duration. */
export function timed(
  form: string,
  doc: string,
  example: string,
  set: (draft: FaultDraft, ms: number) => void,
): FaultRow {
  return row(form, doc, example, (value, draft) => {
    const ms = readDuration(value);
    if (ms === undefined) return `"${value}" is not ${DURATION}`;
    set(draft, ms);
    return undefined;
  });
}

/** A value that is a whole number from `min` to `max`; `otherwise` when it may be left out. */
export function counted(
  form: string,
  doc: string,
  example: string,
  range: { readonly min: number; readonly max?: number; readonly otherwise?: number },
  set: (draft: FaultDraft, count: number) => void,
): FaultRow {
  const { min, max = 1e9, otherwise } = range;
  return row(form, doc, example, (value, draft) => {
    const left = value === '' ? otherwise : undefined;
    const count = left ?? readWhole(value, min, max);
    if (count === undefined) return `"${value}" is not a whole number from ${min} to ${max}`;
    set(draft, count);
    return undefined;
  });
}

/** A word without a value. */
export function plain(name: string, doc: string, set: (draft: FaultDraft) => void): FaultRow {
  return row(name, doc, name, (value, draft) => {
    if (value !== '') return 'takes no value';
    set(draft);
    return undefined;
  });
}

/** What idle connections come to. */
export function idle(name: string, how: IdleClose['how'], doc: string): FaultRow {
  return timed(`${name}:T`, doc, `${name}:5s`, (draft, afterMs) => {
    draft.idle = { afterMs, how };
  });
}

/** A pace of so many bytes per interval. */
export function trickle(name: string, part: Trickle['part'], doc: string): FaultRow {
  return row(`${name}:BYTES/T`, doc, `${name}:5/100ms`, (value, draft) => {
    const [size = '', every = '', ...rest] = value.split('/');
    const bytes = readWhole(size, 1, 1e9);
    const everyMs = readDuration(every);
    if (bytes === undefined || everyMs === undefined || rest.length > 0) {
      return `"${value}" is not bytes per interval, such as 5/100ms`;
    }
    draft.behaviour.trickle = { bytes, everyMs, part };
    return undefined;
  });
}
