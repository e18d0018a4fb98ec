// The page of commands: the help texts that the program itself prints, command by command.

import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { generatedPage } from './markdown.ts';

const root = resolve(import.meta.dirname, '..', '..');

const intro = `In a checkout, \`npm run --silent holdfast -- <command>\` stands for
\`holdfast <command>\`.`;

/** What the program prints for `holdfast <words> --help`. */
export function helpText(words: readonly string[]): string {
  const args = ['src/cli/main.ts', ...words, '--help'];
  return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).trim();
}

/** The names below `Commands:` in a help text. */
export function subcommands(help: string): string[] {
  const [, listed = ''] = /^Commands:\n((?: {2}.*\n?)+)/m.exec(help) ?? [];
  return [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].flatMap(([, name = '']) =>
    name === 'help' ? [] : [name],
  );
}

/** Renders docs/reference/cli.md. */
export function cliPage(): string {
  return generatedPage('Commands', 'src/cli', [intro, ...sections([])]);
}

function sections(words: readonly string[]): string[] {
  const help = helpText(words);
  const title = ['holdfast', ...words].join(' ');
  const own = `## \`${title}\`\n\n\`\`\`text\n${help}\n\`\`\``;
  return [own, ...subcommands(help).flatMap((name) => sections([...words, name]))];
}
