// Forty reads at once of a ServiceNow instance that takes four: straight, and through a gateway.
// See README.md.

import { resolve } from 'node:path';
import { startGateway } from '../stage/gateway.ts';
import { Program } from '../stage/program.ts';
import { startSimulator } from '../stage/simulator.ts';
import type { InstanceReport } from '../stage/simulator.ts';
import { textTable } from '../stage/text-table.ts';
import type { Reading, Row } from './table-cache.ts';

const SERVICE = resolve(import.meta.dirname, 'data-service.ts');
/** Calls at a time that the gateway promises. */
const AT_ONCE_MOST = 4;
const isReal = (process.env['SERVICENOW_URL'] ?? '') !== '';

/** Starts the data service, waits until its cache is as warm as it gets, and ends it. */
async function warmedService(env: Readonly<Record<string, string>>): Promise<Reading[]> {
  const service = new Program('the data service', [SERVICE], { env });
  const [, url = ''] = await service.until(/serves (http:\S+)/);
  const readings = await json<Reading[]>(`${url}/readings`);
  const askedAt = performance.now();
  const rows = await json<Row[]>(`${url}/views/incident/1/open`);
  const tookMs = (performance.now() - askedAt).toFixed(0);
  if (Array.isArray(rows)) {
    console.log(`  from the cache: ${rows.length} open incidents of priority 1 in ${tookMs} ms`);
  }
  await service.end();
  return readings;
}

async function json<Value>(url: string): Promise<Value> {
  const answer = await fetch(url, { headers: { connection: 'close' } });
  return (await answer.json()) as Value;
}

function show(readings: readonly Reading[]): void {
  const tables = Map.groupBy(readings, ({ table }) => table);
  const rows = [...tables].map(([table, all]) => {
    const failed = all.filter(({ fault }) => fault !== '');
    const sum = (of: (reading: Reading) => number): number =>
      all.reduce((total, reading) => total + of(reading), 0);
    const slowest = Math.round(Math.max(...all.map(({ tookMs }) => tookMs)));
    const why = [...new Set(failed.map(({ fault }) => fault))].join(', ');
    const counts = [all.length - failed.length, failed.length];
    return [
      table,
      ...counts,
      sum(({ pages }) => pages),
      sum(({ rows: count }) => count),
      slowest,
      why,
    ];
  });
  console.log(textTable(['table', 'views', 'failed', 'pages', 'rows', 'ms', 'why'], rows));
}

/** What happens without anything in between. Nobody should try that at a real instance. */
async function straight(): Promise<void> {
  const simulator = await startSimulator();
  const basic = Buffer.from('integration:integration').toString('base64');
  console.log('straight at the instance, 40 views at once');
  const readings = await warmedService({
    TABLES_URL: simulator.servicenow,
    TABLES_AUTHORIZATION: `Basic ${basic}`,
  });
  show(readings);
  const { servicenow: seen } = await simulator.end();
  console.log(seen === undefined ? '' : `  the instance closed ${seen.closed} connections\n`);
}

async function throughGateway(): Promise<string[]> {
  const simulator = isReal ? undefined : await startSimulator();
  const env = simulator === undefined ? {} : simulatedInstance(simulator.servicenow);
  const gateway = await startGateway(import.meta.dirname, env);
  console.log('through the gateway, the same 40');
  const readings = await warmedService({ TABLES_URL: `${gateway.url}/servicenow` });
  show(readings);
  const tokens = await gateway.metric('gw_credential_refreshes_total');
  const calls = await gateway.end();
  const seen = (await simulator?.end())?.servicenow;
  console.log(`  ${calls.length} calls with ${tokens} token fetched`);
  if (seen !== undefined) {
    const { requests, atOnceMost, closed } = seen;
    console.log(`  the instance saw ${requests} requests, at most ${atOnceMost} at a time,`);
    console.log(`  and closed ${closed} connections`);
  }
  return faultsOf(readings, tokens, seen);
}

function simulatedInstance(url: string): Readonly<Record<string, string>> {
  return {
    SERVICENOW_URL: url,
    SERVICENOW_TOKEN_URL: `${url}/oauth_token.do`,
    SERVICENOW_CLIENT_ID: 'holdfast',
    SERVICENOW_CLIENT_SECRET: 'holdfast',
    SERVICENOW_USER: 'integration',
    SERVICENOW_PASSWORD: 'integration',
  };
}

/** What is not as promised. */
function faultsOf(
  readings: readonly Reading[],
  tokens: number,
  seen: InstanceReport | undefined,
): string[] {
  const failed = readings.filter(({ fault }) => fault !== '');
  const faults = failed.map(({ table, fault }) => `${table}: ${fault}`);
  if (tokens !== 1) faults.push(`${tokens} tokens fetched`);
  if (seen === undefined) return faults;
  const pages = readings.reduce((sum, reading) => sum + reading.pages, 0);
  if (seen.requests !== pages + 1) faults.push(`${seen.requests} requests for ${pages} pages`);
  if (seen.atOnceMost > AT_ONCE_MOST) faults.push(`${seen.atOnceMost} at a time`);
  // `task` is the base of the others, so it has their rows once more.
  const rows = (base: boolean): number =>
    readings
      .filter(({ table }) => (table === 'task') === base)
      .reduce((sum, reading) => sum + reading.rows, 0);
  if (rows(true) !== rows(false)) faults.push(`${rows(true)} rows in all, ${rows(false)} by table`);
  return faults;
}

if (!isReal) await straight();
const faults = await throughGateway();
console.log(faults.length === 0 ? 'ok: all views read' : `FAILED: ${faults.join('; ')}`);
process.exitCode = faults.length === 0 ? 0 : 1;
