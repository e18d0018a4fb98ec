import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderList } from '../core/header-list.ts';
import type { CallError } from '../core/errors.ts';
import { BufferBudget, ReplayBody } from '../core/replay-body.ts';
import type { Resolution } from '../core/route.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import { testCall } from '../testing/test-call.ts';
import { loadConfig } from './config/load.ts';
import { PLANS_MAX, PathPlans } from './path-plans.ts';
import { headOf, stubServices } from './router.fixture.ts';
import type { Fields } from './router.fixture.ts';
import { ConfiguredRouter, SwitchRouter } from './router.ts';

function routerOf(text: string, env: Record<string, string> = {}): ConfiguredRouter {
  const loaded = loadConfig({ name: 'f', text }, { env, readText: () => '' });
  assert.ok(loaded.settings, loaded.lines.join('\n'));
  return new ConfiguredRouter(loaded.settings, stubServices, env);
}

function resolve(
  router: ConfiguredRouter,
  line: string,
  fields: Fields = {},
  body = '',
): Resolution {
  const held = body === '' ? ReplayBody.none() : ReplayBody.from(Buffer.from(body));
  const resolution = router.resolve(headOf(line, fields, body !== ''), held);
  assert.ok(resolution);
  return resolution;
}

/** The fields as the first target of the route is sent them. */
function sent({ route, headers }: Resolution): HeaderList {
  return route.targets[0]?.edit?.headers(headers) ?? headers;
}

/** `upstream dialect replay`, or the code of a refusal, or the status of a local answer. */
function goesTo(router: ConfiguredRouter, line: string, fields: Fields = {}, body = ''): string {
  const { route, service } = resolve(router, line, fields, body);
  if (route.upstream !== 'none') return `${route.upstream} ${route.dialect.name} ${route.replay}`;
  const { head, error } = answerOf(service);
  return error === undefined ? String(head) : `${error.code} ${route.dialect.name}`;
}

function answerOf(service: Resolution['service']): { head?: number; error?: CallError } {
  const sink = new RecordingSink();
  service(testCall({ method: 'GET' }), sink);
  for (const event of sink.events) {
    if (event.type === 'start') return { head: event.head.status };
    if (event.type === 'fail') return { error: event.error };
  }
  return {};
}

const builtIn = routerOf('');
const key = { 'x-api-key': 'k' };
const bearer = { authorization: 'Bearer k' };
const version = { 'anthropic-version': '2023-06-01', ...bearer };
const sim = '{"model":"sim-chat"}';
const gpt = '{"messages":[],"model":"gpt-5"}';

const table: readonly (readonly [string, string, Fields, string])[] = [
  ['POST /v1/messages', 'anthropic anthropic idle-race', key, '{"model":"claude-x"}'],
  ['POST /v1/messages?beta=true', 'anthropic anthropic idle-race', {}, '{"model":"claude-x"}'],
  [
    'POST /v1/messages/count_tokens?beta=true',
    'anthropic anthropic idle-race',
    key,
    '{"model":"c"}',
  ],
  ['POST /v1/messages/batches', 'anthropic anthropic strict', key, '{}'],
  ['GET /v1/messages/batches/b1', 'anthropic anthropic strict', key, ''],
  ['POST /v1/chat/completions', 'openai openai-chat idle-race', bearer, gpt],
  ['POST /v1/responses', 'openai openai-responses idle-race', bearer, gpt],
  ['GET /v1/responses/r1?stream=true', 'openai openai-responses strict', bearer, ''],
  ['POST /v1/responses/r1/cancel', 'openai openai-responses strict', bearer, ''],
  ['POST /v1/embeddings', 'openai openai-chat idle-race', bearer, gpt],
  ['GET /v1/models', 'openai openai-chat strict', bearer, ''],
  ['GET /v1/models/x', 'openai openai-chat strict', bearer, ''],
  ['GET /v1/models', 'anthropic anthropic strict', key, ''],
  ['GET /v1/models?limit=1000', 'anthropic anthropic strict', version, ''],
  ['GET /v1/models', 'simulator openai-chat strict', {}, ''],
  ['GET /v1/models', 'simulator openai-chat strict', { 'anthropic-version': 'x' }, ''],
  ['POST /v1/files', 'anthropic anthropic strict', key, '--boundary'],
  ['POST /v1/files', 'openai openai-chat strict', bearer, '--boundary'],
  ['GET /v1/skills', 'anthropic anthropic strict', version, ''],
  ['POST /v1/messages', 'simulator anthropic strict', key, sim],
  ['POST /v1/chat/completions', 'simulator openai-chat strict', {}, sim],
  ['POST /v1/responses', 'simulator openai-responses strict', {}, sim],
  ['HEAD /', '200', {}, ''],
  ['HEAD /api/hello', '200', {}, ''],
  ['GET /api/hello', '200', {}, ''],
  ['POST /api/hello', 'NO_ROUTE plain', {}, ''],
  ['GET /foo', 'NO_ROUTE plain', {}, ''],
  ['POST /messages', 'NO_ROUTE anthropic', version, '{}'],
  ['POST /responses', 'NO_ROUTE openai-responses', bearer, '{}'],
  ['POST /chat/completions', 'NO_ROUTE openai-chat', bearer, '{}'],
  ['OPTIONS *', 'NO_ROUTE plain', {}, ''],
];

