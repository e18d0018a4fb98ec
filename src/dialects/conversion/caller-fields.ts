// The header fields of a call whose body is another one now.

import { HeaderEdit } from '../../core/header-edit.ts';
import type { HeaderList } from '../../core/header-list.ts';

/** Fields that speak of the caller's body and API; the upstream's own take their place. */
const CALLER_FIELDS = [
  'content-type',
  'content-encoding',
  'accept',
  'accept-encoding',
  'anthropic-version',
  'anthropic-beta',
  'anthropic-dangerous-direct-browser-access',
  'openai-organization',
  'openai-project',
  'openai-beta',
];

/** Puts these fields in the place of those that speak of the caller's body and API. */
export function fieldsOfUpstream(own: readonly (readonly [string, string])[]): HeaderEdit {
  const replaced = own.map(([name]) => name);
  return new HeaderEdit(
    [...new Set([...CALLER_FIELDS, ...replaced])],
    [
      ...own,
      // What is read here must be plain.
      ['accept-encoding', 'identity'],
    ],
  );
}

/**
 * The caller's own key as `Authorization: Bearer`, which all vendors take; `x-api-key` only some.
 */
export function withBearer(headers: HeaderList): HeaderList {
  const key = headers.get('x-api-key');
  if (key === undefined) return headers;
  const bare = headers.without('x-api-key');
  return bare.has('authorization') ? bare : bare.with('authorization', `Bearer ${key}`);
}
