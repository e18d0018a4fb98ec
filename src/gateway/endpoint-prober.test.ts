import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Leases } from '../core/leases.ts';
import { systemClock } from '../core/clock.ts';
import type { Service } from '../core/layer.ts';
import { seededRandom, systemRandom } from '../core/random.ts';
import { BufferBudget } from '../core/replay-body.ts';
import { Sweep } from '../core/sweep.ts';
import { Drain, drainLayer } from '../layers/drain/drain.ts';
import { Metrics } from '../telemetry/metrics.ts';
import {
  MisbehavingUpstream,
  RecordingSink,
  refusing,
  ScriptedService,
  testCall,
  testEndpoint,
  VirtualClock,
} from '../testing/index.ts';
import { NetConnector } from '../transport/net-connector.ts';
import { defaultTransportOptions } from '../transport/transport-options.ts';
import { Transport } from '../transport/transport.ts';
import { loadConfig } from './config/load.ts';
import type { HealthCheck } from './config/settings.ts';
import { EndpointProber } from './endpoint-prober.ts';
import { LayerMetrics } from './layer-metrics.ts';
import { noCredentials } from './no-credentials.fixture.ts';
import { compileRoutes } from './route-table.ts';
import { Stacks } from './stacks.ts';

/** What one look at this port finds. */
async function lookAt(port: number, check: HealthCheck): Promise<string> {
  const clock = systemClock;
  const connector = new NetConnector(clock, defaultTransportOptions);
  const deps = { clock, random: systemRandom, leases: new Leases(clock), connector };
  const transport = new Transport(deps, defaultTransportOptions);
  const wire = transport.service;
  const prober = new EndpointProber({ clock, sweep: new Sweep(clock), connector, wire });
  const endpoint = testEndpoint(port);
  prober.use(new Map([[endpoint.key, { endpoint, check }]]));
  const found = await prober.probe(endpoint.key);
  transport.destroy();
  // A socket says that it is closed a few turns later.
  for (let turn = 0; turn < 100 && deps.leases.size > 0; turn += 1) await nextTurn();
  assert.equal(deps.leases.size, 0);
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

/** How long after its endpoint is well again a call is let through, in virtual ms. */
async function absence(health: string): Promise<number> {
  const clock = new VirtualClock();
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
  const connector = { dial: () => assert.fail('a path is asked for, not a connection') };
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
  isWell = true;
  const began = clock.now();
  while (ask() !== 200) {
    clock.advance(1_000);
    await nextTurn();
    if (clock.now() - began > 3_600_000) break;
  }
  stacks.close();
  metrics.close();
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
