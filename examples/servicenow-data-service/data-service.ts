// A small service that keeps views of ServiceNow tables in memory and answers from there. On its
// own: TABLES_URL=http://127.0.0.1:8787/servicenow node data-service.ts
//   GET /readings                   how each view was read
//   GET /views/TABLE/PRIORITY/open  the rows of one; or /closed

import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TableCache } from './table-cache.ts';
import type { View } from './table-cache.ts';

const TABLES = ['incident', 'change_task', 'sc_task', 'task'];
const PRIORITIES = [1, 2, 3, 4, 5];
const VIEW = /^\/views\/(\w+)\/(\d)\/(\w+)$/;

const views: readonly View[] = TABLES.flatMap((table) =>
  PRIORITIES.flatMap((priority) => [true, false].map((open) => ({ table, priority, open }))),
);

const { TABLES_URL: base = '', TABLES_AUTHORIZATION: authorization } = process.env;
const cache = new TableCache(base, authorization);
const readings = cache.warm(views);

async function valueAt(path: string): Promise<unknown> {
  if (path === '/readings') return readings;
  const [, table = '', priority = '', state = ''] = VIEW.exec(path) ?? [];
  return cache.rows({ table, priority: Number(priority), open: state === 'open' });
}

async function answer(path: string, response: ServerResponse): Promise<void> {
  const value = await valueAt(path);
  response.statusCode = value === undefined ? 404 : 200;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(value ?? { error: 'no such view' }));
}

const server = createServer((request, response) => void answer(request.url ?? '', response));
server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', () => {
  console.log(`serves http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGINT', () => process.exit(0));
