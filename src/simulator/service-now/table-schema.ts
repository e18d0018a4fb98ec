// The tables that the simulated instance has: their columns, what these refer to, and how values
// look to people. Source: ServiceNow reference, section 7.

/** Columns of one table by name: the table that a reference leads to, `''` for all others. */
export type Columns = Readonly<Record<string, string>>;

/** One table. */
export interface TableSchema {
  readonly name: string;
  readonly label: string;
  /** The column that stands for a row where another one refers to it. */
  readonly display: string;
  /** What numbers begin with; '' = rows have none. */
  readonly prefix: string;
  readonly columns: Columns;
  /** Values of `state` as people read them. */
  readonly states: Readonly<Record<string, string>>;
}

const audited = { sys_id: '', sys_created_on: '', sys_updated_on: '' };

const taskColumns: Columns = {
  ...audited,
  number: '',
  sys_class_name: '',
  short_description: '',
  description: '',
  state: '',
  priority: '',
  active: '',
  opened_at: '',
  assigned_to: 'sys_user',
  assignment_group: 'sys_user_group',
  work_notes: '',
  comments: '',
  correlation_id: '',
};

const incidentStates = {
  1: 'New',
  2: 'In Progress',
  3: 'On Hold',
  6: 'Resolved',
  7: 'Closed',
  8: 'Canceled',
};
const workStates = {
  1: 'Open',
  2: 'Work in Progress',
  3: 'Closed Complete',
  4: 'Closed Incomplete',
};

/** Every table that holds rows. */
export const tableSchemas: readonly TableSchema[] = [
  {
    name: 'sys_user',
    label: 'User',
    display: 'name',
    prefix: '',
    columns: { ...audited, name: '', user_name: '', email: '', active: '' },
    states: {},
  },
  {
    name: 'sys_user_group',
    label: 'Group',
    display: 'name',
    prefix: '',
    columns: { ...audited, name: '', description: '', active: '', manager: 'sys_user' },
    states: {},
  },
  {
    name: 'incident',
    label: 'Incident',
    display: 'number',
    prefix: 'INC',
    columns: { ...taskColumns, caller_id: 'sys_user' },
    states: incidentStates,
  },
  {
    name: 'change_task',
    label: 'Change Task',
    display: 'number',
    prefix: 'CTASK',
    columns: taskColumns,
    states: workStates,
  },
  {
    name: 'sc_task',
    label: 'Catalog Task',
    display: 'number',
    prefix: 'SCTASK',
    columns: taskColumns,
    states: workStates,
  },
];

/** The base of all tables with numbers: its rows are theirs. */
export const taskSchema: TableSchema = {
  name: 'task',
  label: 'Task',
  display: 'number',
  prefix: '',
  columns: taskColumns,
  states: {},
};

const byName = new Map([...tableSchemas, taskSchema].map((schema) => [schema.name, schema]));

/** The table of that name, or `undefined`. */
export function schemaOf(name: string): TableSchema | undefined {
  return byName.get(name);
}
