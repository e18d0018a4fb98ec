// The body of a process started by `serve-process.ts`: what `holdfast serve` runs, with options
// from the first argument.

import { runGateway } from '../../src/gateway/run.ts';

const { configFile, overrides, reusePort } = JSON.parse(process.argv[2] ?? '{}') as {
  configFile?: string;
  overrides: Record<string, unknown>;
  reusePort: boolean;
};
process.exitCode = await runGateway({
  configFile,
  overrides,
  env: process.env,
  screen: process.stderr,
  command: 'holdfast',
  reusePort,
});
