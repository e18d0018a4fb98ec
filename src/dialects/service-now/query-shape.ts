// What a request to the Table API asks for, in a form that can be logged, and what is missing in it
// that makes such requests slow or their pages wrong. Source: ServiceNow reference, sections 2, 3
// and 10. Invariant: no value of a filter and no record's id is ever shown.

import { encodedQueryShape, isTotallyOrdered } from './encoded-query-shape.ts';

/** What a request should have said. A closed list, so it may be a metric label. */
export type QueryAdvice = keyof typeof queryAdvice;

/** Each advice for a person: what to change, and why. */
export const queryAdvice = {
  limit: 'set sysparm_limit to at most 1000: without it an answer has up to 10000 rows',
  fields: 'set sysparm_fields: without it every column of every row is read and sent',
  order: 'end sysparm_query with ^ORDERBYsys_id: without a total order pages repeat and lose rows',
  links:
    'set sysparm_exclude_reference_link=true: links make answers longer and lead past the gateway',
  display: 'leave out sysparm_display_value: each reference costs a look-up of its own',
} as const;

/** One request, told without its values. */
export interface QueryShape {
  readonly table: string;
  /** Asks for one record by its id. */
  readonly isRecord: boolean;
  /** The request with `?` in the place of every value, at most `SHAPE_CHARS_MAX` characters. */
  readonly text: string;
  /** What is missing; empty for writes, whose answers are one record. */
  readonly missing: readonly QueryAdvice[];
}

/** Longest text of a shape. */
export const SHAPE_CHARS_MAX = 1_000;

/** More rows than this in a page are better asked for in several. */
const ROWS_MAX = 1_000;

const TABLE_PATH = /\/api\/now\/(?:v\d+\/)?table\/([A-Za-z0-9_]{1,80})(\/[^/?]*)?\/?(?:\?([^]*))?$/;

/** Parameters whose values are settings and names of columns, not data. */
const settings: Readonly<Record<string, RegExp>> = {
  sysparm_fields: /^[\w.,]*$/,
  sysparm_limit: /^\d*$/,
  sysparm_offset: /^-?\d*$/,
  sysparm_display_value: /^(true|false|all)$/,
  sysparm_exclude_reference_link: /^(true|false)$/,
  sysparm_no_count: /^(true|false)$/,
  sysparm_suppress_pagination_header: /^(true|false)$/,
  sysparm_query_no_domain: /^(true|false)$/,
  sysparm_input_display_value: /^(true|false)$/,
};

/** The shape of a request, or `undefined` when it is not to the Table API. `path`: with query. */
export function queryShape(path: string, method: string = 'GET'): QueryShape | undefined {
  const [, table, id, query = ''] = TABLE_PATH.exec(path) ?? [];
  if (table === undefined) return undefined;
  const isRecord = id !== undefined && id !== '/';
  const parameters = new URLSearchParams(query);
  const shown = [...parameters].map(([name, value]) => parameterShape(name, value));
  const about = shown.length === 0 ? '' : `?${shown.join('&')}`;
  const text = `${table}${isRecord ? '/?' : ''}${about}`;
  const isCut = text.length > SHAPE_CHARS_MAX;
  return {
    table,
    isRecord,
    text: isCut ? `${text.slice(0, SHAPE_CHARS_MAX - 3)}...` : text,
    missing: method === 'GET' ? missingIn(parameters, isRecord) : [],
  };
}

function parameterShape(name: string, value: string): string {
  if (name === 'sysparm_query') return `${name}=${encodedQueryShape(value)}`;
  if (Object.hasOwn(settings, name) && settings[name]?.test(value) === true) {
    return `${name}=${value}`;
  }
  // Columns may be filtered by parameters of their own names; anything else is nobody's business.
  return /^[a-z][a-z0-9_.]{0,99}$/.test(name) ? `${name}=?` : '?=?';
}

function missingIn(parameters: URLSearchParams, isRecord: boolean): QueryAdvice[] {
  const missing: QueryAdvice[] = [];
  const limit = parameters.get('sysparm_limit') ?? '';
  const isBounded = /^\d+$/.test(limit) && Number(limit) <= ROWS_MAX;
  if (!isRecord && !isBounded) missing.push('limit');
  if ((parameters.get('sysparm_fields') ?? '') === '') missing.push('fields');
  const isOneRow = limit === '1' && !parameters.has('sysparm_offset');
  const isOrdered = isTotallyOrdered(parameters.get('sysparm_query') ?? '');
  if (!isRecord && !isOneRow && !isOrdered) missing.push('order');
  if (parameters.get('sysparm_exclude_reference_link') !== 'true') missing.push('links');
  if (/^(true|all)$/.test(parameters.get('sysparm_display_value') ?? '')) missing.push('display');
  return missing;
}
