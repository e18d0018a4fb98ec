import assert from 'node:assert/strict';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { AdminServer, adminPages } from './admin.ts';
import type { AdminViews } from './admin.ts';

function statusOf(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: '/api/config', headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('admin listener', () => {
  let admin: AdminServer;
  let port: number;
  beforeEach(async () => {
    const views = {
      ready: () => true,
      metrics: () => Promise.reject(new Error('broken view')),
      pages: Object.fromEntries(
        Object.keys(adminPages).map((page) => [page, () => []]),
      ) as unknown as AdminViews['pages'],
    };
    admin = new AdminServer(views, { host: '127.0.0.1', port: 0 });
    ({ port } = await admin.listen());
  });
  afterEach(() => admin.close());

  it('refuses a page that bound its name to this machine', async () => {
    assert.equal(await statusOf(port, 'evil.example'), 403);
    assert.equal(await statusOf(port, `localhost:${port}`), 200);
  });

  it('survives a view that fails', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    assert.equal(answer.status, 500);
    assert.match(await answer.text(), /broken view/);
    assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
  });

  it('answers HEAD without a body', async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { method: 'HEAD' });
    assert.deepEqual([answer.status, await answer.text()], [200, '']);
  });
});
