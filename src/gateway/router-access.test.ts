import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BufferBudget, ReplayBody } from '../core/replay-body.ts';
import type { Resolution } from '../core/route.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import { testCall } from '../testing/test-call.ts';
import { loadConfig } from './config/load.ts';
import { headOf, stubServices } from './router.fixture.ts';
import type { Fields } from './router.fixture.ts';
import { ConfiguredRouter } from './router.ts';

const KEY = 'hf-0123456789abcdef';
const config = {
  access: { keys: [{ name: 'ui', key: KEY, tenant: 'web', priority: 'interactive' }] },
};

function router(): ConfiguredRouter {
  const { settings, lines } = loadConfig({ value: config }, { env: {}, readText: () => '' });
  assert.ok(settings, lines.join('\n'));
  return new ConfiguredRouter(settings, stubServices, {});
}

function resolve(line: string, fields: Fields = {}): Resolution {
  const found = router().resolve(headOf(line, fields), ReplayBody.none());
  assert.ok(found);
  return found;
}

function refusalOf({ service }: Resolution): string | undefined {
  const sink = new RecordingSink();
  service(testCall(), sink);
  return sink.error?.code;
}

describe('a gateway with keys', () => {
  it('lets in who has one, as who they are', () => {
    const { route, caller } = resolve('POST /v1/messages', { 'x-holdfast-key': KEY });
    assert.equal(route.upstream, 'anthropic');
    assert.deepEqual(caller, { name: 'ui', tenant: 'web', priority: 'interactive' });
  });

  it('refuses everybody else in the words of their API', () => {
    for (const fields of [{}, { authorization: 'Bearer nobody-knows-this-one' }]) {
      const found = resolve('POST /v1/messages', fields);
      assert.equal(refusalOf(found), 'UNAUTHORIZED');
      assert.equal(found.route.dialect.name, 'anthropic');
    }
  });

  it('answers probes without one', () => {
    assert.equal(refusalOf(resolve('HEAD /')), undefined);
  });

  it('never sends its key on, and tells callers’ own keys apart without it', () => {
    const own = resolve('POST /v1/messages', { 'x-holdfast-key': KEY, 'x-api-key': 'sk-theirs' });
    assert.deepEqual([...own.headers], [['x-api-key', 'sk-theirs']]);
    assert.notEqual(own.fingerprint, '');
    const none = resolve('POST /v1/messages', { authorization: `Bearer ${KEY}` });
    assert.deepEqual([...none.headers], []);
    assert.equal(none.fingerprint, '');
  });

  it('remembers who asks while it waits for the body', () => {
    const asked = router();
    const head = headOf('POST /v1/messages', { 'x-api-key': KEY }, true);
    const body = new ReplayBody(-1, 1_000, new BufferBudget(1_000), undefined);
    assert.equal(asked.resolve(head, body), undefined);
    body.push(Buffer.from('{"model":"claude"}'));
    const found = asked.resolve(head, body);
    assert.equal(found?.caller.name, 'ui');
    assert.deepEqual([...(found?.headers ?? [])], []);
  });
});
