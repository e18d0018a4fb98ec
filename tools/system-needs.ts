// Programs of the machine that the tests use and npm cannot bring. Says exactly which are missing,
// what for and how to get them; never installs anything by itself.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One program that must be found on the path. */
export interface SystemNeed {
  readonly command: string;
  readonly why: string;
  readonly debianPackage: string;
}

/** Everything that `npm test` needs beyond npm packages. */
export const systemNeeds: readonly SystemNeed[] = [
  {
    command: 'openssl',
    why: 'makes the certificates of the TLS tests',
    debianPackage: 'openssl',
  },
  { command: 'curl', why: 'is one of the real clients', debianPackage: 'curl' },
  { command: 'git', why: 'lists the tracked files for tidy', debianPackage: 'git' },
];

/** The needs that no folder of `path` answers. */
export function missingNeeds(needs: readonly SystemNeed[], path: string): SystemNeed[] {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return needs.filter(({ command }) => !folders.some((folder) => runs(join(folder, command))));
}

/** What to tell a person about missing programs. */
export function needsMessage(missing: readonly SystemNeed[]): string {
  const lines = missing.map(({ command, why }) => `missing program: ${command} (${why})`);
  const packages = missing.map(({ debianPackage }) => debianPackage).join(' ');
  return [...lines, `on Debian: apt-get install -y ${packages}`].join('\n');
}

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
