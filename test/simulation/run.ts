// `npm run simulate`: runs seeds until the time is over, or one seed again. A seed that breaks a
// promise is printed with what was broken and how to run it again; the exit code is then 1.

import { parseArgs } from 'node:util';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { simulate } from './world.ts';
import type { RunReport } from './world.ts';

const USAGE = `npm run simulate -- [--seed N] [--calls N] [--seconds N]

  --seed N      run this seed alone
  --calls N     calls of a run (default 2000)
  --seconds N   run fresh seeds for so long (default 30)
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      calls: { type: 'string', default: '2000' },
      seconds: { type: 'string', default: '30' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const calls = Number(values.calls);
  if (values.seed === undefined) return runFresh(calls, Number(values.seconds));
  const report = await simulate({ seed: Number(values.seed), calls });
  tell(report);
  return report.broken.length === 0 ? 0 : 1;
}

/** Runs fresh seeds; stops at the first that breaks a promise. */
async function runFresh(calls: number, seconds: number): Promise<number> {
  const began = systemClock.now();
  const until = began + seconds * 1_000;
  let runs = 0;
  do {
    // Below 2^31, so that it is easy to type.
    const seed = Math.floor(systemRandom.next() * 2_147_483_647);
    const report = await simulate({ seed, calls });
    runs += 1;
    if (report.broken.length > 0) {
      tell(report);
      return 1;
    }
  } while (systemClock.now() < until);
  const perSecond = Math.round((runs * calls * 1_000) / (systemClock.now() - began));
  process.stdout.write(`${runs} seeds, ${runs * calls} calls, ${perSecond} calls/s: all kept\n`);
  return 0;
}

function tell(report: RunReport): void {
  const { seed, calls, answered, failed, arrived, virtualMs, broken, digest } = report;
  const failures = Object.entries(failed).map(([code, times]) => `${code} ${times}`);
  const line = [
    `seed ${seed}: ${answered}/${calls} answered`,
    `${(arrived / calls).toFixed(3)} attempts a call`,
    `${Math.round(virtualMs / 1_000)} s of virtual time`,
    `digest ${digest}`,
  ];
  process.stdout.write(`${line.join(', ')}\n`);
  if (failures.length > 0) process.stdout.write(`  failed: ${failures.join(', ')}\n`);
  for (const promise of broken.slice(0, 20)) process.stdout.write(`  BROKEN ${promise}\n`);
  if (broken.length === 0) return;
  process.stdout.write(`  again: npm run simulate -- --seed ${seed} --calls ${calls}\n`);
}