describe('the built-in routes', () => {
  for (const [line, where, fields, body] of table) {
    const asked = [line, Object.keys(fields).join('+'), body].filter(Boolean).join(' ');
    it(`${asked} -> ${where}`, () => assert.equal(goesTo(builtIn, line, fields, body), where));
  }

  it('say in a refusal what to do', () => {
    const detail = (line: string): string | undefined =>
      answerOf(resolve(builtIn, line).service).error?.detail;
    assert.equal(
      detail('GET /foo?x=secret'),
      'GET /foo is not served here: use /v1/messages, /v1/chat/completions or /v1/responses, or add a route for it.',
    );
    assert.equal(
      detail('POST /responses'),
      'POST /responses is not served here: the path must start with /v1, so end the base URL in /v1.',
    );
  });

  it('turn a WebSocket handshake away with the status at which Codex falls back to HTTP', () => {
    const head = headOf('GET /v1/responses', bearer);
    head.upgrade = 'websocket';
    const resolution = builtIn.resolve(head, ReplayBody.none());
    assert.equal(resolution?.route.upstream, 'none');
    assert.equal(answerOf(resolution.service).head, 426);
    // The one of the caller's next try, too: handshakes come in storms.
    assert.equal(builtIn.resolve(head, ReplayBody.none())?.service, resolution.service);
    head.upgrade = 'h2c';
    assert.equal(builtIn.resolve(head, ReplayBody.none())?.route.upstream, 'openai');
  });

  it('can be pointed elsewhere by the environment', () => {
    const env = { HOLDFAST_ANTHROPIC_URL: 'http://127.0.0.1:9/base' };
    const { route } = resolve(routerOf('', env), 'POST /v1/messages', key, '{"model":"c"}');
    assert.deepEqual(
      route.endpoints.map(({ port, basePath }) => [port, basePath]),
      [[9, '/base']],
    );
  });

  it('lead nowhere offline when the simulator is off', () => {
    const router = routerOf('simulator: false');
    assert.equal(goesTo(router, 'POST /v1/messages', key, sim), 'anthropic anthropic idle-race');
    assert.equal(goesTo(router, 'GET /v1/models'), 'openai openai-chat strict');
  });

  it('ask for uncompressed completions and leave everything else alone', () => {
    const fields = { ...key, 'accept-encoding': 'gzip' };
    const completion = resolve(builtIn, 'POST /v1/messages', fields, '{"model":"c"}');
    assert.equal(sent(completion).get('accept-encoding'), 'identity');
    const list = resolve(builtIn, 'GET /v1/messages/batches', fields);
    assert.equal(sent(list).get('accept-encoding'), 'gzip');
  });
});

const configured = `
upstreams:
  now: { endpoints: ["https://now.example"], credentials: { header: { x-api-key: stored } } }
  claude: { dialect: anthropic, endpoints: ["https://a.example"], replay: strict }
  local: { dialect: ndjson, profile: llm-local, endpoints: ["http://127.0.0.1:11434"] }
routes:
  - match: { path: /now/**, method: get }
    upstreams: [now]
    rewrite: { stripPrefix: /now, addPrefix: /api }
  - { match: { path: /v1/messages, model: "claude-*" }, upstreams: [claude] }
  - { match: { path: /v1/messages, header: { x-team: "red-*" } }, upstreams: [local] }
  - { match: { path: /api/** }, upstreams: [local] }
`;

