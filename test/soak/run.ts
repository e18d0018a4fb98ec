// `npm run soak`: keeps a gateway under mixed load for seconds or days and judges what it did with
// its memory, its metrics and its calls. The exit code is 1 when a rule was not kept.

import { parseArgs } from 'node:util';
import { progressLine, reportText } from './report.ts';
import { soak } from './soak.ts';
import type { Sabotage, SoakOptions } from './soak.ts';
import { isKept, judge } from './verdict.ts';

const USAGE = `npm run soak -- [--seconds N | --hours N] [--rate N] [--seed N] [--json]

  --seconds N   how long (default 60)
  --hours N     the same in hours; 24 is the whole soak
  --rate N      calls a second (default 200)
  --seed N      draws the same calls again
  --json        prints readings and verdicts as JSON on standard output
  --sabotage F  puts a fault in, to see that it is found: leak or series

Ctrl-C ends the load early and judges what was seen. A run of less than half an hour says only
that memory stayed below its ceiling.
`;

const sabotages: readonly string[] = ['leak', 'series'] satisfies Sabotage[];

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      hours: { type: 'string' },
      rate: { type: 'string', default: '200' },
      seed: { type: 'string' },
      sabotage: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const seconds = values.hours === undefined ? (values.seconds ?? '60') : undefined;
  const durationMs = Number(seconds ?? Number(values.hours) * 3_600) * 1_000;
  const callsPerSecond = Number(values.rate);
  const isKnown = values.sabotage === undefined || sabotages.includes(values.sabotage);
  if (values.help || !(durationMs > 0) || !(callsPerSecond > 0) || !isKnown) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 2;
  }
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const early = new AbortController();
  process.once('SIGINT', () => early.abort());
  process.once('SIGTERM', () => process.exit(1));
  const options: SoakOptions = {
    durationMs,
    callsPerSecond,
    seed,
    stopEarly: early.signal,
    onSample: teller(durationMs),
    ...(values.sabotage === undefined ? {} : { sabotage: values.sabotage as Sabotage }),
  };
  const run = await soak(options);
  const verdicts = judge(run);
  process.stderr.write(reportText(run, verdicts, seed));
  if (values.json) process.stdout.write(`${JSON.stringify({ seed, ...run, verdicts })}\n`);
  return isKept(verdicts) ? 0 : 1;
}

/** Shows progress: one line that changes on a terminal, else one line now and then. */
function teller(durationMs: number): SoakOptions['onSample'] {
  const isTerminal = process.stderr.isTTY;
  const everyMs = isTerminal ? 0 : Math.max(5_000, durationMs / 50);
  let nextAt = 0;
  return (sample, calls) => {
    if (sample.atMs < nextAt) return;
    nextAt = sample.atMs + everyMs;
    const line = progressLine(sample, calls, durationMs);
    process.stderr.write(isTerminal ? `\r\u001b[2K${line}` : `${line}\n`);
  };
}
