// `holdfast env`: prints what points clients at the gateway.

import type { Command } from 'commander';
import { print } from './print.ts';

/** Adds the command. */
export function addEnv(program: Command, _end: (code: number) => void): void {
  program
    .command('env')
    .description('print exports for Claude Code, Codex and the SDKs: eval "$(holdfast env)"')
    .option('--config <file>', 'configuration whose `listen` is meant')
    .option('--url <url>', 'address of the gateway, in place of the configured one')
    .option('--json', 'print JSON')
    .helpOption('--help', 'print this help')
    .action(async ({ config, url, json }: { config?: string; url?: string; json?: boolean }) => {
      const settings = await import('../gateway/client-settings.ts');
      const address = settings.clientUrl(url, config, process.env);
      if (json === true) {
        print(settings.jsonExports(address));
      } else {
        print(settings.shellExports(address));
      }
    });
}
