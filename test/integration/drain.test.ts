// The way out of a real process: nothing is lost that need not be, what must be cut is told why,
// and nobody waits for nothing. Phases are short here; their order and shares are tested on virtual
// time.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { askStream, isWholeStream } from '../support/drain-upstream.ts';
import { startHoldfast } from '../support/holdfast.ts';
import { RawCaller } from '../support/raw-caller.ts';
import { ServeRig } from '../support/serve-rig.ts';

describe('the way out of a process', () => {
  let rig: ServeRig;
  let probe: NodeJS.Timeout | undefined;
  before(async () => {
    rig = await ServeRig.open();
  });
  after(() => rig.close());
  afterEach(() => {
    clearInterval(probe);
    return rig.clear();
  });

  async function openStream(port: number, events: number, everyMs: number): Promise<RawCaller> {
    const caller = await rig.ask(port, askStream(events, everyMs));
    await caller.until((text) => text.includes('data: '), 'the first event');
    return caller;
  }

  for (const edge of ['own', 'node-http']) {
    it(`loses no request and no stream under load with a balancer in front (${edge})`, async () => {
      const serving = await rig.serve({ drain: { lag: '500ms', ramp: '1s', grace: '60s' }, edge });
      let ready = true;
      probe = setInterval(() => {
        void serving.admin('/readyz').then(
          ({ status }) => (ready = status === 200),
          () => (ready = false),
        );
      }, 50);
      const load = rig.loadOn({ port: serving.port, callers: 12, mayOpen: () => ready });
      const streams: RawCaller[] = [];
      for (let n = 0; n < 10; n += 1) streams.push(await openStream(serving.port, 40, 100));
      await eventually(
        () => load.answered > 300,
        () => `300 answers, got ${load.answered}`,
      );
      serving.child.kill('SIGTERM');
      await eventually(
        () => load.active === 0,
        () => `all callers to be moved away; ${load.active} are left`,
        10_000,
      );
      clearInterval(probe);
      await load.stop();
      assert.deepEqual(load.failures, []);
      assert.equal(load.toldToClose, 12, 'every busy caller was told by an answer');
      // The listener is closed by now; what was open before goes on, nothing else begins.
      await serving.logged('drain');
      await eventually(
        () => serving.log().some(({ msg, phase }) => msg === 'drain' && phase === 'closing'),
        'the closing phase',
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      await assert.rejects(RawCaller.open(serving.port), /ECONNREFUSED/);
      for (const caller of streams) {
        await eventually(
          () => caller.closed,
          () => `the end of a stream; got ${caller.text.slice(-100)}`,
          15_000,
        );
        assert.ok(isWholeStream(caller.text), caller.text.slice(-200));
      }
      assert.equal(await serving.exited, 0);
      const report = await serving.logged('closed');
      assert.equal(report['cut'], 0);
      assert.equal(report['refused'], 0);
    });
  }

  it('loses no request when a successor takes the port, without a balancer', async () => {
    const old = await rig.serve({ drain: { lag: '0s', ramp: '1500ms', grace: '60s' } }, true);
    const load = rig.loadOn({ port: old.port, callers: 16 });
    const streams = await Promise.all(
      Array.from({ length: 5 }, () => openStream(old.port, 40, 100)),
    );
    const same = { listen: `127.0.0.1:${old.port}`, admin: new URL(old.adminUrl).host };
    const successor = await rig.serve(same, true);
    assert.equal(successor.port, old.port);
    const before = load.answered;
    old.child.kill('SIGTERM');
    assert.equal(await old.exited, 0);
    await eventually(
      () => load.answered > before + 500,
      () => `500 more answers, got ${load.answered - before}`,
    );
    await load.stop();
    assert.deepEqual(load.failures, []);
    for (const caller of streams) {
      await caller.untilClosed();
      assert.ok(isWholeStream(caller.text), caller.text.slice(-200));
    }
    assert.equal((await old.logged('closed'))['cut'], 0);
    const { text } = await successor.admin('/readyz');
    assert.equal(text, 'ready\n');
  });

  it('refuses a port that a gateway has which does not share it', async () => {
    const old = await rig.serve();
    const same = { listen: `127.0.0.1:${old.port}` };
    await assert.rejects(rig.serve(same, true), /is in use/);
  });

  it('tells the streams that outlive the grace why they are cut, and reports them', async () => {
    const serving = await rig.serve({ drain: { lag: '0s', ramp: '0s', grace: '400ms' } });
    const long = await openStream(serving.port, 10_000, 20);
    const short = await openStream(serving.port, 10, 20);
    serving.child.kill('SIGTERM');
    await short.untilClosed();
    assert.ok(isWholeStream(short.text), short.text.slice(-200));
    await long.untilClosed();
    assert.match(long.text, /data: \{"error":\{[^\n]*shutting down[^\n]*\}\}\n\n\r\n$/);
    assert.ok(!long.text.endsWith('0\r\n\r\n'), 'a cut answer must not look whole');
    assert.equal(await serving.exited, 0);
    const report = await serving.logged('closed; some calls had to be cut');
    assert.deepEqual([report['finished'], report['cut']], [1, 1]);
    const [route] = report['routes'] as { route: string; cut: number; oldestCutMs: number }[];
    assert.equal(route?.route, 'streams');
    assert.ok((route?.oldestCutMs ?? 0) > 400);
    const lines = serving.log().filter(({ msg }) => msg === 'call');
    assert.ok(lines.some(({ verdict }) => verdict === 'DRAINING'));
  });

  it('cuts at the second signal, in the words of the dialect, and says so at the end', async () => {
    const serving = await rig.serve();
    const caller = await openStream(serving.port, 10_000, 20);
    serving.child.kill('SIGTERM');
    await serving.logged('draining');
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(caller.closed, false);
    serving.child.kill('SIGTERM');
    await caller.untilClosed();
    assert.match(caller.text, /data: \{"error":\{[^\n]*shutting down/);
    assert.equal(await serving.exited, 1);
    assert.equal((await serving.logged('closed'))['cut'], 1);
    const line = serving.log().find(({ msg }) => msg === 'call');
    assert.equal(line?.['verdict'], 'DRAINING');
  });

  it('ends at once when nobody is connected and nobody asks for readiness', async () => {
    const serving = await rig.serve({ drain: { lag: '30s', ramp: '30s', grace: '60s' } });
    serving.child.kill('SIGTERM');
    assert.equal(await serving.exited, 0);
    assert.ok(Number((await serving.logged('closed'))['tookMs']) < 2_000);
  });

  it('waits for balancers that ask for readiness, and tells them', async () => {
    const serving = await rig.serve({ drain: { lag: '600ms', ramp: '30s', grace: '60s' } });
    assert.equal((await serving.admin('/readyz')).status, 200);
    serving.child.kill('SIGTERM');
    await serving.logged('draining');
    const asked = await serving.admin('/readyz');
    assert.deepEqual(asked, { status: 503, text: 'draining\n' });
    const caller = await RawCaller.open(serving.port);
    caller.say('GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
    await caller.until((text) => text.startsWith('HTTP/1.1 200'), 'an answer during the lag');
    caller.destroy();
    assert.equal(await serving.exited, 0);
    const tookMs = Number((await serving.logged('closed'))['tookMs']);
    assert.ok(tookMs >= 600 && tookMs < 5_000, `${tookMs} ms: no ramp, for nothing was open`);
  });

  it('serves a request that was on its way when the listener was closed', async () => {
    const gateway = await startHoldfast(rig.upstream.url);
    const { port } = new URL(gateway.url);
    const [late, resting] = [
      await RawCaller.open(Number(port)),
      await RawCaller.open(Number(port)),
    ];
    const ask = 'GET /x HTTP/1.1\r\nHost: h\r\n\r\n';
    late.say(ask);
    resting.say(ask);
    for (const caller of [late, resting]) await caller.until((text) => text.includes(' 200 '));
    late.text = '';
    const closed = gateway.drain({ lagMs: 0, rampMs: 0, lateMs: 400 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await assert.rejects(RawCaller.open(Number(port)), /ECONNREFUSED/);
    late.say(ask);
    await late.until((text) => /^HTTP\/1.1 200 [^]*connection: close/i.test(text), 'an answer');
    await late.untilClosed();
    assert.equal(resting.closed, false, 'it may still ask');
    await closed;
    await resting.untilClosed();
  });

  it('takes Ctrl-C from a terminal without lag and ramp, and says what it waits for', async () => {
    const serving = await rig.serve({ drain: { lag: '30s', ramp: '30s', grace: '60s' } });
    const resting = await RawCaller.open(serving.port);
    resting.say('GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
    await resting.until((text) => text.startsWith('HTTP/1.1 200'));
    const stream = await openStream(serving.port, 15, 100);
    serving.child.kill('SIGINT');
    await stream.untilClosed();
    assert.ok(isWholeStream(stream.text));
    assert.equal(await serving.exited, 0);
    assert.match(serving.screen(), /Calls are running .* Ctrl-C cuts them now/);
    assert.equal(resting.reset, false);
  });
});
