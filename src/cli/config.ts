// `holdfast config check|explain|schema|init`.

import type { Command } from 'commander';
import type { Report } from '../gateway/config-reports.ts';
import { complain, print } from './print.ts';

interface ReportFlags {
  readonly config?: string;
  readonly json?: boolean;
}

/** Adds the commands. */
export function addConfig(program: Command, end: (code: number) => void): void {
  const config = program
    .command('config')
    .description('check, explain or create the configuration')
    .helpOption('--help', 'print this help');
  const reports = () => import('../gateway/config-reports.ts');
  const show = ({ code, out, err }: Report): void => {
    if (out !== '') print(out);
    if (err !== '') complain(err);
    end(code);
  };

  reading(config.command('check'))
    .description('say what is wrong with the configuration')
    .action(async ({ config: file, json }: ReportFlags) => {
      show((await reports()).checkReport(file, process.env, json === true));
    });
  reading(config.command('explain'))
    .description('show each option in force and where it came from; with a path also why')
    .argument('[path]', 'an option or group, for example upstreams.anthropic')
    .action(async (path: string | undefined, { config: file, json }: ReportFlags) => {
      show((await reports()).explainReport(file, process.env, path, json === true));
    });
  config
    .command('schema')
    .description('print the JSON Schema of the file, for editors')
    .helpOption('--help', 'print this help')
    .action(async () => show((await reports()).schemaReport()));
  config
    .command('init')
    .description('write an annotated configuration file')
    .argument('[file]', 'where to; - prints it', 'holdfast.yaml')
    .option('--force', 'replace a file that exists')
    .helpOption('--help', 'print this help')
    .action(async (file: string, { force }: { force?: boolean }) => {
      show((await reports()).initFile(file, force === true));
    });
}

function reading(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (default: $HOLDFAST_CONFIG or holdfast.yaml)')
    .option('--json', 'print JSON')
    .helpOption('--help', 'print this help');
}
