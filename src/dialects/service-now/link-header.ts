// The `Link` field of a page (RFC 8288), with addresses that lead back through the gateway. Whoever
// follows the instance's own addresses walks past every limit, retry and credential set up here.
// Source: ServiceNow reference, section 3. Understands what the platform sends and leaves the field
// alone when it is anything else.

/** Where addresses lead, and where they should. */
export interface LinkMap {
  /** What the upstream's addresses begin with: origins and paths, without a trailing slash. */
  readonly from: readonly string[];
  /**
   * What they begin with for callers: an origin and a path, or a path alone, which is resolved
   * against the address of the request (RFC 3986 4.2); without a trailing slash.
   */
  readonly to: string;
}

/** One link of the field. The address may hold commas; the parameters may not, outside quotes. */
const LINK = /\s*<([^>]*)>((?:\s*;\s*[\w*-]+(?:\s*=\s*(?:"[^"]*"|[^\s",;]+))?)*)\s*(?:,|$)/y;

/** An offset in front of the first row, as some instances give for the page before the first. */
const NEGATIVE_OFFSET = /[?&]sysparm_offset=-\d/;

/** The field with mapped addresses; `undefined` when no link is left. */
export function mappedLinks(value: string, map: LinkMap): string | undefined {
  const links: string[] = [];
  LINK.lastIndex = 0;
  while (LINK.lastIndex < value.length) {
    const found = LINK.exec(value);
    if (found === null) return value;
    const [, address = '', parameters = ''] = found;
    if (!NEGATIVE_OFFSET.test(address)) links.push(`<${mapped(address, map)}>${parameters}`);
  }
  return links.length === 0 ? undefined : links.join(',');
}

/** One address of the upstream as callers reach it; any other stays as it is. */
export function mapped(address: string, { from, to }: LinkMap): string {
  for (const base of from) {
    if (!startsWithBase(address, base)) continue;
    const rest = address.slice(base.length);
    return rest.startsWith('/') ? to + rest : `${to}/${rest}`;
  }
  return address;
}

/** Schemes and hosts are written in either case (RFC 3986 6.2.2.1). */
function startsWithBase(address: string, base: string): boolean {
  if (address.slice(0, base.length).toLowerCase() !== base.toLowerCase()) return false;
  const next = address.charAt(base.length);
  return next === '' || next === '/' || next === '?';
}
