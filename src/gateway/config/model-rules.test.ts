import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from './load.ts';

/** What is said of an upstream with these options. */
function said(dialect: string, options: string): readonly string[] {
  const text =
    `upstreams: { u: { dialect: ${dialect}, endpoints: ["https://u.example"], ${options} } }\n` +
    'routes: [{ match: { path: /v1/** }, upstreams: [u] }]\n';
  const readText = (): string => {
    throw new Error('ENOENT');
  };
  return loadConfig({ name: 'f', text }, { env: {}, readText }).lines.map((line) =>
    line.replace(/^f:(\d+:)? /, '').replace('upstreams.u.', ''),
  );
}

const idle: readonly (readonly [dialect: string, options: string, places: readonly string[]])[] = [
  // The default, written, is as idle as anything else.
  ['plain', 'convert: { sampling: true }', ['convert.sampling']],
  [
    'plain',
    'convert: { thinking: budget, efforts: [low] }',
    ['convert.thinking', 'convert.efforts'],
  ],
  ['servicenow', 'models: { a: b }', ['models']],
  ['sse', 'salesforce: { surface: native }', ['salesforce.surface']],
  ['openai', 'salesforce: { toxic: pass }', ['salesforce.toxic']],
  ['anthropic', 'convert: { maxTokensField: max_tokens }', ['convert.maxTokensField']],
  ['openai-responses', 'convert: { streamUsage: false }', ['convert.streamUsage']],
  ['openai-chat', 'convert: { defaultMaxTokens: 9 }', ['convert.defaultMaxTokens']],
  ['anthropic', 'convert: { thinking: none, efforts: [low] }', ['convert.efforts']],
  [
    'salesforce-models',
    'salesforce: { surface: native, endpoint: generations, toxic: refusal, members: { tags: {} } }',
    ['salesforce.endpoint', 'salesforce.members', 'salesforce.toxic'],
  ],
  [
    'salesforce-models',
    'salesforce: { surface: documented, betas: [a] }, convert: { maxTokens: 9, laterSystem: false }',
    ['convert.maxTokens', 'salesforce.betas'],
  ],
];

describe('an option that does nothing', () => {
  for (const [dialect, options, places] of idle) {
    it(`is warned of on ${dialect}: ${options}`, () => {
      const lines = said(dialect, options);
      assert.deepEqual(
        lines.map((line) => /^warning: (\S+): has no effect .*; remove /.exec(line)?.[1]),
        places,
        lines.join('\n'),
      );
    });
  }

  it('is told by its dialect or surface', () => {
    assert.deepEqual(said('plain', 'convert: { maxTokens: 9 }'), [
      'warning: convert.maxTokens: has no effect on the plain dialect; remove it',
    ]);
    const documented = 'salesforce: { surface: documented, betas: [a] }';
    assert.deepEqual(said('salesforce-models', documented), [
      'warning: salesforce.betas: has no effect on the documented surface; remove it',
    ]);
  });

  it('is refused where it would be understood as something else', () => {
    assert.deepEqual(said('openai-chat', 'convert: { thinking: budget }'), [
      'convert.thinking: budget is no form of the openai-chat dialect; write adaptive, none or auto',
    ]);
  });

  it('is not found among options that do something', () => {
    for (const [dialect, options] of [
      ['plain', 'models: { a: b }'],
      ['openai', 'convert: { maxTokensField: max_tokens, thinking: none, efforts: [] }'],
      ['anthropic', 'convert: { defaultMaxTokens: 9, thinking: budget, laterSystem: true }'],
      ['salesforce-models', 'convert: { maxTokens: 9 }, salesforce: { endpoint: generations }'],
      ['salesforce-models', 'salesforce: { surface: native, unsupported: drop, betas: [] }'],
    ] as const) {
      const lines = said(dialect, options).filter((line) => !line.includes('convert.efforts'));
      assert.deepEqual(lines, [], options);
    }
  });

  it('is not found in a configuration without any', () => {
    const { lines } = loadConfig(undefined, { env: {}, readText: () => '' });
    assert.deepEqual(lines, []);
  });
});

const oauth = (url: string, more = 'clientSecret: s'): string =>
  `credentials: { oauth: { tokenUrl: "${url}", clientId: c, ${more} } }`;
const path = '/services/oauth2/token';

describe('a way to log in that cannot work', () => {
  for (const host of ['login.salesforce.com', 'test.salesforce.com']) {
    for (const dialect of ['salesforce-models', 'plain']) {
      it(`is refused: client credentials at ${host}, ${dialect}`, () => {
        assert.deepEqual(said(dialect, oauth(`https://${host}${path}`)), [
          `credentials.oauth.tokenUrl: ${host} does not serve the grant client-credentials; use ` +
            'your My Domain, https://NAME.my.salesforce.com/services/oauth2/token',
        ]);
      });
    }
  }

  it('is not seen in other grants, nor at a domain of one’s own', () => {
    const refresh = 'grant: refresh-token, refreshToken: r';
    const generic = `https://login.salesforce.com${path}`;
    assert.deepEqual(said('salesforce-models', oauth(generic, refresh)), []);
    const own = `https://acme.my.salesforce.com${path}`;
    assert.deepEqual(said('salesforce-models', oauth(own)), []);
  });

  it('is warned of where a header holds a session id, which is not shown', () => {
    const header = 'credentials: { header: { authorization: "Bearer 00Dxx0000000001!AQ.secret" } }';
    assert.deepEqual(said('salesforce-models', header), [
      'warning: credentials.header.authorization: holds a session id, which the Models API ' +
        'answers with 404; use oauth with a client that issues JWT-based access tokens',
    ]);
    // Other APIs of the same org take it.
    assert.deepEqual(said('plain', header), []);
    const token = 'credentials: { header: { authorization: "Bearer a.b.c" } }';
    assert.deepEqual(said('salesforce-models', token), []);
  });
});
