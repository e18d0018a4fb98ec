// Signals that come while the workers are started: nobody is there to act on them yet, but some of
// the workers may have calls.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { eventually } from '../../src/testing/eventually.fixture.ts';

const script = new URL('../support/serve-child.ts', import.meta.url).pathname;
const overrides = { listen: '127.0.0.1:0', admin: 'off', workers: 2 };

describe('a process that is told something while it starts', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  /** One worker takes calls, the other one is on its way. */
  async function halfStarted() {
    const told = JSON.stringify({ overrides });
    const started = spawn(process.execPath, [script, told], { stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    let log = '';
    started.stdout.on('data', (bytes: Buffer) => (log += bytes.toString()));
    const exited = once(started, 'close');
    await eventually(() => log.includes('a worker takes calls'), 'a worker to take calls', 20_000);
    assert.equal(log.match(/a worker takes calls/g)?.length, 1);
    return { exited, log: () => log, tell: (signal: NodeJS.Signals) => started.kill(signal) };
  }

  it('does it once it can: reads its configuration, drains, and leaves in order', async () => {
    const { exited, log, tell } = await halfStarted();
    tell('SIGHUP');
    tell('SIGTERM');
    assert.deepEqual(await exited, [0, null]);
    assert.match(log(), /all workers were given the new file.*all workers are gone/s);
  });

  it('leaves at once when it is told twice', async () => {
    const { exited, log, tell } = await halfStarted();
    tell('SIGTERM');
    // One after the other, because the kernel keeps only one of a kind.
    const again = setInterval(() => tell('SIGTERM'), 5);
    try {
      assert.deepEqual(await exited, [1, null]);
    } finally {
      clearInterval(again);
    }
    assert.doesNotMatch(log(), /all workers are gone/);
  });
});
