// The `Link` field of a page. Source: ServiceNow reference, section 3, which also tells of the page
// before the first one that some instances name by a negative offset; so does this one.

/** One page of a list. */
export interface Page {
  readonly offset: number;
  readonly limit: number;
  /** Rows in all, -1 when they were not counted. */
  readonly total: number;
}

/** The field for a page of the list at `address` (without query) asked for with `parameters`. */
export function pageLinks(address: string, parameters: URLSearchParams, page: Page): string {
  const { offset, limit, total } = page;
  const links: string[] = [];
  const add = (rel: string, at: number): void => {
    const query = new URLSearchParams(parameters);
    query.set('sysparm_limit', String(limit));
    query.set('sysparm_offset', String(at));
    // The platform leaves these as they are, which is how commas come to stand in addresses.
    const text = query.toString().replaceAll('%2C', ',').replaceAll('%3D', '=');
    links.push(`<${address}?${text}>;rel="${rel}"`);
  };
  add('first', 0);
  if (offset > 0) add('prev', offset - limit);
  if (total < 0 || offset + limit < total) add('next', offset + limit);
  if (total > 0) add('last', Math.floor((total - 1) / limit) * limit);
  return links.join(',');
}
