// Which model an attempt asks for. Only looked up where a limit is near, so most calls never pay
// for it. The same rule holds before an attempt and after it, so what was learned from one is found
// by the next; the model that an answer names would not do, because requests use shorter names.

import type { Call } from '../../core/call.ts';
import type { Target } from '../../core/target.ts';
import { MemberSearch, memberNames, plainTextAt } from './top-level-member.ts';

const model = memberNames([''], 'model');

/** Longest name that is told apart. */
const NAME_LENGTH_MAX = 128;

/**
 * The model of a call at a target, '' where it names none or not within its first read. Bodies come
 * in reads of many kilobytes and clients write the model near the front or the end of small ones.
 */
export function modelAt(target: Target, { body }: Call): string {
  if (target.edit?.model !== undefined) return target.edit.model;
  const front = body.replayable ? body.kept[0] : undefined;
  if (front === undefined) return '';
  const bytes = Buffer.from(front.buffer, front.byteOffset, front.byteLength);
  const at = new MemberSearch(bytes, model, body.complete && body.kept.length === 1).next();
  return at < 0 ? '' : (plainTextAt(bytes, at, NAME_LENGTH_MAX) ?? '');
}
