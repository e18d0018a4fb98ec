// What changes in the fields of an answer on its way to the caller: its addresses lead through the
// gateway, and session cookies stay behind. Requests that share a session run one at a time at the
// platform, so a cookie that one caller was given must never be used by calls beside each other.
// Source: ServiceNow reference, section 6.

import type { HeaderList } from '../../core/header-list.ts';
import { mapped, mappedLinks } from './link-header.ts';
import type { LinkMap } from './link-header.ts';

/** Fields of a request that stay behind at the gateway: see above. */
export const droppedRequestFields: readonly string[] = Object.freeze(['cookie']);

const changed: ReadonlySet<string> = new Set(['set-cookie', 'link', 'location']);

/** The fields of an answer as callers see them; the same list where there is nothing to change. */
export function answerFields(headers: HeaderList, map: LinkMap): HeaderList {
  let rest = headers;
  for (const name of changed) if (headers.has(name)) rest = rest.without(name);
  if (rest === headers) return headers;
  for (const value of headers.all('link')) {
    const links = mappedLinks(value, map);
    if (links !== undefined) rest = rest.with('Link', links);
  }
  const location = headers.get('location');
  return location === undefined ? rest : rest.with('Location', mapped(location, map));
}
