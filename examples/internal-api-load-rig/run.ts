// The same load on a service that has a hard day: straight, and through a gateway. See README.md.

import { resolve } from 'node:path';
import { startGateway } from '../stage/gateway.ts';
import { Program } from '../stage/program.ts';
import { textTable } from '../stage/text-table.ts';
import { runLoad } from './load-rig.ts';
import type { LoadReport } from './load-rig.ts';

const SERVICE = resolve(import.meta.dirname, 'order-service.ts');
/** What the gateway has to reach, and how fast it has to say no, in ms. */
const SUCCESS_LEAST = 0.97;
const SHED_MS_MOST = 500;

/** One run: what callers saw, and what the service says of its orders. */
interface Day extends LoadReport {
  readonly orders: string;
}

/** Runs the load; `lead` says where callers go, given the endpoints, and ends what it began. */
async function day(lead: (urls: readonly string[]) => Promise<LoadReport>): Promise<Day> {
  const service = new Program('the order service', [SERVICE]);
  const [, said = ''] = await service.until(/serves (.+)/);
  const report = await lead(said.split(' '));
  await service.end();
  const orders = /placed .+/.exec(service.output)?.[0] ?? '';
  return { ...report, orders };
}

async function throughGateway([first = '', second = '']: readonly string[]): Promise<LoadReport> {
  const gateway = await startGateway(import.meta.dirname, { ORDERS_A: first, ORDERS_B: second });
  const report = await runLoad([gateway.url]);
  const retries = await gateway.metric('gw_retries_total');
  const trips = await gateway.metric('gw_breaker_trips_total');
  const shed = await gateway.metric('gw_shed_total');
  await gateway.end();
  console.log(`the gateway: ${retries} calls tried again, circuits opened ${trips} times,`);
  console.log(`  ${shed} calls turned away at once\n`);
  return report;
}

function show(days: Readonly<Record<string, Day>>): void {
  const rows = Object.entries(days).map(([name, report]) => [
    name,
    report.calls,
    report.ok,
    report.failed,
    report.shed,
    `${(report.successRate * 100).toFixed(1)} %`,
    report.p50,
    report.p99,
  ]);
  const titles = ['', 'calls', 'ok', 'failed', 'shed', 'success', 'p50 ms', 'p99 ms'];
  console.log(textTable(titles, rows));
  for (const [name, { failures, orders }] of Object.entries(days)) {
    const all = [...failures].map(([why, times]) => `${times} x ${why}`).join(', ');
    console.log(`  ${name}: ${orders}; failures: ${all === '' ? 'none' : all}`);
  }
}

/** What is not as promised. */
function faultsOf(straight: Day, gateway: Day): string[] {
  const faults: string[] = [];
  const { successRate, shed, shedP99, orders } = gateway;
  if (successRate < SUCCESS_LEAST) faults.push(`success of ${successRate.toFixed(3)}`);
  if (successRate <= straight.successRate) faults.push('no better than without');
  if (shed === 0) faults.push('nobody was turned away in the rush');
  if (shedP99 > SHED_MS_MOST) faults.push(`turned away only after ${shedP99} ms`);
  if (!orders.endsWith(' 0 of them twice')) faults.push(orders);
  return faults;
}

const straight = await day(runLoad);
const gateway = await day(throughGateway);
show({ straight, 'through the gateway': gateway });
const faults = faultsOf(straight, gateway);
console.log(faults.length === 0 ? 'ok: the day was survived' : `FAILED: ${faults.join('; ')}`);
process.exitCode = faults.length === 0 ? 0 : 1;
