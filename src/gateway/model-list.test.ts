import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReplayBody } from '../core/replay-body.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import { testCall } from '../testing/test-call.ts';
import { loadConfig } from './config/load.ts';
import { listAsk } from './model-list.ts';
import { headOf, stubServices } from './router.fixture.ts';
import type { Fields } from './router.fixture.ts';
import { ConfiguredRouter } from './router.ts';

const UPSTREAMS = `
upstreams:
  ant: { dialect: anthropic, endpoints: [https://ant.example], models: { opus: claude-x } }
  bare: { dialect: anthropic, endpoints: [https://bare.example] }
  chat:
    dialect: openai-chat
    endpoints: [https://chat.example]
    models: { qwen: q3, "claude-*": q3 }
  org:
    dialect: salesforce-models
    endpoints: [https://org.example]
    models: { claude-sf: sfdc_a, gpt/sf: sfdc_b, opus: sfdc_c }
  rows: { endpoints: [https://rows.example] }
simulator: false
`;

function asked(routes: string, line: string, fields: Fields = {}): string | readonly string[] {
  const text = `${UPSTREAMS}routes:\n${routes}`;
  const { settings, lines } = loadConfig({ name: 'f', text }, { env: {}, readText: () => '' });
  assert.ok(settings, lines.join('\n'));
  const router = new ConfiguredRouter(settings, stubServices, {});
  const resolution = router.resolve(headOf(line, fields), ReplayBody.none());
  assert.ok(resolution);
  if (resolution.route.upstream !== 'none') return resolution.route.upstream;
  const sink = new RecordingSink();
  const [method = '', path = ''] = line.split(' ');
  resolution.service(testCall({ method, path, body: '', headers: fields }), sink);
  if (sink.error !== undefined) return sink.error.code;
  const json = JSON.parse(sink.text) as { id?: string; data?: { id: string }[] };
  return json.data?.map(({ id }) => id) ?? `one ${json.id}`;
}

const tiers = (list: string): string => `  - { match: { path: /v1/** }, upstreams: [${list}] }\n`;
const GET = 'GET /v1/models';

describe('a list of models', () => {
  it('has the names of the tables of all upstreams of a route, whatever they speak', () => {
    const all = ['opus', 'qwen', 'claude-sf', 'gpt/sf'];
    assert.deepEqual(asked(tiers('ant, chat, org'), GET), all);
    assert.deepEqual(asked(tiers('ant, chat, org'), `${GET}?limit=1000`), all);
    assert.deepEqual(asked(tiers('org, ant, bare'), GET), ['claude-sf', 'gpt/sf', 'opus']);
  });

  it('has the names of all routes, also of those that ask for a model', () => {
    const routes = `
  - { match: { path: /v1/**, model: "claude-*" }, upstreams: [org] }
  - { match: { path: /v1/messages, model: "opus" }, upstreams: [bare] }
  - { match: { path: /v1/chat/completions, model: "q*" }, upstreams: [chat] }
  - { match: { path: /other/**, model: "gpt/sf" }, upstreams: [org] }
`;
    // Through these routes nobody gets the others of the tables.
    assert.deepEqual(asked(routes, GET), ['claude-sf', 'opus', 'qwen']);
    assert.deepEqual(asked(routes, 'GET /other/models'), ['gpt/sf']);
    assert.equal(asked(routes, 'GET /v1/models/qwen'), 'one qwen');
    assert.equal(asked(routes, 'GET /v1/models/nothing'), 'NO_ROUTE');
    assert.equal(asked(routes, 'POST /v1/models'), 'NO_ROUTE');
  });

  it('has the names of the routes whose conditions the caller meets', () => {
    const routes = `
  - { match: { path: /v1/**, header: { x-team: blue } }, upstreams: [org] }
  - { match: { path: /v1/** }, upstreams: [chat] }
`;
    assert.deepEqual(asked(routes, GET), ['qwen']);
    const both = ['claude-sf', 'gpt/sf', 'opus', 'qwen'];
    assert.deepEqual(asked(routes, GET, { 'x-team': 'blue' }), both);
  });

  it('is asked of an upstream that has no table, except for what another one has', () => {
    assert.equal(asked(tiers('bare, chat, org'), GET), 'bare');
    assert.equal(asked(tiers('bare, chat, org'), 'GET /v1/models/claude-sf'), 'one claude-sf');
    assert.equal(asked(tiers('bare, chat, org'), 'GET /v1/models/claude-x'), 'bare');
    assert.equal(asked(tiers('bare'), GET), 'bare');
    assert.equal(asked(tiers('rows'), GET), 'rows');
  });

  it('is in the form of the vendor whose client asks', () => {
    const fields = { 'anthropic-version': '2023-06-01' };
    assert.deepEqual(asked(tiers('chat'), GET, fields), ['qwen']);
    assert.equal(asked(tiers('org'), 'GET /v1/models/gpt%2Fsf', fields), 'one gpt/sf');
  });

  it('is shown to no web page where a route has credentials of its own', () => {
    const stored = `
  - match: { path: /v1/** }
    upstreams: [key]
`;
    const text = `
upstreams:
  key:
    dialect: openai-chat
    endpoints: [https://key.example]
    credentials: { header: { authorization: Bearer x } }
    models: { mine: theirs }
routes:${stored}`;
    const { settings } = loadConfig({ name: 'f', text }, { env: {}, readText: () => '' });
    assert.ok(settings);
    const router = new ConfiguredRouter(settings, stubServices, {});
    const codeOf = (fields: Fields): string | undefined => {
      const sink = new RecordingSink();
      const found = router.resolve(headOf(GET, fields), ReplayBody.none());
      found?.service(testCall({ method: 'GET', path: '/v1/models' }), sink);
      return sink.error?.code;
    };
    assert.equal(codeOf({}), undefined);
    assert.equal(codeOf({ origin: 'https://evil.example' }), 'FORBIDDEN');
  });
});

describe('a path of a list of models', () => {
  it('is told by its end', () => {
    assert.equal(listAsk('/v1/models')?.one, undefined);
    assert.deepEqual(listAsk('/team/v1/models')?.places.slice(0, 2), [
      '/team/v1/messages',
      '/team/v1/chat/completions',
    ]);
    assert.equal(listAsk('/v1/models/a%2Fb')?.one, 'a/b');
    assert.equal(listAsk('/v1/models/%ff')?.one, '%ff');
    for (const path of ['/v1/models/a/b', '/v1/modelss', '/models.html', '/']) {
      assert.equal(listAsk(path), undefined, path);
    }
  });
});