describe('configured routes', () => {
  const router = routerOf(configured);

  it('are tried in order, with all their conditions', () => {
    const claude = '{"model":"claude-1"}';
    assert.equal(goesTo(router, 'POST /v1/messages', {}, claude), 'claude anthropic strict');
    const red = { 'x-team': 'red-1' };
    assert.equal(
      goesTo(router, 'POST /v1/messages', red, '{"model":"m"}'),
      'local ndjson idle-race',
    );
    assert.equal(goesTo(router, 'GET /v1/messages', red), 'local ndjson strict');
    const blue = { 'x-team': 'blue' };
    assert.equal(goesTo(router, 'POST /v1/messages', blue, '{"model":"m"}'), 'NO_ROUTE anthropic');
    assert.equal(goesTo(router, 'POST /now/x', {}, '{}'), 'NO_ROUTE plain');
  });

  it('know the completions of local servers', () => {
    assert.equal(goesTo(router, 'POST /api/chat', {}, '{}'), 'local ndjson idle-race');
    assert.equal(goesTo(router, 'POST /api/pull', {}, '{}'), 'local ndjson strict');
  });

  it('rewrite the path and keep the query', () => {
    assert.equal(resolve(router, 'GET /now/table/x?q=/now').path, '/api/table/x?q=/now');
    assert.equal(resolve(router, 'GET /now').path, '/api');
  });

  it('name the stored credentials that take the place of those of the caller', () => {
    const { route } = resolve(router, 'GET /now/x', { authorization: 'mine', accept: '*/*' });
    assert.equal(route.targets[0]?.route.credential, route.upstream);
  });

  it('never lend stored credentials to a web page', () => {
    const line = 'GET /now/x';
    assert.equal(goesTo(router, line, { origin: 'https://evil.example' }), 'FORBIDDEN plain');
    assert.equal(goesTo(router, line, { 'sec-fetch-site': 'cross-site' }), 'FORBIDDEN plain');
    const rebound = headOf(line);
    rebound.authority = 'evil.example:8787';
    const refused = router.resolve(rebound, ReplayBody.none());
    assert.equal(refused?.route.upstream, 'none');
    const own = { origin: 'https://evil.example', 'x-team': 'red-1' };
    assert.equal(goesTo(router, 'GET /v1/messages', own), 'local ndjson strict');
  });

  for (const path of [
    '/now/../v1',
    '/now/%2e%2E/x',
    '/now/.',
    '/now/..%2fx',
    '/now/..;/x',
    '/now\\..\\x',
  ]) {
    it(`refuse the path ${path}, which others may read as another one`, () => {
      assert.equal(goesTo(router, `GET ${path}`), 'BAD_REQUEST plain');
    });
  }

  it('take paths whose names hold dots', () => {
    assert.equal(goesTo(router, 'GET /now/a..b/.well-known/...'), 'now plain strict');
  });

  it('send `OPTIONS *` as it is to a route for everything, and to no other', () => {
    const all = routerOf(`
upstreams: { u: { endpoints: ["https://u.example"] } }
routes:
  - { name: root, match: { path: / }, upstreams: [u] }
  - { name: one, match: { path: /* }, upstreams: [u] }
  - { name: some, match: { path: /some/** }, upstreams: [u] }
  - { name: all, match: { path: /** }, upstreams: [u], rewrite: { addPrefix: /api } }
`);
    const { route, path } = resolve(all, 'OPTIONS *');
    assert.deepEqual([route.name, path], ['all', '*']);
    assert.equal(resolve(all, 'OPTIONS /x/y').path, '/api/x/y');
  });

  it('remember a bounded number of targets', () => {
    const plans = new PathPlans(router.table.routes);
    for (let n = 0; n < PLANS_MAX + 10; n += 1) plans.planFor(`/now/${n}`);
    assert.equal(plans.size, 10);
    assert.equal(plans.planFor('/now/1'), plans.planFor('/now/1'));
    plans.planFor(`/now/${'x'.repeat(2_000)}`);
    assert.equal(plans.size, 11);
  });
});

describe('a decision that waits for the body', () => {
  it('is made as soon as the model is there', () => {
    const body = new ReplayBody(-1, 1_000, new BufferBudget(1_000), undefined);
    const head = headOf('POST /v1/messages', {}, true);
    assert.equal(builtIn.resolve(head, body), undefined);
    body.push(Buffer.from('{"max_tokens":1,'));
    assert.equal(builtIn.resolve(head, body), undefined);
    body.push(Buffer.from('"model":"sim-echo"'));
    assert.equal(builtIn.resolve(head, body)?.route.upstream, 'simulator');
  });

  it('is made without a model when the body outgrows what may be kept', () => {
    const body = new ReplayBody(-1, 8, new BufferBudget(1_000), undefined);
    const head = headOf('POST /v1/messages', {}, true);
    assert.equal(builtIn.resolve(head, body), undefined);
    body.push(Buffer.from('{"messages":["long"'));
    assert.equal(builtIn.resolve(head, body)?.route.upstream, 'anthropic');
  });

  it('stays with the configuration under which it began', () => {
    const before = routerOf(configured);
    const router = new SwitchRouter(before);
    const body = new ReplayBody(-1, 1_000, new BufferBudget(1_000), undefined);
    const head = headOf('POST /v1/messages', {}, true);
    assert.equal(router.resolve(head, body), undefined);
    router.current = routerOf('');
    body.push(Buffer.from('{"model":"claude-1"}'));
    assert.equal(router.resolve(head, body)?.route.name, '/v1/messages claude-*');
    assert.equal(
      router.resolve(headOf('GET /v1/x', key), ReplayBody.none())?.route.name,
      'anthropic-by-key',
    );
  });
});
