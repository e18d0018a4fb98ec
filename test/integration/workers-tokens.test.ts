// Several worker processes and one refresh token that ends with each use: one worker at a time uses
// it, all have what it brings, and it is neither lost with a worker nor shown anywhere.

import assert from 'node:assert/strict';
import { rmSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { FIRST, RotatingService } from '../support/rotating-service.ts';
import type { ServeProcess } from '../support/serve-process.ts';
import { QUICK, ServeRig } from '../support/serve-rig.ts';

/** Renewed when 1 to 1.5 s of it are left. */
const LIFE_MS = 5_000;
/** For processes to start. */
const PATIENCE_MS = 20_000;

describe('a gateway of two workers with a refresh token that ends with each use', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-rotation-'));
  const configFile = join(folder, 'holdfast.yaml');
  let rig: ServeRig;
  let service: RotatingService;
  before(async () => {
    rig = await ServeRig.open();
  });
  beforeEach(async () => {
    service = await RotatingService.listen(LIFE_MS);
  });
  afterEach(async () => {
    await rig.clear();
    await service.close();
  });
  after(async () => {
    await rig.close();
    rmSync(folder, { recursive: true });
  });

  function write(more: Record<string, unknown> = {}): void {
    const oauth = {
      grant: 'refresh-token',
      tokenUrl: `${service.url}/token`,
      clientId: 'app',
      clientSecret: 'secret',
      refreshToken: FIRST,
      ...more,
    };
    const up = { profile: 'rest', endpoints: [service.url], credentials: { oauth } };
    const routes = [
      { match: { path: '/one/**' }, upstreams: ['one'] },
      { match: { path: '/**' }, upstreams: ['two'] },
    ];
    const config = { workers: 2, drain: QUICK, upstreams: { one: up, two: up }, routes };
    writeFileSync(configFile, JSON.stringify(config));
  }

  /** Calls over connections of their own, which the kernel spreads over both workers. */
  async function calls(running: ServeProcess, count: number): Promise<Set<string>> {
    const seen = new Set<string>();
    for (let n = 0; n < count; n += 1) {
      const path = n % 2 === 0 ? '/one/x' : '/x';
      const headers = { connection: 'close' };
      const answer = await fetch(`${running.url}${path}`, { headers });
      assert.equal(answer.status, 200, await answer.clone().text());
      seen.add(((await answer.json()) as { by: string }).by);
    }
    return seen;
  }

  /** Of all workers that have begun so far. */
  async function workerPids(running: ServeProcess, started: number): Promise<number[]> {
    const lines = () => running.log().filter(({ msg }) => msg === 'a worker takes calls');
    await eventually(() => lines().length === started, `${started} workers`, PATIENCE_MS);
    return lines().map(({ pid }) => Number(pid));
  }

  async function expectUses(count: number): Promise<void> {
    const expected = Array.from({ length: count }, (_none, at) => `refresh-${at}`);
    await eventually(
      () => service.uses.length >= count,
      () => `${count} renewals, not ${service.uses.join(' ')}`,
      PATIENCE_MS,
    );
    assert.deepEqual(service.uses, expected);
  }

  it('has one token for both, and hands the refresh token on', async () => {
    write();
    const running = await rig.launch({ configFile });
    const end = performance.now() + 4 * LIFE_MS;
    while (service.uses.length < 3 && performance.now() < end) {
      await calls(running, 8);
      await sleep(100);
    }
    assert.equal(service.ended, false, service.uses.join(' '));
    assert.equal(service.refused, 0);
    // Each use is of what the one before has brought.
    const expected = service.uses.map((_use, at) => `refresh-${at}`);
    assert.deepEqual(service.uses, expected);
    assert.ok(service.uses.length >= 3, `${service.uses.length} renewals`);
    const printed = JSON.stringify(running.log()) + running.screen();
    assert.doesNotMatch(printed, /refresh-\d|token-\d/);
  });

  it('keeps it when workers die, and when a reload asks for more', async () => {
    write();
    const running = await rig.launch({ configFile });
    assert.deepEqual(await calls(running, 8), new Set(['Bearer token-1']));
    await expectUses(1);
    for (const pid of await workerPids(running, 2)) process.kill(pid, 'SIGKILL');
    await workerPids(running, 4);
    await calls(running, 4);
    assert.equal(service.ended, false, service.uses.join(' '));
    const before = service.uses.length;
    write({ scope: 'more' });
    await running.logged('all workers were given the new file');
    await eventually(() => service.uses.length > before, 'other rights', PATIENCE_MS);
    await calls(running, 8);
    assert.equal(service.ended, false, service.uses.join(' '));
    assert.equal(service.refused, 0);
  });
});
