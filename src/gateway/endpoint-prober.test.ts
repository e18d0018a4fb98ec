import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Leases } from '../core/leases.ts';
import type { Clock } from '../core/clock.ts';
import type { Service } from '../core/layer.ts';
import { seededRandom, systemRandom } from '../core/random.ts';
import { BufferBudget } from '../core/replay-body.ts';
import type { Endpoint } from '../core/route.ts';
import { Sweep } from '../core/sweep.ts';
import { Drain, drainLayer } from '../layers/drain/drain.ts';
import type { CheckResult } from '../layers/balance/health-checks.ts';
import { Metrics } from '../telemetry/metrics.ts';
import {
  CountingClock,
  LeakCheck,
  MisbehavingUpstream,
  RecordingSink,
  refusing,
  ScriptedService,
  stalling,
  testCall,
  testEndpoint,
  VirtualClock,
} from '../testing/index.ts';
import type { Connector } from '../transport/connector.ts';
import { NetConnector } from '../transport/net-connector.ts';
import { defaultTransportOptions } from '../transport/transport-options.ts';
import { Transport } from '../transport/transport.ts';
import { VirtualNetwork } from '../transport/virtual-network.fixture.ts';
import { loadConfig } from './config/load.ts';
import type { HealthCheck } from './config/settings.ts';
import { EndpointProber } from './endpoint-prober.ts';
import { LayerMetrics } from './layer-metrics.ts';
import { noCredentials } from './no-credentials.fixture.ts';
import { compileRoutes } from './route-table.ts';
import { Stacks } from './stacks.ts';

/** A prober of one endpoint, over real sockets. */
interface ProberRig {
  readonly prober: EndpointProber;
  readonly look: () => Promise<CheckResult>;
  readonly transport: Transport;
  /** What must be gone when nobody looks. */
  readonly scope: { readonly leases: Leases; readonly clock: CountingClock };
}

function proberOf(endpoint: Endpoint, check: HealthCheck): ProberRig {
  const clock = new CountingClock();
  const connector = new NetConnector(clock, defaultTransportOptions);
  const deps = { clock, random: systemRandom, leases: new Leases(clock), connector };
  const transport = new Transport(deps, defaultTransportOptions);
  const wire = transport.service;
  const prober = new EndpointProber({ clock, sweep: new Sweep(clock), connector, wire });
  prober.use(new Map([[endpoint.key, { endpoint, check }]]));
  const look = (): Promise<CheckResult> => prober.probe(endpoint.key);
  return { prober, look, transport, scope: { leases: deps.leases, clock } };
}

/** What one look at this port finds. */
async function lookAt(port: number, check: HealthCheck): Promise<string> {
  const { look, transport, scope } = proberOf(testEndpoint(port), check);
  const found = await look();
  transport.destroy();
  // A socket says that it is closed a few turns later.
  for (let turn = 0; turn < 100 && scope.leases.size > 0; turn += 1) await nextTurn();
  assert.equal(scope.leases.size, 0);
  return found;
}

describe('a look at an endpoint that was given up', () => {
  it('finds a place that takes connections, without sending it a request', async () => {
    const upstream = await MisbehavingUpstream.listen({});
    assert.equal(await lookAt(upstream.port, 'connect'), 'connects');
    assert.equal(upstream.seen.requestCount, 0);
    await upstream.close();
    assert.equal(await lookAt(upstream.port, 'connect'), 'nothing');
  });

  it('asks for the path that the configuration names', async () => {
    const upstream = await MisbehavingUpstream.listen({});
    assert.equal(await lookAt(upstream.port, '/healthz?deep=1'), 'answers');
    assert.equal(upstream.seen.requests[0]?.path, '/healthz?deep=1');
    await upstream.close();
    assert.equal(await lookAt(upstream.port, '/healthz'), 'nothing');
  });

  it('does not believe a place that answers with an error', async () => {
    const upstream = await MisbehavingUpstream.listen(refusing(503));
    assert.equal(await lookAt(upstream.port, '/healthz'), 'nothing');
    await upstream.close();
  });

  it('does not look where none is wanted', async () => {
    const upstream = await MisbehavingUpstream.listen({});
    assert.equal(await lookAt(upstream.port, 'none'), 'nothing');
    await upstream.close();
  });
});

