// `holdfast serve`: runs the gateway.

import { relative } from 'node:path';
import type { Command } from 'commander';

interface ServeFlags {
  readonly config?: string;
  readonly listen?: string;
  readonly admin?: string;
  readonly edge?: string;
  readonly log?: string;
  readonly reusePort?: boolean;
}

/** Adds the command. */
export function addServe(program: Command, end: (code: number) => void): void {
  program
    .command('serve')
    .description('run the gateway')
    .option('--config <file>', 'configuration file (default: $HOLDFAST_CONFIG or holdfast.yaml)')
    .option('--listen <address>', 'where callers connect, in place of `listen`')
    .option('--admin <address>', 'where health and metrics answer, or `off`, in place of `admin`')
    .option('--edge <kind>', '`own` or `node-http`, in place of `edge`')
    .option('--log <level>', 'debug, info, warn, error or silent, in place of `log.level`')
    .option('--reuse-port', 'share the ports with another Holdfast, as `reusePort: true`')
    .helpOption('--help', 'print this help')
    .action(async ({ config, listen, admin, edge, log, reusePort }: ServeFlags) => {
      const overrides = {
        ...(listen === undefined ? {} : { listen }),
        ...(admin === undefined ? {} : { admin }),
        ...(edge === undefined ? {} : { edge }),
        ...(log === undefined ? {} : { log: { level: log } }),
        ...(reusePort === true ? { reusePort } : {}),
      };
      const { env, stderr: screen } = process;
      const { runGateway } = await import('../gateway/run.ts');
      end(await runGateway({ configFile: config, overrides, env, screen, command: ownCommand() }));
    });
}

/** How this program is called from the user's shell, for lines that can be pasted. */
function ownCommand(): string {
  const script = process.argv[1] ?? 'holdfast';
  if (!/\.[jt]s$/.test(script)) return 'holdfast';
  return [process.execPath, script].map(shortest).join(' ');
}

function shortest(file: string): string {
  const near = relative(process.cwd(), file);
  return near.length < file.length && !near.startsWith('..') ? near : file;
}
