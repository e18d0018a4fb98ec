// `holdfast serve` for an example, with the example's own file, on free ports.

import { resolve } from 'node:path';
import { Program } from './program.ts';

/** The command-line program of this checkout. */
export const HOLDFAST: string = resolve(import.meta.dirname, '../../src/cli/main.ts');

/** What the gateway logs of one call, as far as the examples read it. */
export interface CallLine {
  readonly method: string;
  readonly path: string;
  readonly route: string;
  readonly upstream: string;
  readonly status: number;
  /** `complete`, or the code of what went wrong. */
  readonly verdict: string;
  readonly attempts: number;
  readonly ms: { readonly total: number };
  readonly tokensIn?: number;
  readonly tokensOut?: number;
}

/** A running gateway. Ends by `end`. */
export interface RunningGateway {
  readonly url: string;
  /** The value of a metric, summed over its series. */
  metric(name: string): Promise<number>;
  /** Ends it; answers what it has logged, one entry for each call. */
  end(): Promise<readonly CallLine[]>;
}

/** Starts a gateway with the file `holdfast.yaml` of this folder. */
export async function startGateway(
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningGateway> {
  const file = resolve(folder, 'holdfast.yaml');
  const free = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const args = [HOLDFAST, 'serve', '--config', file, ...free];
  const program = new Program('the gateway', args, { env });
  const [, url = '', admin = ''] = await program.until(/listens on (http:\S+), admin (http:\S+) /);
  return {
    url,
    async metric(name) {
      const answer = await fetch(`${admin}/metrics`, { headers: { connection: 'close' } });
      return sumOf(await answer.text(), name);
    },
    async end() {
      await program.end();
      return callLines(program.output);
    },
  };
}

/** Adds up the series of one metric in the Prometheus text format. */
function sumOf(text: string, name: string): number {
  const series = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

function callLines(output: string): CallLine[] {
  const lines = output.split('\n').filter((line) => line.includes('"msg":"call"'));
  return lines.map((line) => JSON.parse(line) as CallLine);
}