describe('looks under way when the prober closes', () => {
  it('leave a path that does not answer', async (t) => {
    const upstream = await MisbehavingUpstream.listen(stalling('before-head'));
    t.after(() => upstream.close());
    const leaks = LeakCheck.begin();
    const { prober, look, scope } = proberOf(testEndpoint(upstream.port), '/healthz');
    const looking = look();
    await upstream.until(({ requestCount }) => requestCount === 1);
    prober.close();
    const gone = leaks.assertClean(scope);
    assert.equal(await Promise.race([looking, gone]), 'nothing');
    await gone;
    assert.equal(upstream.seen.abortedCount, 1);
  });

  it('give up a connection that never stands', async (t) => {
    // It takes TCP connections, and says nothing to those who would speak TLS.
    const place = createServer((socket) => socket.on('error', () => {}).resume());
    place.listen(0, '127.0.0.1');
    await once(place, 'listening');
    t.after(() => place.close());
    const leaks = LeakCheck.begin();
    const { port } = place.address() as AddressInfo;
    const { prober, look, scope } = proberOf(testEndpoint(port, { secure: true }), 'connect');
    const looking = look();
    await once(place, 'connection');
    prober.close();
    const gone = leaks.assertClean(scope);
    assert.equal(await Promise.race([looking, gone]), 'nothing');
    await gone;
  });

  it('are the last ones', async () => {
    const upstream = await MisbehavingUpstream.listen({});
    for (const check of ['connect', '/healthz'] as const) {
      const { prober, look, scope } = proberOf(testEndpoint(upstream.port), check);
      prober.close();
      assert.equal(await look(), 'nothing');
      assert.equal(scope.clock.pending, 0);
    }
    assert.equal(upstream.seen.connectionCount, 0);
    await upstream.close();
  });
});

/** A route to one endpoint, which fails ten calls and is given up. */
interface GivenUp {
  /** Sends a call; the status of its answer. */
  readonly ask: () => number | undefined;
  readonly becomeWell: () => void;
  readonly close: () => void;
}

function givenUp(clock: Clock, health: string, connector: Connector): GivenUp {
  const random = seededRandom(7);
  const leases = new Leases(clock);
  const sweep = new Sweep(clock);
  let isWell = false;
  const service = new ScriptedService(clock, () => ({ status: isWell ? 200 : 503 }));
  const value = {
    breaker: { openMin: '10m', openMax: '10m' },
    upstreams: { u: { endpoints: ['http://127.0.0.1:9'], health } },
    routes: [{ match: { path: '/**' }, upstreams: ['u'], retry: { attempts: 1 } }],
  };
  const { settings, lines } = loadConfig({ value }, { env: {}, readText: () => '' });
  assert.ok(settings !== undefined, lines.join('\n'));
  const metrics = new Metrics();
  const wire: Service = (call, sink) => service.service(call, sink);
  const prober = new EndpointProber({ clock, sweep, connector, wire });
  const stacks = new Stacks(
    {
      clock,
      random,
      leases,
      sweep,
      prober,
      bodies: new BufferBudget(1_000_000),
      credentials: noCredentials({ clock, random }),
      calls: { callStarted() {}, callEnded() {} },
      observers: new LayerMetrics(metrics),
      drain: drainLayer(new Drain({ clock, random, sweep })),
    },
    settings,
  );
  const table = compileRoutes(
    settings,
    {
      wire: (route, upstreams) => stacks.wire(route, upstreams, wire),
      simulator: wire,
      answers: { newId: (prefix) => `${prefix}1`, wallNow: () => 0 },
      local: (answer) => answer,
    },
    {},
  );
  stacks.retain(table);
  const [compiled] = table.routes.slice(-1);
  assert.ok(compiled !== undefined);
  const { route, service: whole } = compiled.destination('/x', false);
  const ask = (): number | undefined => {
    const sink = new RecordingSink();
    whole(testCall({ method: 'GET', path: '/x', route, now: clock.now() }), sink);
    return sink.head?.status;
  };
  for (let calls = 0; calls < 10; calls += 1) assert.notEqual(ask(), 200);
  return {
    ask,
    becomeWell: () => {
      isWell = true;
    },
    close: () => {
      stacks.close();
      metrics.close();
    },
  };
}

/** How long after its endpoint is well again a call is let through, in virtual ms. */
async function absence(health: string): Promise<number> {
  const clock = new VirtualClock();
  const connector = { dial: () => assert.fail('a path is asked for, not a connection') };
  const { ask, becomeWell, close } = givenUp(clock, health, connector);
  becomeWell();
  const began = clock.now();
  while (ask() !== 200) {
    clock.advance(1_000);
    await nextTurn();
    if (clock.now() - began > 3_600_000) break;
  }
  close();
  return clock.now() - began;
}

describe('an endpoint that is well again', () => {
  it('gets calls soon where it is looked at, and late where it is not', async () => {
    const lookedAt = await absence('/healthz');
    const forgotten = await absence('none');
    assert.ok(lookedAt <= 15_000, `${lookedAt} ms`);
    assert.ok(forgotten > 300_000, `${forgotten} ms`);
  });
});

describe('stacks that close while an endpoint is looked at', () => {
  it('end the look', () => {
    const clock = new VirtualClock();
    const network = new VirtualNetwork(clock);
    const { close } = givenUp(clock, 'connect', network);
    for (let ms = 0; ms < 20_000 && network.dialling.length === 0; ms += 100) clock.advance(100);
    assert.equal(network.dialling.length, 1);
    close();
    assert.equal(network.dialling.length, 0);
    clock.runTurns();
    assert.equal(clock.pending, 0);
  });
});
