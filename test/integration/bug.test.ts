// A defect of ours ends the call it happened in, not the gateway and every other stream.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { eventually } from '../../src/testing/eventually.fixture.ts';

describe('an exception that nobody caught', () => {
  it('is logged with its stack, and the gateway goes on answering', async () => {
    const script = new URL('../support/bug-child.ts', import.meta.url);
    const child = fork(script, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let log = '';
    let screen = '';
    child.stdout?.on('data', (bytes: Buffer) => (log += bytes.toString()));
    child.stderr?.on('data', (bytes: Buffer) => (screen += bytes.toString()));
    await eventually(
      () => log.includes('planted'),
      () => `the bug in the log; got ${log} and ${screen}`,
    );
    const bug = log.split('\n').find((line) => line.includes('planted')) ?? '';
    const line = JSON.parse(bug) as { level: string; err: { stack: string } };
    assert.equal(line.level, 'error');
    assert.match(line.err.stack, /bug-child/);
    const url = /listens on (\S+),/.exec(screen)?.[1] ?? '';
    const answer = await fetch(`${url}/v1/models`);
    assert.equal(answer.status, 200);
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
  });
});
