// Installs the real command-line clients from npm, each into a folder of its own, and finds their
// native binaries. Install scripts are not run: the binaries lie in the platform packages.
// Invariant: installing one client leaves the others alone. In one folder it would not: npm takes
// away what no `package.json` names and it was not asked for.

import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The clients and the versions whose behaviour is known. */
export const CLIENT_PACKAGES = {
  'claude-code': '@anthropic-ai/claude-code@2.1.329',
  codex: '@openai/codex@0.169.0',
} as const;

/** A client that can be installed. */
export type ClientName = keyof typeof CLIENT_PACKAGES;

const { platform, arch } = process;

const binaryGlobs: Readonly<Record<ClientName, string>> = {
  'claude-code': `node_modules/@anthropic-ai/claude-code-${platform}-${arch}/claude*`,
  codex: `node_modules/@openai/codex-${platform}-${arch}/vendor/*/bin/codex*`,
};

/** Installs what is missing below `folder` and returns each client's binary. */
export async function installClients(
  folder: string,
  names: readonly ClientName[],
): Promise<Map<ClientName, string>> {
  const binaries = new Map<ClientName, string>();
  for (const name of names) {
    const own = clientFolder(folder, name);
    if (binaryIn(own, name) === undefined) await npmInstall(own, CLIENT_PACKAGES[name]);
    const binary = binaryIn(own, name);
    if (binary === undefined) throw new Error(`no binary of ${name} for ${platform} ${arch}`);
    binaries.set(name, binary);
  }
  return binaries;
}

/** Where a client stands below the folder of all of them. */
export function clientFolder(folder: string, name: ClientName): string {
  return join(folder, name);
}

/** The binary, where the very version of the table is installed. */
function binaryIn(folder: string, name: ClientName): string | undefined {
  const [, packageName = '', version] = /^(.+)@(.+)$/.exec(CLIENT_PACKAGES[name]) ?? [];
  const description = join(folder, 'node_modules', packageName, 'package.json');
  if (!existsSync(description)) return undefined;
  const installed = JSON.parse(readFileSync(description, 'utf8')) as { version?: unknown };
  if (installed.version !== version) return undefined;
  const [found] = globSync(binaryGlobs[name], { cwd: folder });
  return found === undefined ? undefined : join(folder, found);
}

function npmInstall(folder: string, packageWithVersion: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const child = spawn('npm', ['install', ...quiet, '--prefix', folder, packageWithVersion], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm install ended with ${code}`));
    });
  });
}
