import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { allGivenBack, eventually } from '../testing/eventually.fixture.ts';
import type { Behaviour } from '../testing/misbehaving-upstream/behaviour.ts';
import { MisbehavingUpstream } from '../testing/misbehaving-upstream/misbehaving-upstream.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { startGateway } from './gateway.ts';
import type { Gateway } from './gateway.ts';
import type { GatewayOptions } from './gateway-options.ts';
import { StartFault } from './listen-fault.ts';
import type { LogOutput } from './process-log.ts';

const anyPorts = { listen: '127.0.0.1:0', admin: '127.0.0.1:0' };
const ask = { method: 'POST', headers: { 'content-type': 'application/json' } };

function answering(text: string): Behaviour {
  return { answer: { status: 200, headers: [], steps: [{ afterMs: 0, bytes: text }] } };
}

/** A stream that goes on until the test has seen what it wanted, then ends. */
const slowStream: Behaviour = {
  answer: {
    status: 200,
    headers: [['content-type', 'text/plain']],
    steps: Array.from({ length: 12 }, (_none, n) => ({ afterMs: 50, bytes: `part ${n}\n` })),
  },
};

class TestLog {
  readonly said: { level: string; msg: string; fields: unknown }[] = [];

  readonly open = (): LogOutput => {
    const at =
      (level: string) =>
      (fields: unknown, msg: string): void => {
        this.said.push({ level, msg, fields });
      };
    const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    return {
      log: log as LogOutput['log'],
      lines: { write: () => true },
      end: () => Promise.resolve(),
    };
  };

  /** Waits for a line with this message. */
  async tells(msg: string): Promise<void> {
    await eventually(() => this.said.some((line) => line.msg === msg), `"${msg}" in the log`);
  }
}

