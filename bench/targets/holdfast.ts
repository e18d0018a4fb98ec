// Holdfast as a user runs it: the command line, a configuration file, every layer on; and beside it
// the same with every layer off that can be, so that the difference is what the layers cost.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Command } from '../processes.ts';
import type { RunPorts, Target } from '../target.ts';

const tree = dirname(dirname(import.meta.dirname));
const entry = join(tree, 'src', 'cli', 'main.ts');

/** What the configuration says beyond addresses: lines as they stand in the file. */
export interface Written {
  readonly top: string;
  readonly upstream: string;
  readonly route: string;
}

export const asItComes: Written = { top: '', upstream: '', route: '' };

/** Observing, timeouts and the scanner cannot be switched off: they are how it tells the truth. */
const allOff: Written = {
  top: 'guard: false\n',
  upstream: `    limit: { enabled: false }
    adaptive: { enabled: false }
    pacing: false
    breaker: false
    health: none
`,
  route: `    retry: { attempts: 1 }
    heartbeat: { enabled: false }
`,
};

/** The configuration file of a bench. */
export function configuration(ports: RunPorts, written: Written = asItComes): string {
  return `listen: 127.0.0.1:${ports.listen}
admin: 127.0.0.1:${ports.admin}
${written.top}upstreams:
  bench:
    dialect: anthropic
    profile: llm-hosted
    endpoints: ["http://127.0.0.1:${ports.upstream}"]
${written.upstream}routes:
  - match: { path: /v1/messages }
    upstreams: [bench]
${written.route}  - match: { path: "/**" }
    upstreams: [bench]
${written.route}`;
}

/** Serves a configuration. */
function command(ports: RunPorts, folder: string, written: Written): Command {
  const file = join(folder, 'holdfast.yaml');
  writeFileSync(file, configuration(ports, written));
  return {
    file: process.execPath,
    // As `npm start` and the executable do.
    words: ['--max-semi-space-size=4', entry, 'serve', '--config', file],
    env: { NODE_ENV: 'production' },
    cwd: tree,
  };
}

const common = {
  missing: () => (existsSync(entry) ? undefined : 'src/cli/main.ts does not exist yet'),
  version: () => {
    const manifest: unknown = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8'));
    return (manifest as { version: string }).version;
  },
  loadWords: () => [],
} satisfies Partial<Target>;

export const holdfast: Target = {
  ...common,
  name: 'holdfast',
  does:
    'one process, all layers on: routing by path, observe (timeline, verdict, metrics, log line ' +
    'a call to a file), deadlines, heartbeats, adaptive limits, retry behind a gate, choice of ' +
    'endpoint, breaker, phase timeouts, replay body and ladder, Anthropic scanner over every ' +
    'byte (a cut stream is seen), caller departure passed on',
  command: (ports, folder) => command(ports, folder, asItComes),
};

export const holdfastBare: Target = {
  ...common,
  name: 'holdfast-bare',
  does:
    'the same with guard, limits, retry, heartbeats, breaker, pacing and health checks off: what ' +
    'is left is the wire, routing, observing, timeouts and the scanner',
  command: (ports, folder) => command(ports, folder, allOff),
};
