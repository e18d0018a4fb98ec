// Where in a request a key of the gateway may stand, and how it is read there. Clients differ in
// which of these fields their users can set, so all are read.

import type { HeaderList } from '../../core/header-list.ts';

/** Fields that may carry a key of the gateway. */
export type KeyField = 'x-holdfast-key' | 'authorization' | 'x-api-key';

/** In the order in which they are read: the field that is ours alone comes first. */
export const keyFields: readonly KeyField[] = ['x-holdfast-key', 'authorization', 'x-api-key'];

/** RFC 6750 and RFC 9110: the scheme in any case, one space or more. */
const BEARER = 'bearer ';

/** The key in this field, `undefined` when there is none. */
export function presentedKey(headers: HeaderList, field: KeyField): string | undefined {
  const value = headers.get(field);
  if (value === undefined || value === '') return undefined;
  if (field !== 'authorization') return value;
  if (value.slice(0, BEARER.length).toLowerCase() !== BEARER) return undefined;
  return value.slice(BEARER.length).trimStart() || undefined;
}
