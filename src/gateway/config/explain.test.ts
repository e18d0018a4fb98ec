import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explained, explainedBelow } from './explain.ts';
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
