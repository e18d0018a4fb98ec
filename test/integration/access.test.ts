// Caller keys and quotas from outside: who is let in, what they may use, and that no key of the
// gateway is ever seen upstream.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { MisbehavingUpstream } from '../../src/testing/index.ts';

const UI = 'ui-key-0123456789';
const CI = 'ci-key-0123456789';
const NIGHT = 'night-key-0123456789';
const message = '{"model":"m","max_tokens":100,"messages":[]}';

describe('callers with keys', () => {
  let upstream: MisbehavingUpstream;
  let gateway: Gateway;

  before(async () => {
    upstream = await MisbehavingUpstream.listen({});
    gateway = await startGateway({
      env: {},
      config: {
        listen: '127.0.0.1:0',
        admin: '127.0.0.1:0',
        guard: false,
        log: { level: 'silent' },
        access: {
          keys: [
            { name: 'ui', key: UI, tenant: 'web', priority: 'interactive' },
            { name: 'ci', key: CI, tenant: 'jobs', quota: { requests: '60/m', burst: 2 } },
            { name: 'night', key: NIGHT, tenant: 'jobs' },
          ],
          tenants: { jobs: { quota: { requests: '60/m', burst: 3 } } },
        },
        upstreams: { model: { dialect: 'anthropic', endpoints: [upstream.url] } },
        routes: [{ name: 'all', match: { path: '/**' }, upstreams: ['model'] }],
      },
    });
  });
  after(async () => {
    await gateway.close();
    await upstream.close();
  });

  const ask = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${gateway.url}/v1/messages`, { method: 'POST', headers, body: message });

  it('are let in by any of the fields that clients use', async () => {
    for (const fields of [
      { 'x-holdfast-key': UI },
      { authorization: `Bearer ${UI}` },
      { 'x-api-key': UI },
    ]) {
      assert.equal((await ask(fields)).status, 200);
    }
  });

  it('are refused without one, in the words of the API they call', async () => {
    const answer = await ask({ 'x-api-key': 'somebody-elses-key-00' });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    const body = (await answer.json()) as { type: string; error: { type: string } };
    assert.deepEqual([body.type, body.error.type], ['error', 'authentication_error']);
  });

  it('keep their key of the gateway to themselves, and their provider’s key goes on', async () => {
    await ask({ 'x-holdfast-key': UI, 'x-api-key': 'sk-provider', cookie: `k=${UI}` });
    const heads = upstream.seen.requests.map(({ rawHead }) => rawHead);
    assert.ok(heads.every((head) => !head.includes(UI)));
    assert.match(heads.at(-1) ?? '', /x-api-key: sk-provider/i);
  });

  it('are held to their own quota and that of their tenant, with the time to wait', async () => {
    const statuses: number[] = [];
    for (const key of [CI, CI, CI, NIGHT, NIGHT]) {
      const answer = await ask({ 'x-holdfast-key': key });
      statuses.push(answer.status);
      if (answer.status === 429) assert.match(answer.headers.get('retry-after') ?? '', /^[12]$/);
      await answer.arrayBuffer();
    }
    assert.deepEqual(statuses, [200, 200, 429, 200, 429]);
    assert.equal((await ask({ 'x-holdfast-key': UI })).status, 200);
    const metrics = await gateway.metricsText();
    assert.match(metrics, /gw_quota_refused_total\{scope="key",name="ci",kind="requests"\} 1/);
    assert.match(metrics, /gw_quota_refused_total\{scope="tenant",name="jobs",kind="requests"\} 1/);
  });

  it('never find their key in metrics or in the configuration that is shown', async () => {
    const shown = await (await fetch(`${gateway.adminUrl}/api/config`)).text();
    for (const key of [UI, CI, NIGHT]) {
      assert.ok(!shown.includes(key));
      assert.ok(!(await gateway.metricsText()).includes(key));
    }
  });
});
