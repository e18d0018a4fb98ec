import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../../testing/eventually.fixture.ts';
import type { LogOutput } from '../process-log.ts';
import { silentLog } from '../process-log.ts';
import { Supervisor } from './supervisor.ts';

/** A log that runs `heard` at each of its lines. */
function openLog(heard: (message: string) => void): () => LogOutput {
  const info = (_facts: unknown, message: string): void => heard(message);
  return () => ({
    log: { ...silentLog, info } as LogOutput['log'],
    lines: { write: () => true },
    end: () => Promise.resolve(),
  });
}

describe('a supervisor', () => {
  it('takes a file that changed while its workers were started', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-supervisor-'));
    const configFile = join(folder, 'holdfast.yaml');
    const write = (name: string): void => {
      const upstream = { endpoints: ['http://127.0.0.1:9'], dialect: 'plain', profile: 'rest' };
      const route = { name, match: { path: '/x' }, upstreams: ['up'] };
      const ports = { listen: '127.0.0.1:0', admin: 'off' };
      const config = { ...ports, workers: 2, upstreams: { up: upstream }, routes: [route] };
      writeFileSync(configFile, JSON.stringify(config));
    };
    write('old');
    let supervisor: Supervisor | undefined;
    try {
      supervisor = await Supervisor.start({
        workers: 2,
        configFile,
        overrides: {},
        env: process.env,
        openLog: openLog((message) => {
          if (message === 'a worker takes calls') write('new');
        }),
        reusePort: false,
      });
      await eventually(
        () => supervisor?.settings.routes[0]?.name === 'new',
        'the new configuration to be in force',
      );
      await supervisor.drain({ lagMs: 0, rampMs: 0, graceMs: 0 });
      assert.equal(supervisor.settings.routes[0]?.name, 'new');
    } finally {
      supervisor?.destroy();
      rmSync(folder, { recursive: true });
    }
  });
});
