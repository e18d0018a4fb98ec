// Understands encoded queries (`sysparm_query`) as far as integrations use them, and filters and
// sorts rows by them. Source: ServiceNow reference, section 2. As on the platform, a condition on a
// column that does not exist is ignored, so a typing error finds more rows, not fewer.

import type { Row } from './tables.ts';

/** Reads a column of a row, dots leading through references; `undefined` = no such column. */
export type ReadColumn = (row: Row, column: string) => string | undefined;

type Test = (value: string, wanted: string) => boolean;

interface Condition {
  readonly column: string;
  readonly test: Test;
  readonly wanted: string;
}

interface Order {
  readonly column: string;
  readonly sign: 1 | -1;
}

/** A query that was understood. */
export interface EncodedQuery {
  /** Any of these (`^NQ`), in each of them all (`^`), in each of these any (`^OR`). */
  readonly groups: readonly (readonly (readonly Condition[])[])[];
  readonly orders: readonly Order[];
}

const list = (wanted: string): string[] => wanted.split(',').map((one) => one.trim());
const isLess = (a: string, b: string): boolean => compared(a, b) < 0;

const tests: readonly (readonly [operator: string, test: Test])[] = [
  ['NOT LIKE', (value, wanted) => !value.includes(wanted)],
  ['NOT IN', (value, wanted) => !list(wanted).includes(value)],
  ['STARTSWITH', (value, wanted) => value.startsWith(wanted)],
  ['ENDSWITH', (value, wanted) => value.endsWith(wanted)],
  ['ISNOTEMPTY', (value) => value !== ''],
  ['ISEMPTY', (value) => value === ''],
  ['LIKE', (value, wanted) => value.includes(wanted)],
  ['IN', (value, wanted) => list(wanted).includes(value)],
  ['!=', (value, wanted) => value !== wanted],
  ['>=', (value, wanted) => !isLess(value, wanted)],
  ['<=', (value, wanted) => !isLess(wanted, value)],
  ['=', (value, wanted) => value === wanted],
  ['>', (value, wanted) => isLess(wanted, value)],
  ['<', (value, wanted) => isLess(value, wanted)],
];

const operators = new Map(tests);
const CONDITION = new RegExp(`^([a-z][a-z0-9_.]*)(${[...operators.keys()].join('|')})(.*)$`, 's');

/** Understands a query; `''` = all rows. Parts that make no sense are ignored. */
export function parseQuery(text: string): EncodedQuery {
  const groups: Condition[][][] = [[]];
  const orders: Order[] = [];
  for (const part of text.split(/(?<!\^)\^(?!\^)/)) {
    const order = /^ORDERBY(DESC)?([a-z][a-z0-9_.]*)$/.exec(part);
    if (order !== null) {
      orders.push({ column: order[2] ?? '', sign: order[1] === undefined ? 1 : -1 });
      continue;
    }
    const [, prefix = '', rest = ''] = /^(NQ|OR)?(.*)$/s.exec(part) ?? [];
    const condition = conditionOf(rest);
    if (condition === undefined) continue;
    if (prefix === 'NQ') groups.push([]);
    const group = groups.at(-1) ?? [];
    const alternatives = prefix === 'OR' ? group.at(-1) : undefined;
    if (alternatives === undefined) group.push([condition]);
    else alternatives.push(condition);
  }
  return { groups, orders };
}

/** The rows that match, in the order asked for; else in that given. */
export function select(rows: Iterable<Row>, query: EncodedQuery, read: ReadColumn): Row[] {
  const found: Row[] = [];
  for (const row of rows) if (matches(row, query, read)) found.push(row);
  if (query.orders.length === 0) return found;
  return found.toSorted((a, b) => {
    for (const { column, sign } of query.orders) {
      const order = compared(read(a, column) ?? '', read(b, column) ?? '');
      if (order !== 0) return order * sign;
    }
    return 0;
  });
}

function matches(row: Row, { groups }: EncodedQuery, read: ReadColumn): boolean {
  return groups.some((group) =>
    group.every((alternatives) =>
      alternatives.some(({ column, test, wanted }) => {
        const value = read(row, column);
        return value === undefined || test(value.toLowerCase(), wanted);
      }),
    ),
  );
}

function conditionOf(part: string): Condition | undefined {
  const [, column = '', operator = '', wanted = ''] = CONDITION.exec(part) ?? [];
  const test = operators.get(operator);
  if (test === undefined) return undefined;
  return { column, test, wanted: wanted.replaceAll('^^', '^').toLowerCase() };
}

/** Numbers by value, everything else by its characters; dates are written so that this is right. */
function compared(a: string, b: string): number {
  const difference = a === '' || b === '' ? NaN : Number(a) - Number(b);
  if (!Number.isNaN(difference)) return difference;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
