// `holdfast env`: prints what points clients at the gateway.

import type { Command } from 'commander';
import { clientUrl, clientVariables, codexConfig, shellExports } from '../gateway/client-settings.ts';

/** Adds the command. */
export function addEnv(program: Command, _end: (code: number) => void): void {
  program
    .command('env')
    .description('print exports for Claude Code, Codex and the SDKs: eval "$(holdfast env)"')
    .option('--config <file>', 'configuration whose `listen` is meant')
    .option('--url <url>', 'address of the gateway, in place of the configured one')
    .option('--json', 'print JSON')
    .helpOption('--help', 'print this help')
    .action(({ config, url, json }: { config?: string; url?: string; json?: boolean }) => {
      const address = clientUrl(url, config, process.env);
      if (json === true) {
        const pairs = clientVariables(address).map(({ name, value }) => [name, value] as const);
        const report = { env: Object.fromEntries(pairs), codexConfigToml: codexConfig(address) };
        process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
      } else {
        process.stdout.write(shellExports(address));
      }
    });
}
