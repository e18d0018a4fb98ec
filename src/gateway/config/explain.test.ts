import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explained, explainedBelow, unsetBelow } from './explain.ts';
import type { ExplainedOption } from './explain.ts';
import { loadConfig } from './load.ts';

const text = `
listen: 127.0.0.1:1
upstreams:
  u:
    endpoints: ["\${WHERE}"]
    proxy: http://user:pass-word@proxy:3128
    credentials: { header: { authorization: "Bearer \${TOKEN}", x-plain: written-in-the-file } }
    timeouts: { total: 5m }
routes: [{ match: { path: /u/**, header: { x-a: true } }, upstreams: [u] }]
`;
const env = { WHERE: 'https://u.example', TOKEN: 'top-secret' };

function all(source: string | undefined = text): ExplainedOption[] {
  const file = source === undefined ? undefined : { name: 'f', text: source };
  const overrides = { listen: '127.0.0.1:2' };
  const loaded = loadConfig(file, { env, readText: () => '', overrides });
  assert.ok(loaded.settings, loaded.lines.join('\n'));
  return explained(loaded, loaded.settings);
}

function line(path: string): string {
  const option = all().find((each) => each.path === path);
  return option === undefined ? 'absent' : `${option.value} <- ${option.source}`;
}

describe('explain', () => {
  it('never shows a secret, however it was written', () => {
    const shown = JSON.stringify(all());
    assert.doesNotMatch(shown, /top-secret|pass-word|written-in-the-file/);
    assert.equal(
      line('upstreams.u.credentials.header'),
      '{ authorization: ***, x-plain: *** } <- file',
    );
    assert.equal(line('upstreams.u.proxy'), 'http://***@proxy:3128 <- file');
  });

  it('tells where each value comes from', () => {
    assert.equal(line('listen'), '127.0.0.1:2 <- command line');
    assert.equal(line('drain.grace'), '120s <- default');
    assert.equal(line('upstreams.u.timeouts.total'), '5m <- file');
    assert.equal(line('upstreams.u.timeouts.byteIdle'), '15s <- profile rest');
    assert.equal(line('upstreams.u.replay'), 'strict <- profile rest');
    assert.equal(line('routes[0].name'), '/u/** <- default');
  });

  it('shows the value of a variable that is no secret, with its name', () => {
    assert.equal(line('upstreams.u.endpoints'), '["https://u.example"] (from ${WHERE}) <- file');
  });

  it('shows where a route goes, in whichever form it was written', () => {
    const source = `
upstreams: { a: { endpoints: ["https://a.example"] }, b: { endpoints: ["https://b.example"] } }
routes:
  - { match: { path: /short }, upstreams: [a, b] }
  - { match: { path: /long }, upstreams: [{ upstream: b, model: m }] }
`;
    const shown = (path: string): unknown => {
      const found = explainedBelow(all(source), path);
      return found.map(({ path: name, value }) => `${name} = ${value}`);
    };
    assert.deepEqual(shown('routes[0].upstreams'), ['routes[0].upstreams = ["a","b"]']);
    assert.deepEqual(shown('routes[1].upstreams'), [
      'routes[1].upstreams = [{"upstream":"b","model":"m"}]',
      'routes[1].upstreams[0].upstream = b',
      'routes[1].upstreams[0].model = m',
    ]);
    assert.equal(explainedBelow(all(''), 'routes[1].upstreams')[0]?.value, '["anthropic"]');
  });

  it('leaves out what an upstream of this kind has no use for, unless it was written', () => {
    const source = `
upstreams:
  plain: { endpoints: ["https://p.example"] }
  claude: { dialect: anthropic, endpoints: ["https://c.example"] }
  org: { dialect: salesforce-models, endpoints: ["https://o.example"] }
  live: { profile: websocket, endpoints: ["https://l.example"] }
  odd: { endpoints: ["https://q.example"], salesforce: { surface: native } }
routes: [{ match: { path: /** }, upstreams: [plain] }]
`;
    const groups = (name: string): string[] => {
      const below = explainedBelow(all(source), `upstreams.${name}`);
      const found = below.map(({ path }) => path.split('.')[2] ?? '');
      return ['convert', 'salesforce', 'webSocket', 'credentials'].filter((group) =>
        found.includes(group),
      );
    };
    assert.deepEqual(groups('plain'), ['credentials']);
    assert.deepEqual(groups('claude'), ['convert', 'credentials']);
    assert.deepEqual(groups('org'), ['convert', 'salesforce', 'credentials']);
    assert.deepEqual(groups('live'), ['webSocket', 'credentials']);
    assert.deepEqual(groups('odd'), ['salesforce', 'credentials']);
    const login = all(source).filter(({ path }) => path.startsWith('upstreams.org.credentials'));
    assert.deepEqual(
      login.map(({ path, value, source: from }) => [path, value, from]),
      [['upstreams.org.credentials', 'passthrough', 'default']],
    );
  });

  it('shows the limit that what was written comes to', () => {
    const limited = text.replace(
      'timeouts:',
      'limit: { algorithm: fixed, start: 4 }\n    timeouts:',
    );
    const shown = new Map(all(limited).map(({ path, value, source }) => [path, [value, source]]));
    assert.deepEqual(shown.get('upstreams.u.limit.start'), ['4', 'file']);
    assert.deepEqual(shown.get('upstreams.u.limit.max'), ['4', 'the rest of limit']);
    assert.equal(line('upstreams.u.limit.max'), '64 <- profile rest');
    assert.equal(line('upstreams.u.timeouts.queue'), '2s <- profile rest');
  });

  it('keeps the options of one upstream or route together', () => {
    const pieces = all('').map(({ path }) => /^(?:upstreams\.\w+|routes\[\d+\])/.exec(path)?.[0]);
    const changes = pieces.filter((piece, at) => piece !== pieces[at - 1]);
    assert.equal(changes.length, new Set(changes).size);
  });

  it('knows what is there but was not set, and why nothing is', () => {
    const loaded = loadConfig({ name: 'f', text }, { env, readText: () => '' });
    assert.ok(loaded.settings);
    const { settings } = loaded;
    const told = (path: string): string[] =>
      unsetBelow(path, loaded, settings).map((option) => `${option.path}: ${option.source}`);
    assert.deepEqual(told('upstreams.u.ca'), ['upstreams.u.ca: no default']);
    assert.ok(
      told('upstreams.u.salesforce').includes(
        'upstreams.u.salesforce.surface: no use for this dialect',
      ),
    );
    assert.deepEqual(told('upstreams.v.ca'), []);
    assert.deepEqual(told('upstreams.u.proxy'), []);
  });

  it('says which options wait for the next start', () => {
    const waiting = all('').filter(({ restart }) => restart);
    const paths = waiting.map(({ path }) => path);
    assert.ok(['workers', 'breaker.failures', 'limits.keepAlive'].every((p) => paths.includes(p)));
    assert.ok(!paths.includes('limits.replayBytes'));
    assert.ok(paths.every((path) => !/^(upstreams|routes|access|drain)/.test(path)));
  });

  it('marks what is built in', () => {
    const option = explainedBelow(all(''), 'routes[0].match.path')[0];
    assert.deepEqual([option?.value, option?.source], ['/v1/models/**', 'built in']);
  });

  it('gives a reason for every option', () => {
    for (const { path, doc, why } of all()) assert.ok(doc !== '' && why !== '', path);
  });

  it('finds a group by its path, and not its neighbours', () => {
    const paths = explainedBelow(all(), 'limits').map(({ path }) => path);
    assert.ok(paths.includes('limits.headBytes'));
    assert.ok(paths.every((path) => path.startsWith('limits.')));
    assert.deepEqual(explainedBelow(all(), 'limit'), []);
  });
});
