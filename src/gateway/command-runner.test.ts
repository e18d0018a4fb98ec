import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../core/clock.ts';
import { commandRunner } from './command-runner.ts';
import { secretFiles } from './secret-files.ts';

const runCommand = commandRunner(systemClock, new AbortController().signal);
const node = (program: string, timeoutMs: number = 10_000): ReturnType<typeof runCommand> =>
  runCommand([process.execPath, '-e', program], timeoutMs);

describe('a credential helper on this machine', () => {
  it('is heard to its end', async () => {
    const outcome = await node('console.log("token"); console.error("secret")');
    assert.deepEqual(outcome, { code: 0, timedOut: false, stdout: 'token\n', stderrBytes: 7 });
    assert.equal((await node('process.exit(3)')).code, 3);
  });

  it('gets its arguments as they are, without a shell', async () => {
    const args = ['-p', 'process.argv[1]', '$HOME; echo `x`'];
    const { stdout } = await runCommand([process.execPath, ...args], 10_000);
    assert.equal(stdout.trim(), '$HOME; echo `x`');
  });

  it('is ended after its time, also when it ignores polite words', async () => {
    const stubborn = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)';
    const outcome = await node(stubborn, 300);
    assert.equal(outcome.timedOut, true);
    assert.equal(outcome.code, undefined);
  });

  it('is not waited for when it leaves a child behind', async () => {
    const began = performance.now();
    const child = `require("node:child_process").spawn("sleep", ["5"], { stdio: "inherit" })`;
    const outcome = await node(`console.log("token"); ${child}.unref()`);
    assert.equal(outcome.stdout, 'token\n');
    assert.ok(performance.now() - began < 4_000);
  });

  it('may not print more than 64 KiB', async () => {
    const outcome = await node('for (;;) require("node:fs").writeSync(1, "x".repeat(65536))');
    assert.equal(outcome.timedOut, false);
    assert.notEqual(outcome.code, 0);
    assert.ok(outcome.stdout.length <= 65_536);
  });

  it('fails like any other where it does not exist', async () => {
    const outcome = await runCommand(['/does/not/exist'], 1_000);
    assert.deepEqual(outcome, { code: undefined, timedOut: false, stdout: '', stderrBytes: 0 });
  });
});

describe('a credential helper without room for it', () => {
  it('fails like any other, and nothing is thrown behind its back', async () => {
    // Its own process, because this one needs its file descriptors.
    const clock = new URL('../core/clock.ts', import.meta.url);
    const runner = new URL('command-runner.ts', import.meta.url);
    const program = `
      import { openSync } from 'node:fs';
      import { systemClock } from '${clock.href}';
      import { commandRunner } from '${runner.href}';
      try { for (;;) openSync('/dev/null'); } catch {}
      const run = commandRunner(systemClock, new AbortController().signal);
      console.log((await run(['true'], 1_000)).code);`;
    const limited = 'ulimit -n 64 && exec "$0" --input-type=module -e "$1"';
    const argv = ['/bin/sh', '-c', limited, process.execPath, program];
    assert.deepEqual(await runCommand(argv, 10_000), {
      code: 0,
      timedOut: false,
      stdout: 'undefined\n',
      stderrBytes: 0,
    });
  });
});

describe('a credential helper that still runs', () => {
  it('ends with its gateway', { timeout: 5_000 }, async () => {
    const ending = new AbortController();
    const run = commandRunner(systemClock, ending.signal);
    const outcome = run([process.execPath, '-e', 'setInterval(() => {}, 1000)'], 20_000);
    ending.abort();
    assert.equal((await outcome).code, undefined);
  });
});

describe('a file with a secret', () => {
  it('is read whole, and known to have changed by its stamp', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'secret-'));
    try {
      const path = join(folder, 'key');
      writeFileSync(path, 'one');
      const first = await secretFiles.stamp(path);
      assert.equal(await secretFiles.stamp(path), first);
      assert.equal(await secretFiles.read(path), 'one');
      writeFileSync(`${path}.new`, 'two');
      renameSync(`${path}.new`, path);
      assert.notEqual(await secretFiles.stamp(path), first);
      assert.equal(await secretFiles.read(path), 'two');
      writeFileSync(path, 'x'.repeat(70_000));
      await assert.rejects(secretFiles.read(path), /too large/);
    } finally {
      rmSync(folder, { recursive: true });
    }
    await assert.rejects(secretFiles.stamp(join(folder, 'key')));
  });
});
