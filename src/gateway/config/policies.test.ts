import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  modelLimitOptions,
  restLimitOptions,
  serviceNowLimitOptions,
} from '../../layers/admission/options.ts';
import { defaultBreakerOptions, defaultSlowRule } from '../../layers/breaker/options.ts';
import { defaultHeartbeatOptions } from '../../layers/heartbeat/options.ts';
import { defaultRetryOptions } from '../../layers/retry/options.ts';
import { restAdaptiveLimit } from '../../layers/timeouts/options.ts';
import { loadConfig } from './load.ts';
import type { RouteSettings, Settings, UpstreamSettings } from './settings.ts';

function load(upstream: object, route: object = {}, more: object = {}): Settings {
  const value = {
    upstreams: { u: { endpoints: ['https://u.example'], ...upstream } },
    routes: [{ match: { path: '/**' }, upstreams: ['u'], ...route }],
    ...more,
  };
  const { settings, lines } = loadConfig({ value }, { env: {}, readText: () => '' });
  assert.ok(settings, lines.join('\n'));
  return settings;
}

const upstreamOf = (options: object): UpstreamSettings => {
  const found = load(options).upstreams.get('u');
  assert.ok(found);
  return found;
};
const routeOf = (route: object, upstream: object = {}): RouteSettings => {
  const [found] = load(upstream, route).routes;
  assert.ok(found);
  return found;
};

describe('the options of the layers', () => {
  it('are those of the layers themselves where nothing is written', () => {
    const { breaker, upstreams, routes } = load({ dialect: 'anthropic' });
    assert.deepEqual(breaker, { ...defaultBreakerOptions, slow: defaultSlowRule });
    assert.deepEqual(routes[0]?.retry, defaultRetryOptions);
    assert.deepEqual(routes[0]?.heartbeat, defaultHeartbeatOptions);
    assert.deepEqual(upstreams.get('u')?.limit, modelLimitOptions);
    assert.equal(upstreams.get('u')?.adaptive, undefined);
  });

  it('follow the profile: a service is timed and limited in another way than a model', () => {
    const { adaptive, limit } = upstreamOf({ profile: 'rest' });
    assert.deepEqual(limit, restLimitOptions);
    assert.deepEqual(adaptive, restAdaptiveLimit);
  });

  it('know how few calls ServiceNow takes at a time', () => {
    const { adaptive, limit, profile } = upstreamOf({ dialect: 'servicenow' });
    assert.equal(profile, 'servicenow');
    assert.deepEqual(limit, serviceNowLimitOptions);
    assert.equal(adaptive, undefined);
    assert.equal(routeOf({}, { dialect: 'servicenow' }).retry.gateBytes, 4 * 1024 * 1024);
  });

  it('do not begin a generic stream on behalf of its upstream unless told', () => {
    assert.equal(routeOf({}, { dialect: 'sse' }).heartbeat.commitAfterMs, Infinity);
    const told = { heartbeat: { commitAfter: '5s' } };
    assert.equal(routeOf(told, { dialect: 'sse' }).heartbeat.commitAfterMs, 5_000);
  });

  it('wait for a place as long as the profile says, or as is written', () => {
    assert.equal(upstreamOf({}).limits.queueMs, 2_000);
    assert.equal(upstreamOf({ dialect: 'anthropic' }).limits.queueMs, 10_000);
    assert.equal(upstreamOf({ dialect: 'servicenow' }).limits.queueMs, 60_000);
    assert.equal(upstreamOf({ timeouts: { queue: '5s' } }).limits.queueMs, 5_000);
    const endless = { timeouts: { queue: 'none', total: 'none' } };
    assert.equal(upstreamOf(endless).limits.queueMs, Infinity);
  });

  it('set the bounds of slowness, or switch it off', () => {
    const slowOf = (breaker: object): unknown => load({}, {}, { breaker }).breaker.slow;
    const told = slowOf({ slowAfter: '3s', slowShare: '60%' });
    assert.deepEqual(told, { ...defaultSlowRule, floorMs: 3_000, shareMax: 0.6 });
    assert.equal(slowOf({ slowAfter: 'none' }), undefined);
  });

  it('can be switched off one by one', () => {
    assert.equal(routeOf({ heartbeat: { enabled: false } }).heartbeat.everyMs, Infinity);
    assert.equal(routeOf({ retry: { attempts: 1 } }).retry.attemptsMax, 1);
    const { adaptive, breaker, limit } = upstreamOf({
      breaker: false,
      adaptive: { enabled: false },
      limit: { enabled: false },
    });
    assert.deepEqual([adaptive, breaker, limit.callsStart], [undefined, false, Infinity]);
  });

  it('make a limit that fits together from whatever is written of it', () => {
    const limitOf = (limit: object): number[] => {
      const { callsMin, callsStart, callsMax } = upstreamOf({ dialect: 'openai', limit }).limit;
      return [callsMin, callsStart, callsMax];
    };
    assert.deepEqual(limitOf({ max: 25 }), [1, 25, 25]);
    assert.deepEqual(limitOf({ start: 4_000 }), [1, 4_000, 8_192]);
    assert.deepEqual(limitOf({ min: 600 }), [600, 600, 8_192]);
    assert.deepEqual(limitOf({ algorithm: 'fixed', max: 25 }), [25, 25, 25]);
    assert.deepEqual(limitOf({ algorithm: 'fixed', start: 4 }), [4, 4, 4]);
  });
});
