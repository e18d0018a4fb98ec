// Installs the real command-line clients from npm into a folder of their own and finds their native
// binaries. Install scripts are not run: the binaries lie in the platform packages.

import { spawn } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
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

/** Installs what is missing in `folder` and returns each client's binary. */
export async function installClients(
  folder: string,
  names: readonly ClientName[],
): Promise<Map<ClientName, string>> {
  mkdirSync(folder, { recursive: true });
  const missing = names.filter((name) => binaryOf(folder, name) === undefined);
  if (missing.length > 0) await npmInstall(folder, missing);
  const binaries = new Map<ClientName, string>();
  for (const name of names) {
    const binary = binaryOf(folder, name);
    if (binary === undefined) throw new Error(`no binary of ${name} for ${platform} ${arch}`);
    binaries.set(name, binary);
  }
  return binaries;
}

function binaryOf(folder: string, name: ClientName): string | undefined {
  const [found] = globSync(binaryGlobs[name], { cwd: folder });
  return found === undefined ? undefined : join(folder, found);
}

function npmInstall(folder: string, names: readonly ClientName[]): Promise<void> {
  const packages = names.map((name) => CLIENT_PACKAGES[name]);
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const child = spawn('npm', ['install', ...quiet, '--prefix', folder, ...packages], {
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
