// Holdfast as a user runs it: the command line, a configuration file, every layer on.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Command } from '../processes.ts';
import type { RunPorts, Target } from '../target.ts';

const tree = dirname(dirname(import.meta.dirname));
const entry = join(tree, 'src', 'cli', 'main.ts');

function configuration(ports: RunPorts): string {
  return `listen: 127.0.0.1:${ports.listen}
admin: 127.0.0.1:${ports.admin}
upstreams:
  bench:
    dialect: anthropic
    profile: llm-hosted
    endpoints: ["http://127.0.0.1:${ports.upstream}"]
routes:
  - match: { path: /v1/messages }
    upstreams: [bench]
  - match: { path: "/**" }
    upstreams: [bench]
`;
}

/** The command that serves the bench configuration; `nodeWords` go to Node itself. */
export function holdfastCommand(
  ports: RunPorts,
  folder: string,
  nodeWords: readonly string[] = [],
): Command {
  const file = join(folder, 'holdfast.yaml');
  writeFileSync(file, configuration(ports));
  return {
    file: process.execPath,
    // As `npm start` and the executable do.
    words: ['--max-semi-space-size=4', ...nodeWords, entry, 'serve', '--config', file],
    env: { NODE_ENV: 'production' },
    cwd: tree,
  };
}

export const holdfast: Target = {
  name: 'holdfast',
  does:
    'one process, all layers on: routing by path, observe (timeline, verdict, metrics, log line ' +
    'a call to a file), phase timeouts, replay body and ladder, Anthropic scanner over every ' +
    'byte (a cut stream is seen), caller departure passed on',
  missing: () => (existsSync(entry) ? undefined : 'src/cli/main.ts does not exist yet'),
  version: () => {
    const manifest: unknown = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8'));
    return (manifest as { version: string }).version;
  },
  command: (ports, folder) => holdfastCommand(ports, folder),
  loadWords: () => [],
};
