// Several worker processes as one gateway: all serve, numbers and views are of the whole, a crash
// stays with its own calls, and reloads and the way out reach everybody.

import assert from 'node:assert/strict';
import { readFileSync, readlinkSync, rmSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { askStream, drainConfig, isWholeStream } from '../support/drain-upstream.ts';
import type { RawCaller } from '../support/raw-caller.ts';
import type { ServeProcess } from '../support/serve-process.ts';
import { QUICK, ServeRig } from '../support/serve-rig.ts';

describe('a gateway of two workers', () => {
  let rig: ServeRig;
  before(async () => {
    rig = await ServeRig.open();
  });
  after(() => rig.close());
  afterEach(() => rig.clear());

  function serve(overrides: Record<string, unknown> = {}): Promise<ServeProcess> {
    return rig.serve({ workers: 2, ...overrides });
  }

  /** Streams whose callers are spread over the workers by the kernel. */
  async function openStreams(port: number, count: number, events: number): Promise<RawCaller[]> {
    const opened: RawCaller[] = [];
    for (let n = 0; n < count; n += 1) opened.push(await rig.ask(port, askStream(events, 50)));
    for (const caller of opened) await caller.until((text) => text.includes('data: '));
    return opened;
  }

  /** The present process of each worker, once `started` of them have said that they listen. */
  async function workerPids(running: ServeProcess, started: number = 2): Promise<number[]> {
    const lines = () => running.log().filter(({ msg }) => msg === 'a worker takes calls');
    await eventually(
      () => lines().length >= started,
      `${started} starts of workers in the log`,
      20_000,
    );
    const byWorker = new Map(lines().map(({ worker, pid }) => [worker, Number(pid)]));
    return [...byWorker.values()];
  }

  /** Callers connected to one process, told by the inodes of its sockets. */
  function portsOf(pid: number): Set<number> {
    const inodes = new Set<string>();
    for (let fd = 0; fd < 200; fd += 1) {
      try {
        inodes.add(/socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? '');
      } catch {
        // Not an open descriptor.
      }
    }
    const rows = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1);
    const ports = rows.flatMap((row) => {
      const cells = row.trim().split(/\s+/);
      return inodes.has(cells[9] ?? '') ? [parseInt(cells[2]?.split(':')[1] ?? '0', 16)] : [];
    });
    return new Set(ports);
  }

  it('serves by both, and counts calls, connections and leases of both', async () => {
    const running = await serve();
    const streams = await openStreams(running.port, 16, 10_000);
    const [one, two] = (await workerPids(running)).map(portsOf);
    const of = (ports: Set<number> | undefined): number =>
      streams.filter(({ socket }) => ports?.has(socket.localPort ?? -1)).length;
    assert.equal(of(one) + of(two), 16);
    assert.ok(of(one) > 0 && of(two) > 0, `${of(one)} and ${of(two)}`);
    for (let n = 0; n < 20; n += 1) {
      const caller = await rig.ask(running.port, 'GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
      await caller.until((text) => text.startsWith('HTTP/1.1 200'));
    }
    const { text } = await running.admin('/metrics');
    assert.match(text, /^http_server_active_requests\{http_route="streams"\} 16$/m);
    assert.match(text, /^gw_caller_connections 36$/m);
    assert.match(text, /^http_server_request_duration_seconds_count\{[^}]*"short"[^}]*\} 20$/m);
    assert.match(text, /^gw_workers 2$/m);
    const leases = JSON.parse((await running.admin('/api/leases')).text) as {
      worker: number;
      kind: string;
    }[];
    const calls = leases.filter(({ kind }) => kind === 'call');
    assert.deepEqual([calls.length, new Set(calls.map(({ worker }) => worker)).size], [16, 2]);
    const endpoints = JSON.parse((await running.admin('/api/endpoints')).text) as {
      key: string;
      active: number;
    }[];
    assert.deepEqual(
      endpoints.map(({ key, active }) => [key, active]),
      [[rig.upstream.url, 16]],
    );
  });

  it('divides limits, so that their sum is the configured one', async () => {
    const running = await serve({ limits: { connections: 6 } });
    let open = 0;
    for (let n = 0; n < 40; n += 1) {
      const caller = await rig.ask(running.port, 'GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
      await eventually(
        () => caller.closed || caller.text.startsWith('HTTP/1.1 200'),
        'an answer or a refusal',
      );
      if (!caller.closed) open += 1;
    }
    assert.equal(open, 6);
  });

  it('replaces a worker that was killed, and touches no call of the other', async () => {
    const running = await serve();
    const streams = await openStreams(running.port, 16, 60);
    const [victim = 0, survivor = 0] = await workerPids(running);
    const own = portsOf(survivor);
    const safe = streams.filter(({ socket }) => own.has(socket.localPort ?? -1));
    const lost = streams.filter((caller) => !safe.includes(caller));
    assert.ok(safe.length > 0 && lost.length > 0);
    process.kill(victim, 'SIGKILL');
    for (const caller of lost) await caller.untilClosed();
    const died = await running.logged('a worker died');
    assert.deepEqual([died['how'], died['pauseMs']], ['SIGKILL', 1_000]);
    assert.match((await running.admin('/readyz')).text, /1 of 2 workers take calls/);
    assert.equal((await running.admin('/readyz')).status, 200);
    // The kernel has only one listener left to choose from, so nobody notices.
    const load = rig.loadOn({ port: running.port, callers: 4 });
    const present = await workerPids(running, 3);
    assert.ok(!present.includes(victim) && present.includes(survivor));
    await load.stop();
    assert.deepEqual(load.failures, []);
    for (const caller of safe) {
      await caller.until(isWholeStream, 'a whole stream');
    }
    const { text } = await running.admin('/readyz');
    assert.equal(text, 'ready\n');
    assert.match((await running.admin('/metrics')).text, /^gw_worker_deaths_total 1$/m);
  });

  it('keeps what a dead worker has counted', async () => {
    const running = await serve();
    const load = rig.loadOn({ port: running.port, callers: 8 });
    await eventually(() => load.answered > 50, 'some answers');
    await load.stop();
    const count = async (): Promise<number> => {
      const { text } = await running.admin('/metrics');
      const rows = text.matchAll(/^http_server_request_duration_seconds_count\{[^}]*\} (\d+)$/gm);
      return [...rows].reduce((sum, row) => sum + Number(row[1]), 0);
    };
    const whole = await count();
    assert.equal(whole, load.answered);
    process.kill((await workerPids(running))[0] ?? 0, 'SIGKILL');
    await running.logged('a worker died');
    assert.equal(await count(), whole);
  });

  it('reloads in every worker, and refuses a wrong file in all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-workers-'));
    const configFile = join(folder, 'holdfast.yaml');
    const { routes, ...rest } = drainConfig(rig.upstream.url);
    const write = (list: unknown): void =>
      writeFileSync(
        configFile,
        JSON.stringify({ ...rest, workers: 2, drain: QUICK, routes: list }),
      );
    try {
      write(routes);
      const running = await rig.launch({ configFile });
      const statuses = async (): Promise<Set<string>> => {
        const seen = new Set<string>();
        for (let n = 0; n < 20; n += 1) {
          const caller = await rig.ask(running.port, 'GET /new/x HTTP/1.1\r\nHost: h\r\n\r\n');
          await caller.until((text) => text.startsWith('HTTP/1.1'));
          seen.add(caller.text.slice(9, 12));
        }
        return seen;
      };
      write([{ name: 'new', match: { path: '/new/**' }, upstreams: ['short'] }]);
      const inForce = (): number =>
        running.log().filter(({ msg }) => msg === 'the new configuration is in force').length;
      await eventually(() => inForce() === 2, 'both workers to take the file');
      assert.deepEqual(await statuses(), new Set(['200']));
      const config = (await running.admin('/api/config')).text;
      assert.match(config, /"\/new\/\*\*"/);
      write('nothing');
      running.child.kill('SIGHUP');
      await running.logged('the new configuration is refused');
      assert.deepEqual(await statuses(), new Set(['200']));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('drains all at SIGTERM: streams end whole, and the report is of all', async () => {
    const running = await serve();
    const streams = await openStreams(running.port, 12, 40);
    running.child.kill('SIGTERM');
    await running.logged('draining');
    assert.equal((await running.admin('/readyz')).status, 503);
    for (const caller of streams) {
      await caller.untilClosed();
      assert.ok(isWholeStream(caller.text), caller.text.slice(-200));
    }
    assert.equal(await running.exited, 0);
    const report = await running.logged('all workers are gone');
    assert.deepEqual([report['finished'], report['cut']], [12, 0]);
  });

  it('leaves in order when its supervisor is killed', async () => {
    const running = await serve();
    const streams = await openStreams(running.port, 8, 40);
    const pids = await workerPids(running);
    running.child.kill('SIGKILL');
    for (const caller of streams) {
      await caller.untilClosed();
      assert.ok(isWholeStream(caller.text), caller.text.slice(-200));
    }
    await eventually(() => pids.every((pid) => !isAlive(pid)), 'the workers to leave');
  });

  it('hears a signal once, though a terminal sends it to every process', async () => {
    const running = await serve();
    const streams = await openStreams(running.port, 8, 40);
    const pids = await workerPids(running);
    for (const pid of [running.child.pid ?? 0, ...pids]) process.kill(pid, 'SIGINT');
    for (const caller of streams) {
      await caller.untilClosed();
      assert.ok(isWholeStream(caller.text), caller.text.slice(-200));
    }
    assert.equal(await running.exited, 0);
  });

  it('does not start on a port of another gateway, and names the option', async () => {
    const running = await serve();
    const listen = `127.0.0.1:${running.port}`;
    const twice = rig.launch({ overrides: { workers: 2, listen } });
    await assert.rejects(twice, /is in use, perhaps by another Holdfast.*--listen/);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
