import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from './load.ts';
import type { Loaded } from './load.ts';

const env = { KEY: 'sk-very-secret', BAD: 'sk-very-secret\nx', HOST: 'nonsense' };

function load(text: string, overrides: Record<string, unknown> = {}): Loaded {
  const readText = (file: string): string => {
    if (file !== 'ca.pem') throw new Error('ENOENT');
    return '-----BEGIN CERTIFICATE-----';
  };
  return loadConfig({ name: 'f.yaml', text }, { env, readText, overrides });
}

const upstream = (inside: string): string =>
  `upstreams:\n  u: { endpoints: ["https://u.example"]${inside === '' ? '' : `, ${inside}`} }\n` +
  'routes: [{ match: { path: /** }, upstreams: [u] }]\n';

/** A file with one fault, and the one line that is said about it. */
const faults: readonly (readonly [string, string])[] = [
  ['listne: 1', 'f.yaml:1: listne: unknown option; did you mean "listen"?'],
  [
    'replicas: 4',
    'f.yaml:1: replicas: unknown option; known: listen, admin, workers, reusePort, access, allowRemote, edge, drain, guard, breaker, simulator, log, limits, upstreams, routes',
  ],
  ['listen: 8787', 'f.yaml:1: listen: 8787 is not a text like "127.0.0.1:8787"'],
  [
    'listen: "host"',
    'f.yaml:1: listen: "host" is not an address; write for example "127.0.0.1:8787"',
  ],
  ['drain: { lag: 30 }', 'f.yaml:1: drain.lag: 30 has no unit; write for example "30s"'],
  ['drain: { lag: "30" }', 'f.yaml:1: drain.lag: "30" has no unit; write for example "30s"'],
  [
    'limits:\n  headBytes: 4096',
    'f.yaml:2: limits.headBytes: 4096 has no unit; write for example "4096KiB"',
  ],
  [
    'limits: { headBytes: 10B }',
    'f.yaml:1: limits.headBytes: "10B" is below the least value, 1KiB',
  ],
  [
    'limits: { headFields: 4 }',
    'f.yaml:1: limits.headFields: 4 is not a whole number from 16 to 1024',
  ],
  [
    'limits: 5',
    'f.yaml:1: limits: 5 is not a group of headBytes, headFields, bodyBytes, replayBytes, bufferBytes, connections, headTimeout, bodyStall, writeStall, keepAlive, connectionAge',
  ],
  [
    'edge: nod-http',
    'f.yaml:1: edge: "nod-http" is not one of "own", "node-http"; did you mean "node-http"?',
  ],
  ['simulator: maybe', 'f.yaml:1: simulator: "maybe" is not true or false'],
  [
    'log: { level: loud }',
    'f.yaml:1: log.level: "loud" is not one of "debug", "info", "warn", "error", "silent"',
  ],
  [
    upstream('dialect: antropic'),
    'f.yaml:2: upstreams.u.dialect: "antropic" is not one of "anthropic", "openai", "openai-chat", "openai-responses", "salesforce-models", "servicenow", "ndjson", "sse", "plain"; did you mean "anthropic"?',
  ],
  [
    upstream('timeouts: { firstbyte: 3s }'),
    'f.yaml:2: upstreams.u.timeouts.firstbyte: unknown option; did you mean "firstByte"?',
  ],
  [
    upstream('timeouts: { total: 0s }'),
    'f.yaml:2: upstreams.u.timeouts.total: "0s" is below the least value, 100ms',
  ],
  [
    upstream('credentials: { heder: {} }'),
    'f.yaml:2: upstreams.u.credentials.heder: unknown option; did you mean "header"?',
  ],
  [
    upstream('credentials: passtrough'),
    'f.yaml:2: upstreams.u.credentials: "passtrough" is not "passthrough"; did you mean "passthrough"?',
  ],
  [
    upstream('credentials: { header: { "a b": c } }'),
    'f.yaml:2: upstreams.u.credentials.header.a b: the name is not a header name',
  ],
  [
    upstream('credentials: { header: { x-api-key: ${BAD} } }'),
    'f.yaml:2: upstreams.u.credentials.header.x-api-key: the value of ${BAD} holds a character that HTTP does not allow in a header',
  ],
  [
    upstream('credentials: { header: { x-api-key: ${NO_KEY} } }'),
    'f.yaml:2: upstreams.u.credentials.header.x-api-key: the environment variable NO_KEY is not set; set it, or write ${NO_KEY:-fallback}',
  ],
  [
    'upstreams: { u: { endpoints: [ ${HOST} ] } }',
    'f.yaml:1: upstreams.u.endpoints[0]: the value of ${HOST} is not an HTTP address; write for example "https://api.example.com"',
  ],
  [
    'upstreams: { u: { endpoints: ["https://a:b@c.example"] } }',
    'f.yaml:1: upstreams.u.endpoints[0]: "https://***@c.example" holds a user or password; move it to credentials.header',
  ],
  [
    'upstreams: { u: { endpoints: [] } }',
    'f.yaml:1: upstreams.u.endpoints: is empty; name one address',
  ],
  ['upstreams: { u: {} }', 'f.yaml:1: upstreams.u.endpoints: is missing'],
  [
    'upstreams: { 9u: { endpoints: ["https://u.example"] } }',
    'f.yaml:1: upstreams.9u: the name is not a name; use letters, digits, dot, dash and underscore, a letter first',
  ],
  [
    'routes: [{ match: { path: v1 }, upstreams: [openai] }]',
    'f.yaml:1: routes[0].match.path: "v1" is not a path pattern; write for example "/v1/messages" or "/files/**"',
  ],
  [
    'routes: [{ match: { path: /a** }, upstreams: [openai] }]',
    'f.yaml:1: routes[0].match.path: "/a**" holds ** beside other characters; it must be a whole segment',
  ],
  ['routes: [{ upstreams: [openai] }]', 'f.yaml:1: routes[0].match: is missing'],
  [
    'upstreams: { s: { dialect: sse, endpoints: ["https://s.example"] }, o: { dialect: openai, endpoints: ["https://o.example"] } }\nroutes: [{ match: { path: /a }, upstreams: [o, s] }]',
    'f.yaml:2: routes[0].upstreams[1]: "s" speaks sse, but "o" speaks openai; upstreams of one route speak one dialect, or are all models',
  ],
  ['a: b: c', 'f.yaml: line 1, column 4: Nested mappings are not allowed in compact mappings'],
  ['- a', 'f.yaml: the file is not a list of options; write for example "listen: 127.0.0.1:8787"'],
];

