import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../core/errors.ts';
import { BufferBudget, ReplayBody } from '../core/replay-body.ts';
import { RecordingSink, testCall } from '../testing/index.ts';
import { loadConfig } from './config/load.ts';
import { ownAnswer } from './own-answers.ts';
import type { OwnAnswer } from './own-answers.ts';
import type { Tier } from './targets.ts';

const upstreams = {
  org: {
    dialect: 'salesforce-models',
    endpoints: ['https://org.example'],
    models: { 'claude-a': 'x', 'gpt/b': 'y', 'claude-*': 'z' },
  },
  claude: { dialect: 'anthropic', endpoints: ['https://claude.example'] },
  gpt: { dialect: 'openai', endpoints: ['https://gpt.example'] },
  rows: { endpoints: ['https://rows.example'] },
};

function answerOf(names: readonly string[], path: string, post: boolean): OwnAnswer | undefined {
  const routes = [{ match: { path: '/**' }, upstreams: Object.keys(upstreams).slice(0, 1) }];
  const { settings } = loadConfig(
    { value: { upstreams, routes } },
    { env: {}, readText: () => '' },
  );
  const tiers = names.map((name): Tier => {
    const found = settings?.upstreams.get(name);
    assert.ok(found !== undefined);
    return { settings: found, endpoints: [], model: undefined };
  });
  return ownAnswer(tiers, path, post);
}

const COUNT = '/v1/messages/count_tokens';

function said(own: OwnAnswer | undefined, call = testCall()): RecordingSink {
  assert.ok(own !== undefined);
  const sink = new RecordingSink();
  own.service(call, sink);
  return sink;
}

describe('what the gateway answers for upstreams that cannot', () => {
  it('is a count of tokens where no upstream is Anthropic', () => {
    assert.equal(answerOf(['gpt'], COUNT, true)?.name, 'count-tokens');
    assert.equal(answerOf(['org', 'gpt'], COUNT, true)?.name, 'count-tokens');
    assert.equal(answerOf(['gpt', 'claude'], COUNT, true), undefined);
    assert.equal(answerOf(['rows'], COUNT, true), undefined);
    assert.equal(answerOf(['gpt'], COUNT, false), undefined);
  });

  it('counts by the length of what is asked', () => {
    const own = answerOf(['gpt'], COUNT, true);
    const asking = (text: string): string =>
      JSON.stringify({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: text }] });
    const count = (text: string): number =>
      JSON.parse(said(own, testCall({ body: asking(text) })).text).input_tokens;
    assert.ok(count('word '.repeat(400)) > 10 * count('word '.repeat(30)));
  });

  it('says what is wrong with a request that cannot be counted', () => {
    const own = answerOf(['gpt'], COUNT, true);
    assert.equal(said(own, testCall({ body: 'no json' })).error?.code, 'BAD_REQUEST');
    const { error } = said(own, testCall({ body: '{"messages":5}' }));
    assert.equal(error?.code, 'BAD_REQUEST');
    assert.match(error?.detail ?? '', /messages/);
  });

  it('forgets a caller who leaves before all was said', () => {
    const body = new ReplayBody(-1, 1_000, new BufferBudget(1_000), undefined);
    const call = testCall({ body });
    const sink = said(answerOf(['gpt'], COUNT, true), call);
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    body.push(Buffer.from('{}'));
    body.finish();
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
  });

  it('is a list of the configured names where an org has none', () => {
    const own = answerOf(['org'], '/v1/models', false);
    const get = { method: 'GET', path: '/v1/models', body: '' };
    const openai = JSON.parse(said(own, testCall(get)).text);
    assert.deepEqual(
      openai.data.map(({ id }: { id: string }) => id),
      ['claude-a', 'gpt/b'],
    );
    assert.equal(openai.object, 'list');
    const headers = { 'anthropic-version': '2023-06-01' };
    const anthropic = JSON.parse(said(own, testCall({ ...get, headers })).text);
    assert.equal(anthropic.first_id, 'claude-a');
    assert.equal(anthropic.data[0].type, 'model');
    assert.equal(answerOf(['claude', 'org'], '/v1/models', false), undefined);
  });

  it('knows one model by its name, and refuses others', () => {
    const own = answerOf(['org'], '/v1/models/gpt%2Fb', false);
    const get = { method: 'GET', body: '' };
    const known = said(own, testCall({ ...get, path: '/v1/models/gpt%2Fb' }));
    assert.equal(JSON.parse(known.text).id, 'gpt/b');
    const deleting = { ...get, method: 'DELETE', path: '/v1/models/gpt%2Fb' };
    assert.equal(said(own, testCall(deleting)).error?.code, 'NO_ROUTE');
    for (const path of ['/v1/models/gpt', '/v1/models/%ff']) {
      assert.equal(said(own, testCall({ ...get, path })).error?.code, 'NO_ROUTE');
    }
  });
});
