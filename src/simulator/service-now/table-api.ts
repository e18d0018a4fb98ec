// The Table API of the simulated instance: lists and records in, documents out. Source: ServiceNow
// reference, sections 1 to 3. Knows no wire, no accounts and no faults but the one it is asked for.

import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import {
  cancelledFailure,
  documentAnswer,
  emptyAnswer,
  failure,
  noRecord,
  refusal,
} from './answer.ts';
import type { Answer } from './answer.ts';
import { parseQuery, select } from './encoded-query.ts';
import { pageLinks } from './page-links.ts';
import { RowView } from './row-view.ts';
import type { ViewOptions } from './row-view.ts';
import { schemaOf } from './table-schema.ts';
import type { Row, Tables } from './tables.ts';

/** One request to the Table API. */
export interface TableAsk {
  readonly method: string;
  /** `v1` answers 404 where nothing is found. */
  readonly version: string;
  readonly table: string;
  /** '' = the list. */
  readonly id: string;
  readonly parameters: URLSearchParams;
  readonly body: string;
  /** Scheme, host and path in front of `/api`, for links. */
  readonly base: string;
  /** The list breaks off after so many rows. */
  readonly partial: number | undefined;
}

/** What the interface is given. */
export interface TableDeps {
  readonly tables: Tables;
  readonly clock: Clock;
  readonly random: Random;
}

/** Rows of a page that did not say how many. */
const LIMIT_DEFAULT = 10_000;

/** The interface over one instance's tables. */
export class TableApi {
  /** Rows inserted, changed or removed so far: work that must not be done twice. */
  writes: number = 0;
  readonly #deps: TableDeps;
  readonly #view: RowView;

  constructor(deps: TableDeps) {
    this.#deps = deps;
    this.#view = new RowView(deps.tables);
  }

  /** Does the work and says so. */
  answer(ask: TableAsk): Answer {
    const { method, table, id } = ask;
    if (schemaOf(table) === undefined) return refusal(400, `Invalid table ${table}`);
    const isList = id === '';
    if (method === 'GET' || method === 'HEAD') return isList ? this.#list(ask) : this.#record(ask);
    if (method === 'POST' && isList) return this.#insert(ask);
    if ((method === 'PUT' || method === 'PATCH') && !isList) return this.#update(ask);
    if (method === 'DELETE' && !isList) return this.#remove(ask);
    return refusal(405, `Method not supported: ${method}`);
  }

  #list(ask: TableAsk): Answer {
    const { table, parameters, version, partial } = ask;
    const query = parseQuery(parameters.get('sysparm_query') ?? '');
    const read = (row: Row, column: string): string | undefined =>
      this.#view.read(row['sys_class_name'] ?? table, row, column);
    const found = select(this.#deps.tables.rows(table), query, read);
    if (found.length === 0 && version === 'v1') return noRecord;
    const limit = wholeNumber(parameters.get('sysparm_limit'), 1, LIMIT_DEFAULT);
    const offset = wholeNumber(parameters.get('sysparm_offset'), 0, 0);
    const view = viewOptions(ask);
    const result = found
      .slice(offset, offset + Math.min(limit, partial ?? limit))
      .map((row) => this.#view.show(table, row, view));
    if (partial !== undefined) return documentAnswer(200, { result, ...cancelledFailure });
    const isCounted = parameters.get('sysparm_no_count') !== 'true';
    const total = isCounted ? found.length : -1;
    const hasLinks = parameters.get('sysparm_suppress_pagination_header') !== 'true';
    const address = `${ask.base}/api/now/table/${table}`;
    return documentAnswer(
      200,
      { result },
      {
        ...(isCounted ? { 'X-Total-Count': String(total) } : {}),
        ...(hasLinks ? { Link: pageLinks(address, parameters, { offset, limit, total }) } : {}),
      },
    );
  }

  #record(ask: TableAsk): Answer {
    const row = this.#deps.tables.find(ask.table, ask.id);
    return row === undefined ? noRecord : this.#shown(ask, row, 200);
  }

  #insert(ask: TableAsk): Answer {
    const values = valuesIn(ask.body);
    if (values === undefined) return badBody;
    const { tables, random, clock } = this.#deps;
    const row = tables.insert(ask.table, values, random, clock.wallNow());
    if (row === undefined) return refusal(403, 'Operation Failed', 'The table takes no more rows');
    this.writes += 1;
    const location = `${ask.base}/api/now/table/${ask.table}/${row['sys_id'] ?? ''}`;
    return this.#shown(ask, row, 201, { Location: location });
  }

  #update(ask: TableAsk): Answer {
    const values = valuesIn(ask.body);
    if (values === undefined) return badBody;
    const { tables, clock } = this.#deps;
    const row = tables.update(ask.table, ask.id, values, clock.wallNow());
    if (row === undefined) return noRecord;
    this.writes += 1;
    return this.#shown(ask, row, 200);
  }

  #remove(ask: TableAsk): Answer {
    if (!this.#deps.tables.remove(ask.table, ask.id)) return noRecord;
    this.writes += 1;
    return emptyAnswer(204);
  }

  #shown(ask: TableAsk, row: Row, status: number, fields?: Record<string, string>): Answer {
    return documentAnswer(
      status,
      { result: this.#view.show(ask.table, row, viewOptions(ask)) },
      fields,
    );
  }
}

const badBody = documentAnswer(
  400,
  failure('Exception while reading request', 'The payload is not a JSON object'),
);

function viewOptions({ parameters, base }: TableAsk): ViewOptions {
  const fields = (parameters.get('sysparm_fields') ?? '').split(',').map((name) => name.trim());
  const display = parameters.get('sysparm_display_value');
  return {
    fields: fields.filter((name) => name !== ''),
    display: display === 'true' || display === 'all' ? display : 'false',
    links: parameters.get('sysparm_exclude_reference_link') !== 'true',
    base,
  };
}

/** The columns to write, or `undefined` when the body is no JSON object. */
function valuesIn(body: string): Row | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const pairs = Object.entries(value).filter(([, one]) => typeof one !== 'object');
  return Object.fromEntries(pairs.map(([name, one]) => [name, String(one)]));
}

function wholeNumber(text: string | null, min: number, usual: number): number {
  const number = text !== null && /^\d{1,9}$/.test(text) ? Number(text) : -1;
  return number < min ? usual : number;
}
