// How rows are shown: which columns, references as links or ids, values as stored, as people read
// them, or both. Source: ServiceNow reference, sections 1 and 2.

import { schemaOf } from './table-schema.ts';
import type { Row, Tables } from './tables.ts';

/** What a request wants to see of each row. */
export interface ViewOptions {
  /** Columns, dots leading through references; empty = all. */
  readonly fields: readonly string[];
  readonly display: 'false' | 'true' | 'all';
  readonly links: boolean;
  /** In front of every path of a link. */
  readonly base: string;
}

/** Shows the rows of one instance. */
export class RowView {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** A column of a row of `table`, dots leading through references; `undefined` = none such. */
  read(table: string, row: Row, column: string): string | undefined {
    const [name = '', ...rest] = column.split('.');
    const referred = this.#referred(table, name);
    if (referred === undefined) return undefined;
    if (rest.length === 0) return row[name] ?? '';
    if (referred === '') return undefined;
    const next = this.#tables.find(referred, row[name] ?? '');
    return this.read(referred, next ?? {}, rest.join('.'));
  }

  /** The row as it is sent. */
  show(table: string, row: Row, options: ViewOptions): Record<string, unknown> {
    const kind = row['sys_class_name'] ?? table;
    const own = schemaOf(kind)?.columns ?? {};
    const names = options.fields.length === 0 ? Object.keys(own) : options.fields;
    const shown: Record<string, unknown> = {};
    for (const name of names) {
      const value = this.read(kind, row, name);
      if (value !== undefined) shown[name] = this.#value(kind, name, value, options);
    }
    return shown;
  }

  #value(table: string, column: string, value: string, options: ViewOptions): unknown {
    const referred = value === '' ? '' : (this.#lastReferred(table, column) ?? '');
    const text = options.display === 'false' ? '' : this.#text(table, column, referred, value);
    const link = `${options.base}/api/now/table/${referred}/${value}`;
    const linked = options.links && referred !== '' ? { link } : {};
    if (options.display === 'all') return { display_value: text, value, ...linked };
    if (referred === '' || !options.links) return options.display === 'true' ? text : value;
    return options.display === 'true' ? { display_value: text, link } : { link, value };
  }

  #text(table: string, column: string, referred: string, value: string): string {
    if (referred !== '') {
      const row = this.#tables.find(referred, value);
      return row?.[schemaOf(referred)?.display ?? ''] ?? value;
    }
    const schema = schemaOf(table);
    if (column === 'state') return schema?.states[value] ?? value;
    return column === 'sys_class_name' ? (schemaOf(value)?.label ?? value) : value;
  }

  /** The table that a column refers to, '' for none; `undefined` where there is no such column. */
  #referred(table: string, column: string): string | undefined {
    const columns = schemaOf(table)?.columns;
    return columns !== undefined && Object.hasOwn(columns, column) ? columns[column] : undefined;
  }

  #lastReferred(table: string, column: string): string | undefined {
    const [name = '', ...rest] = column.split('.');
    const referred = this.#referred(table, name);
    if (rest.length === 0 || referred === undefined) return referred;
    return this.#lastReferred(referred, rest.join('.'));
  }
}