describe('loading a configuration', () => {
  for (const [text, line] of faults) {
    it(`says: ${line.replace(/^f\.yaml:?\d*:? ?/, '')}`, () => {
      const loaded = load(text);
      assert.equal(loaded.settings, undefined);
      assert.ok(loaded.lines.includes(line), loaded.lines.join('\n'));
    });
  }

  it('names every fault at once, each on its line', () => {
    const { lines } = load('listen: 1\n\nworkers: 0\nlimits:\n  bodyBytes: 3\n');
    assert.deepEqual(
      lines.map((line) => line.slice(0, 8)),
      ['f.yaml:1', 'f.yaml:3', 'f.yaml:5'],
    );
  });

  it('never prints a secret or the value of a variable', () => {
    const text = upstream('credentials: { header: { x-api-key: ${BAD} } }, ca: ${KEY}');
    assert.doesNotMatch(load(text).lines.join('\n'), /very-secret/);
  });

  it('names options of the design that nothing reads yet, and guesses no other name', () => {
    const { lines } = load(`state: memory\n${upstream('')}`);
    assert.deepEqual(
      lines.map((line) => line.replace(/^\S+ /, '')),
      ['state: unknown option; it is planned and not made yet; remove it'],
    );
    const value = {
      upstreams: { u: { endpoints: ['https://u.example'] } },
      routes: [{ match: { path: '/**' }, upstreams: ['u'], cache: {}, cahce: {} }],
    };
    const said = loadConfig({ value }, { env: {}, readText: () => '' }).lines;
    assert.match(said[0] ?? '', /^routes\[0\]\.cache: unknown option; it is planned/);
    assert.match(said[1] ?? '', /^routes\[0\]\.cahce: unknown option; (did you mean|known:)/);
  });

  it('takes an empty file, and options without a value, for nothing said', () => {
    for (const text of ['', '# only a comment', 'limits:\nlog:\n']) {
      const { settings, lines } = load(text);
      assert.deepEqual(lines, [], text);
      assert.equal(settings?.routes.length, 8);
    }
  });

  it('lets the command line take the place of single options', () => {
    const { settings } = load('listen: 127.0.0.1:1\nlog: { access: false }', {
      listen: '127.0.0.1:2',
      log: { level: 'warn' },
    });
    assert.equal(settings?.listen.port, 2);
    assert.deepEqual(settings?.log, { access: false, level: 'warn' });
  });

  it('uses the built-in upstreams with own routes', () => {
    const { settings, lines } = load('routes: [{ match: { path: /** }, upstreams: [openai] }]');
    assert.deepEqual(lines, []);
    assert.deepEqual(settings?.routes[0]?.upstreams, [{ name: 'openai', model: undefined }]);
  });

  it('fills in what the profile says, and replaces what is told', () => {
    const { settings } = load(upstream('dialect: openai, timeouts: { byteIdle: 60s }'));
    const u = settings?.upstreams.get('u');
    assert.equal(u?.profile, 'llm-hosted');
    assert.equal(u?.limits.firstByteMs, 120_000);
    assert.equal(u?.limits.byteIdleMs, 60_000);
    assert.equal(u?.limits.byteIdleAfterPingMs, 60_000);
    assert.equal(u?.completionReplay, 'idle-race');
    assert.equal(u?.otherReplay, 'strict');
  });

  it('reads certificate files once', () => {
    const { settings } = load(upstream('ca: ca.pem'));
    assert.match(settings?.upstreams.get('u')?.ca ?? '', /BEGIN/);
  });

  it('freezes what it answers', () => {
    const { settings } = load('');
    assert.throws(() => Object.assign(settings?.limits ?? {}, { headBytes: 1 }), TypeError);
  });
});