describe('gateway', () => {
  let gateway: Gateway | undefined;
  let one: MisbehavingUpstream;
  let two: MisbehavingUpstream;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-gateway-'));
    one = await MisbehavingUpstream.listen(answering('one'));
    two = await MisbehavingUpstream.listen(answering('two'));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([one.close(), two.close()]);
  });
  afterEach(async () => {
    await gateway?.close(0);
    gateway = undefined;
    one.use(answering('one'));
  });

  const start = async (options: GatewayOptions): Promise<Gateway> => {
    gateway = await startGateway({ overrides: anyPorts, ...options });
    return gateway;
  };
  const routedTo = (upstream: MisbehavingUpstream): Record<string, unknown> => ({
    ...anyPorts,
    upstreams: { u: { endpoints: [upstream.url], profile: 'rest' } },
    routes: [{ match: { path: '/**' }, upstreams: ['u'] }],
  });
  const textOf = async (path: string): Promise<string> =>
    (await fetch(`${gateway?.url}${path}`)).text();
  const adminText = async (path: string): Promise<string> =>
    (await fetch(`${gateway?.adminUrl}${path}`)).text();

  it('streams from the simulator without a configuration, and leaves nothing behind', async () => {
    const { url, leases } = await start({});
    const body = '{"model":"sim-fast","stream":true,"messages":[{"role":"user","content":"hi"}]}';
    const answer = await fetch(`${url}/v1/chat/completions`, { ...ask, body });
    assert.match(answer.headers.get('x-holdfast-call-id') ?? '', /^[\w-]{8,}$/);
    assert.match(await answer.text(), /data: \[DONE\]\n\n$/);
    await gateway?.close();
    assert.equal(leases.size, 0);
  });

  it('sends new calls by a new configuration while a running one ends by its own', async () => {
    one.use(slowStream);
    await start({ config: routedTo(one) });
    const running = await fetch(`${gateway?.url}/x`);
    assert.deepEqual(gateway?.reload(routedTo(two)), []);
    assert.equal(await textOf('/x'), 'two');
    assert.match(await running.text(), /part 11\n$/);
    const shown = JSON.parse(await adminText('/api/endpoints')) as { key: string }[];
    assert.deepEqual(
      shown.map(({ key }) => key),
      [two.url],
    );
    await eventually(() => one.seen.open === 0, 'the old connections to close');
  });

  it('keeps the old configuration when the new one is wrong, and says why', async () => {
    const log = new TestLog();
    await start({ config: routedTo(one), openLog: log.open });
    const lines = gateway?.reload({ ...routedTo(two), listne: 1 });
    assert.deepEqual(lines, ['listne: unknown option; did you mean "listen"?']);
    assert.equal(await textOf('/x'), 'one');
    const refused = log.said.find(({ level }) => level === 'error');
    assert.deepEqual(refused, {
      level: 'error',
      msg: 'the new configuration is refused; the old one stays',
      fields: { problems: lines },
    });
  });

  it('names the options that wait for the next start', async () => {
    const log = new TestLog();
    await start({ config: routedTo(one), openLog: log.open });
    gateway?.reload({
      ...routedTo(one),
      drain: { grace: '1s' },
      edge: 'node-http',
      limits: { headFields: 64 },
    });
    const late = log.said.find(({ level }) => level === 'warn');
    assert.deepEqual(late?.fields, { options: ['edge', 'limits'] });
  });

  it('follows its file: a good change comes into force, a bad one does not', async () => {
    const log = new TestLog();
    const configFile = join(folder, 'holdfast.yaml');
    const write = (text: string): void => {
      // As editors do: a new file takes the place of the old one.
      writeFileSync(`${configFile}.new`, text);
      renameSync(`${configFile}.new`, configFile);
    };
    const text = (url: string): string =>
      `upstreams: { u: { endpoints: ["${url}"] } }\nroutes: [{ match: { path: /** }, upstreams: [u] }]\n`;
    write(text(one.url));
    await start({ configFile, openLog: log.open });
    assert.equal(await textOf('/x'), 'one');
    write(text(two.url));
    await log.tells('the new configuration is in force');
    assert.equal(await textOf('/x'), 'two');
    write('upstreams: 5');
    await log.tells('the new configuration is refused; the old one stays');
    assert.equal(await textOf('/x'), 'two');
  });

  it('closes: a running answer finishes, readiness is off, no new caller is taken', async () => {
    one.use(slowStream);
    await start({ config: routedTo(one) });
    const running = await fetch(`${gateway?.url}/x`);
    const closed = gateway?.close();
    assert.equal((await fetch(`${gateway?.adminUrl}/readyz`)).status, 503);
    assert.equal((await fetch(`${gateway?.adminUrl}/healthz`)).status, 200);
    const { port } = new URL(gateway?.url ?? '');
    const refused = await new Promise((resolve) => {
      connect(Number(port), '127.0.0.1')
        .on('error', () => resolve(true))
        .on('connect', () => resolve(false));
    });
    assert.equal(refused, true);
    assert.match(await running.text(), /part 11\n$/);
    await closed;
  });

  it('cuts what still runs when the time for closing is over', async () => {
    one.use(slowStream);
    const { leases } = await start({ config: routedTo(one) });
    const running = await fetch(`${gateway?.url}/x`);
    await gateway?.close(30);
    await assert.rejects(running.text());
    await allGivenBack(leases);
  });

  it('keeps its configuration once its way out has begun', async () => {
    const { settings } = await start({ config: routedTo(one) });
    const closed = gateway?.close();
    assert.match(gateway?.reload(routedTo(two)).join() ?? '', /is on its way out/);
    await closed;
    assert.match(gateway?.reload(routedTo(two)).join() ?? '', /is on its way out/);
    assert.equal(gateway?.settings, settings);
  });

  it('is destroyed in the middle of a drain: that ends at once and leaves no timer', async () => {
    const clock = new VirtualClock();
    await start({ config: routedTo(one), clock });
    const drained = gateway?.drain({ lagMs: 60_000, watched: true });
    assert.equal(gateway?.destroy(), undefined);
    assert.equal((await drained)?.cut, 0);
    // One beat later, in which the sweep notices that nobody needs it any more.
    clock.advance(200);
    assert.equal(clock.pending, 0);
  });

  it('says which option to change when an address is taken', async () => {
    await start({});
    const listen = new URL(gateway?.url ?? '').host;
    const second = startGateway({ overrides: { listen, admin: 'off' } });
    await assert.rejects(second, (fault) => {
      assert.ok(fault instanceof StartFault);
      assert.equal(fault.usage, false);
      assert.deepEqual(fault.lines, [
        `${listen} is in use, perhaps by another Holdfast; choose another with --listen 127.0.0.1:0 (any free port), or \`listen:\` in the file`,
      ]);
      return true;
    });
  });

  it('shows what is held, what is configured and what was counted', async () => {
    one.use(slowStream);
    await start({ config: routedTo(one) });
    const running = await fetch(`${gateway?.url}/x`);
    const leases = JSON.parse(await adminText('/api/leases')) as { kind: string; ageMs: number }[];
    assert.ok(leases.some(({ kind, ageMs }) => kind === 'call' && ageMs >= 0));
    await running.text();
    const config = JSON.parse(await adminText('/api/config')) as { path: string; value: string }[];
    assert.ok(config.some(({ path, value }) => path === 'upstreams.u.profile' && value === 'rest'));
    const metrics = await adminText('/metrics');
    assert.match(
      metrics,
      /gw_upstream_requests_total\{endpoint="http:\/\/127\.0\.0\.1:\d+",conn="new"\} 1\n/,
    );
    assert.match(
      metrics,
      /http_server_request_duration_seconds_count\{[^}]*http_route="\/\*\*"[^}]*\} 1\n/,
    );
    assert.equal((await fetch(`${gateway?.adminUrl}/nothing`)).status, 404);
    assert.equal((await fetch(`${gateway?.adminUrl}/metrics`, { method: 'POST' })).status, 405);
  });

  it('answers the same on the edge of node:http', async () => {
    const overrides = { ...anyPorts, edge: 'node-http', admin: 'off' };
    await start({ config: routedTo(one), overrides });
    assert.equal(await textOf('/x'), 'one');
    assert.equal(gateway?.adminUrl, undefined);
  });
});
