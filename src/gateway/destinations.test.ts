import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../core/header-list.ts';
import type { Service } from '../core/layer.ts';
import type { Route } from '../core/route.ts';
import { CallError } from '../core/errors.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
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

function destination(
  path: string,
  post: boolean,
  text: string = TEXT,
): { route: Route; service: Service; callerKeys: boolean } {
  const { settings, lines } = loadConfig({ name: 'f', text }, { env: {}, readText: () => '' });
  assert.ok(settings, lines.join('\n'));
  const silent = {
    simulator: () => {},
    local: (answer: Service) => answer,
    wire: () => () => {},
    answers: { newId: (prefix: string) => prefix, wallNow: () => 0 },
  };
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

const MIXED = `
upstreams:
  claude: { dialect: anthropic, endpoints: [https://claude.example] }
  gpt: { dialect: openai, endpoints: [https://gpt.example], models: { "claude-*": gpt-x } }
  org: { dialect: salesforce-models, endpoints: [https://org.example] }
routes:
  - match: { path: /v1/** }
    upstreams: [gpt, claude, org]
`;

describe('the destination of a call to upstreams of several vendors', () => {
  const places = (path: string, post = true): string[] =>
    destination(path, post, MIXED).route.targets.map(({ route, upstream }) => {
      const how = route.conversion === undefined ? 'as it is' : 'converted';
      return `${upstream} ${route.dialect.name} ${how}`;
    });

  it('converts for those who speak another format', () => {
    assert.deepEqual(places('/v1/messages'), [
      'gpt openai-chat converted',
      'claude anthropic as it is',
      'org salesforce-models converted',
    ]);
    assert.equal(destination('/v1/messages', true, MIXED).route.dialect.name, 'anthropic');
    assert.deepEqual(places('/v1/responses'), [
      // Only its model is another one.
      'gpt openai-responses converted',
      'claude anthropic converted',
      'org salesforce-models converted',
    ]);
    assert.equal(destination('/v1/responses', true, MIXED).route.dialect.name, 'openai-responses');
  });

  it('sends what cannot be converted to upstreams of its own vendor', () => {
    assert.deepEqual(places('/v1/messages/batches'), ['claude anthropic as it is']);
    assert.deepEqual(places('/v1/messages/count_tokens'), ['claude anthropic as it is']);
    assert.deepEqual(places('/v1/files'), ['gpt openai-chat as it is']);
    assert.deepEqual(places('/v1/embeddings'), [
      'gpt openai-chat converted',
      'org salesforce-models converted',
    ]);
  });

  it('leaves messages in threads to the vendor that keeps them, and sends them once', () => {
    const path = '/v1/threads/thread_1/messages';
    assert.deepEqual(places(path), ['gpt openai-chat as it is']);
    const { kind, replay } = destination(path, true, MIXED).route;
    assert.deepEqual([kind, replay], ['other', 'strict']);
  });

  it('sends no call of another vendor’s API with a key of its own', () => {
    const all = (dialect: string): string => `
upstreams: { one: { dialect: ${dialect}, endpoints: [https://one.example] } }
routes: [{ match: { path: /** }, upstreams: [one] }]
`;
    const anthropics = ['/v1/messages/batches', '/v1/messages/batches/b1'];
    const openais = ['/v1/responses/input_tokens', '/v1/embeddings', '/v1/batches'];
    const cases: readonly (readonly [string, readonly string[], string, RegExp])[] = [
      ['openai-chat', anthropics, 'anthropic', /Anthropic's API alone/],
      ['openai', anthropics, 'anthropic', /Anthropic's API alone/],
      ['salesforce-models', anthropics, 'anthropic', /Anthropic's API alone/],
      ['anthropic', openais, 'openai', /OpenAI's API alone/],
    ];
    for (const [dialect, paths, vendor, words] of cases) {
      for (const path of paths) {
        for (const post of [true, false]) {
          const { route, service, callerKeys } = destination(path, post, all(dialect));
          assert.deepEqual([route.targets, route.upstream, callerKeys], [[], 'none', false], path);
          assert.ok(route.dialect.name.startsWith(vendor));
          const sink = new RecordingSink();
          service(testCall(), sink);
          assert.equal(sink.error?.code, 'NO_ROUTE');
          assert.match(sink.error.message, words);
        }
      }
    }
    // What is not known to be of models is none of our business.
    assert.equal(destination('/v1/messages/batches', true, all('plain')).route.upstream, 'one');
    for (const path of ['/v1/files', '/v1/batches', '/api/tags']) {
      assert.equal(destination(path, true, all('openai-chat')).route.upstream, 'one');
    }
  });

  it('answers itself what none of them can', () => {
    for (const dialect of ['salesforce-models', 'openai', 'openai-chat']) {
      const yaml = `
upstreams: { one: { dialect: ${dialect}, endpoints: [https://one.example] } }
routes: [{ match: { path: /v1/** }, upstreams: [one] }]
`;
      const { route } = destination('/v1/messages/count_tokens', true, yaml);
      assert.deepEqual(
        [route.upstream, route.dialect.name, route.targets],
        ['none', 'anthropic', []],
      );
    }
  });
});
