// The rows of the simulated instance, made from a seed: the same seed gives the same rows and ids.
// Owns them; everybody else reads copies. Bounded: rows that callers insert push out nothing, but
// beyond `ROWS_MAX` of a table there are no more.

import type { Random } from '../../core/random.ts';
import { seededRandom } from '../../core/random.ts';
import { schemaOf, tableSchemas } from './table-schema.ts';
import type { TableSchema } from './table-schema.ts';

/** One row: all values are text, as the platform sends them. */
export type Row = Readonly<Record<string, string>>;

/** Rows that one table may hold. */
export const ROWS_MAX = 100_000;

/** The last moment of generated rows, epoch ms. */
const NEWEST_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const SPREAD_MINUTES = 500_000;

const things = ['Mail', 'Network', 'Printer', 'Laptop', 'Database', 'Badge', 'Backup', 'Phone'];
const troubles = ['is slow', 'does not start', 'lost its settings', 'needs an update', 'is gone'];
const firstNames = ['Ada', 'Alan', 'Edsger', 'Grace', 'Barbara', 'Ken', 'Radia', 'Donald'];
const lastNames = ['Hopper', 'Turing', 'Liskov', 'Perlman', 'Knuth', 'Lovelace', 'Dijkstra', 'Ito'];
const teams = ['Service Desk', 'Network', 'Database', 'Hardware', 'Change Management', 'Security'];

/** All tables of one instance. */
export class Tables {
  readonly #rows = new Map<string, Map<string, Row>>();
  readonly #numbers = new Map<string, number>();

  /** `rows` in each table, made from `seed`. */
  constructor(seed: number, rows: number) {
    for (const schema of tableSchemas) {
      // A stream of its own for each table, so that more rows in one leave the others as they are.
      const random = seededRandom(seed + tableSchemas.indexOf(schema) + 1);
      const made = new Map<string, Row>();
      this.#rows.set(schema.name, made);
      const count = schema.name === 'sys_user_group' ? Math.min(rows, teams.length) : rows;
      for (let at = 0; at < count; at += 1) {
        const row = this.#generated(schema, at, random);
        made.set(row['sys_id'] ?? '', row);
      }
    }
  }

  /** The rows of a table in the order they came; those of `task` are those of all its kinds. */
  *rows(table: string): Generator<Row> {
    if (table !== 'task') {
      yield* this.#rows.get(table)?.values() ?? [];
      return;
    }
    for (const { name, prefix } of tableSchemas) if (prefix !== '') yield* this.rows(name);
  }

  find(table: string, id: string): Row | undefined {
    if (table !== 'task') return this.#rows.get(table)?.get(id);
    const kind = tableSchemas.find(({ name, prefix }) => prefix !== '' && this.find(name, id));
    return kind === undefined ? undefined : this.find(kind.name, id);
  }

  /** A new row of the columns that the table has, or `undefined` when there is no room. */
  insert(table: string, values: Row, random: Random, wallNow: number): Row | undefined {
    const rows = this.#rows.get(table);
    const schema = schemaOf(table);
    if (rows === undefined || schema === undefined || rows.size >= ROWS_MAX) return undefined;
    const at = dateText(wallNow);
    const row: Row = {
      ...this.#empty(schema),
      ...known(schema, values),
      sys_id: hexId(random),
      sys_created_on: at,
      sys_updated_on: at,
      ...(schema.prefix === '' ? {} : { number: this.#nextNumber(schema), sys_class_name: table }),
    };
    rows.set(row['sys_id'] ?? '', row);
    return row;
  }

  /** The row with these values in place of its own, or `undefined` when there is none. */
  update(table: string, id: string, values: Row, wallNow: number): Row | undefined {
    const before = this.find(table, id);
    const schema = schemaOf(before?.['sys_class_name'] ?? table);
    if (before === undefined || schema === undefined) return undefined;
    const { sys_id: _id, number: _number, sys_class_name: _kind, ...free } = known(schema, values);
    const row = { ...before, ...free, sys_updated_on: dateText(wallNow) };
    this.#rows.get(schema.name)?.set(id, row);
    return row;
  }

  /** Whether there was such a row. */
  remove(table: string, id: string): boolean {
    const kind = this.find(table, id)?.['sys_class_name'] ?? table;
    return this.#rows.get(kind)?.delete(id) === true;
  }

  #generated(schema: TableSchema, at: number, random: Random): Row {
    const created = NEWEST_MS - Math.floor(random.next() * SPREAD_MINUTES) * MINUTE_MS;
    const updated = created + Math.floor(random.next() * 5_000) * MINUTE_MS;
    const shared = {
      ...this.#empty(schema),
      sys_id: hexId(random),
      sys_created_on: dateText(created),
      sys_updated_on: dateText(updated),
    };
    if (schema.name === 'sys_user') return { ...shared, ...person(at, random) };
    const manager = this.#anyId('sys_user', random);
    if (schema.name === 'sys_user_group') {
      const name = teams[at] ?? `Team ${at}`;
      return { ...shared, name, description: `${name} team`, active: 'true', manager };
    }
    const state = pick(Object.keys(schema.states), random);
    const about = `${pick(things, random)} ${pick(troubles, random)}`;
    return {
      ...shared,
      number: this.#nextNumber(schema),
      sys_class_name: schema.name,
      short_description: about,
      description: `${about}, as reported by telephone.`,
      state,
      priority: String(1 + Math.floor(random.next() * 5)),
      active: String(Number(state) < 3),
      opened_at: dateText(created),
      assigned_to: random.next() < 0.3 ? '' : this.#anyId('sys_user', random),
      assignment_group: this.#anyId('sys_user_group', random),
      ...(schema.name === 'incident' ? { caller_id: manager } : {}),
    };
  }

  #empty({ columns }: TableSchema): Row {
    return Object.fromEntries(Object.keys(columns).map((name) => [name, '']));
  }

  #nextNumber({ name, prefix }: TableSchema): string {
    const next = (this.#numbers.get(name) ?? 10_000) + 1;
    this.#numbers.set(name, next);
    return `${prefix}${String(next).padStart(7, '0')}`;
  }

  #anyId(table: string, random: Random): string {
    return pick([...(this.#rows.get(table)?.keys() ?? [])], random);
  }
}

/** `YYYY-MM-DD HH:MM:SS` in UTC. */
export function dateText(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** 32 hex digits. */
export function hexId(random: Random): string {
  let id = '';
  for (let at = 0; at < 4; at += 1) {
    id += Math.floor(random.next() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  }
  return id;
}

function person(at: number, random: Random): Row {
  const name = `${pick(firstNames, random)} ${pick(lastNames, random)}`;
  const login = `${name.toLowerCase().replace(' ', '.')}.${at}`;
  const active = String(random.next() < 0.9);
  return { name, user_name: login, email: `${login}@example.com`, active };
}

function known({ columns }: TableSchema, values: Row): Row {
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => Object.hasOwn(columns, name)),
  );
}

function pick(list: readonly string[], random: Random): string {
  return list[Math.floor(random.next() * list.length)] ?? '';
}
