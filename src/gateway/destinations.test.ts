import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../core/header-list.ts';
import type { Route } from '../core/route.ts';
import { CallError } from '../core/errors.ts';
import { testCall } from '../testing/test-call.ts';
import { loadConfig } from './config/load.ts';
import { compileRoutes } from './route-table.ts';

const TEXT = `
upstreams:
  first:
    dialect: anthropic
    endpoints: [https://a.example, https://b.example/base]
  second:
    dialect: anthropic
    endpoints: [https://c.example]
    replay: strict
    credentials: { header: { x-api-key: stored } }
routes:
  - name: both
    match: { path: /v1/** }
    upstreams: [first, { upstream: second, model: small }]
`;

function destination(path: string, post: boolean): { route: Route; callerKeys: boolean } {
  const { settings, lines } = loadConfig(
    { name: 'f', text: TEXT },
    { env: {}, readText: () => '' },
  );
  assert.ok(settings, lines.join('\n'));
  const silent = { simulator: () => {}, local: () => () => {}, wire: () => () => {} };
  const route = compileRoutes(settings, silent, {}).routes.at(-1);
  assert.ok(route);
  return route.destination(path, post);
}

describe('the destination of a call', () => {
  it('lists every endpoint of every upstream, in tiers', () => {
    const { route } = destination('/v1/messages', true);
    assert.deepEqual(
      route.targets.map(({ key, tier }) => `${tier} ${key}`),
      [
        '0 first https://a.example:443',
        '0 first https://b.example:443/base',
        '1 second https://c.example:443',
      ],
    );
  });

  it('gives an attempt the rules of the upstream it is sent to', () => {
    const { route } = destination('/v1/messages', true);
    const [a, , c] = route.targets;
    assert.equal(a?.route.upstream, 'first');
    assert.equal(c?.route.upstream, 'second');
    assert.equal(a?.route.replay, 'idle-race');
    assert.equal(c?.route.replay, 'strict');
    assert.deepEqual(c?.route.endpoints, [c?.endpoint]);
    assert.deepEqual(c?.route.targets, []);
  });

  it('is as careful as the most careful upstream of the route', () => {
    assert.equal(destination('/v1/messages', true).route.replay, 'strict');
  });

  it('knows whose credentials go where', () => {
    const { route, callerKeys } = destination('/v1/messages', true);
    const [a, , c] = route.targets;
    assert.equal(callerKeys, true);
    assert.equal(a?.route.credential, undefined);
    assert.equal(c?.route.credential, 'second');
    const own = HeaderList.of([['x-api-key', 'mine']]);
    assert.deepEqual(
      [...(a?.edit?.headers(own) ?? own)],
      [
        ['x-api-key', 'mine'],
        ['accept-encoding', 'identity'],
      ],
    );
    assert.equal(c?.edit?.headers(own).get('x-api-key'), 'stored');
  });

  it('asks for another model only where one is written, and only in completions', () => {
    const { route } = destination('/v1/messages', true);
    const [a, , c] = route.targets;
    assert.equal(a?.edit?.model, undefined);
    assert.equal(c?.edit?.model, 'small');
    const call = testCall({ body: '{"model":"big"}' });
    assert.equal(a?.route.conversion, undefined);
    const converted = c?.route.conversion?.request(call, Buffer.from('{"model":"big"}'));
    assert.ok(converted !== undefined && !(converted instanceof CallError));
    assert.equal(Buffer.from(converted.body).toString(), '{"model":"small"}');
    assert.equal(destination('/v1/models', false).route.targets[2]?.edit?.model, undefined);
  });
});
