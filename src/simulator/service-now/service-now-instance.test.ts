import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { Accounts } from './accounts.ts';
import { defaultInstanceOptions } from './instance-options.ts';
import { BASIC, startInstance } from './instance.fixture.ts';
import type { InstanceRig, Read } from './instance.fixture.ts';
import { Semaphore } from './semaphore.ts';
import { serviceNowInstance } from './service-now-instance.ts';
import type { ServiceNowDeps } from './service-now-instance.ts';
import { wishTable } from './wishes.ts';

const one = '/api/now/table/incident?sysparm_limit=1';

let rig: InstanceRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});
async function start(deps?: ServiceNowDeps): Promise<InstanceRig> {
  rig = await startInstance(deps);
  return rig;
}

/** `count` requests at once; statuses, or `closed`. */
async function crowd(count: number, ask: () => Promise<Read>): Promise<(number | 'closed')[]> {
  const each = async (): Promise<number | 'closed'> => {
    try {
      return (await ask()).status;
    } catch {
      return 'closed';
    }
  };
  return Promise.all(Array.from({ length: count }, each));
}

describe('the places of an instance', () => {
  it('are four, and connections of calls that find none are closed', async () => {
    const { ask, instance } = await start({ queryMs: 100 });
    const outcomes = await crowd(10, () => ask(one));
    assert.equal(outcomes.filter((outcome) => outcome === 200).length, 4);
    assert.equal(outcomes.filter((outcome) => outcome === 'closed').length, 6);
    assert.deepEqual([instance.report.runningMost, instance.report.closed], [4, 6]);
    assert.equal((await ask(one)).status, 200);
  });

  it('can have a line in front, and refuse politely', async () => {
    const { ask, instance } = await start({
      queryMs: 100,
      running: 2,
      queue: 3,
      overflow: 'refuse',
    });
    const outcomes = await crowd(8, () => ask(one));
    assert.equal(outcomes.filter((outcome) => outcome === 200).length, 5);
    assert.equal(outcomes.filter((outcome) => outcome === 429).length, 3);
    assert.deepEqual([instance.report.runningMost, instance.report.refused], [2, 3]);
  });

  it('are free again when callers leave', async () => {
    const { ask } = await start({ queryMs: 60_000 });
    const leaving = crowd(4, () => ask(one, { signal: AbortSignal.timeout(100) }));
    assert.deepEqual(new Set(await leaving), new Set(['closed']));
    const quick = { headers: { 'x-sim-delay': '1ms' } };
    // The sockets close in the background.
    for (let tries = 0; ; tries += 1) {
      const [outcome] = await crowd(1, () => ask(one, quick));
      if (outcome === 200) break;
      assert.ok(tries < 100, 'the places are still taken');
    }
  });

  it('are given to those who wait in their order, and given back once', () => {
    const places = new Semaphore({ running: 1, queue: 2 });
    const ran: string[] = [];
    const tickets = ['a', 'b', 'c', 'd'].map((name) => places.enter(() => void ran.push(name)));
    assert.equal(tickets[3], undefined);
    tickets[1]?.close();
    tickets[0]?.close();
    tickets[0]?.close();
    assert.deepEqual([ran, places.running, places.waiting], [['a', 'c'], 1, 0]);
    tickets[2]?.close();
    assert.equal(places.running, 0);
  });
});

describe('a session', () => {
  it('runs one call at a time, and drops what is past ten in line', async () => {
    const { ask, instance } = await start({ queryMs: 20 });
    const first = await ask(one);
    const cookie = (first.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
    assert.match(cookie, /^JSESSIONID=[0-9A-F]{32}$/);
    const outcomes = await crowd(13, () => ask(one, { headers: { cookie } }));
    assert.equal(outcomes.filter((outcome) => outcome === 200).length, 11);
    assert.equal(outcomes.filter((outcome) => outcome === 202).length, 2);
    assert.deepEqual([instance.report.runningMost, instance.report.dropped], [1, 2]);
    assert.equal(instance.report.sessions, 1);
  });

  it('is opened by every call without a cookie, or with one that nobody knows', async () => {
    const { ask, instance } = await start();
    await ask(one);
    const stale = `JSESSIONID=${'0'.repeat(32)}`;
    const again = await ask(one, { headers: { cookie: stale } });
    assert.equal(again.headers.getSetCookie().length, 3);
    assert.equal(instance.report.sessions, 2);
  });
});

describe('an account', () => {
  it('is needed, by password or token', async () => {
    const { ask, instance } = await start();
    for (const authorization of ['', 'Basic eDp5', 'Bearer nonsense', 'Digest x']) {
      const refused = await ask(one, { headers: { authorization } });
      assert.equal(refused.status, 401);
      assert.equal(refused.json.error?.message, 'User Not Authenticated');
      assert.notEqual(refused.headers.get('www-authenticate'), null);
    }
    const body = new URLSearchParams({
      grant_type: 'password',
      client_id: 'holdfast',
      client_secret: 'holdfast',
      username: 'integration',
      password: 'integration',
    });
    const granted = await ask('/oauth_token.do', { method: 'POST', body });
    const { access_token: token } = JSON.parse(granted.text) as { access_token: string };
    const bearer = { headers: { authorization: `Bearer ${token}` } };
    assert.equal((await ask(one, bearer)).status, 200);
    instance.revokeTokens();
    assert.equal((await ask(one, bearer)).status, 401);
  });

  const form = (fields: Record<string, string>): string =>
    new URLSearchParams({ client_id: 'holdfast', client_secret: 'holdfast', ...fields }).toString();
  const FORM = 'application/x-www-form-urlencoded';
  const accounts = (clock: VirtualClock, own: Partial<ServiceNowDeps> = {}): Accounts =>
    new Accounts({ ...defaultInstanceOptions, ...own }, clock, { next: () => Math.random() });
  const granted = ({ status, body }: { status: number; body: string }) => {
    const told = JSON.parse(body) as Record<string, string | number>;
    return { status, ...told } as { status: number; [name: string]: string | number };
  };

  it('has one token while that lives, with the time that is left of it', () => {
    const clock = new VirtualClock();
    const made = accounts(clock, { clients: { holdfast: 'holdfast', other: 'other' } });
    const ask = () => granted(made.token(FORM, form({ grant_type: 'client_credentials' })));
    const first = ask();
    assert.deepEqual([first.status, first['expires_in']], [200, 1_800]);
    clock.advance(1_000_000);
    const later = ask();
    assert.deepEqual([later['access_token'], later['expires_in']], [first['access_token'], 800]);
    assert.equal(made.userOf(`Bearer ${first['access_token']}`), 'integration');
    clock.advance(800_000);
    assert.equal(made.userOf(`Bearer ${first['access_token']}`), undefined);
    const renewed = granted(
      made.token(
        FORM,
        form({ grant_type: 'refresh_token', refresh_token: String(first['refresh_token']) }),
      ),
    );
    assert.equal(renewed.status, 200);
    assert.notEqual(renewed['access_token'], first['access_token']);
    const stolen = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: String(first['refresh_token']),
      client_id: 'other',
      client_secret: 'other',
    });
    assert.equal(granted(made.token(FORM, stolen.toString()))['error'], 'invalid_grant');
    assert.equal(made.issued, 2);
  });

  it('is refused in OAuth’s words, and without a reason when asked in JSON', () => {
    const clock = new VirtualClock();
    const made = accounts(clock);
    const off = accounts(clock, { clientUser: undefined });
    const password = { grant_type: 'password', username: 'integration', password: 'wrong' };
    const rows: readonly (readonly [Accounts, string, string, number, string])[] = [
      [made, FORM, form({ client_secret: 'wrong' }), 401, 'invalid_client'],
      [made, FORM, form(password), 401, 'access_denied'],
      [made, FORM, form({ grant_type: 'refresh_token', refresh_token: 'x' }), 401, 'invalid_grant'],
      [made, FORM, form({ grant_type: 'magic' }), 400, 'invalid_request'],
      [made, 'application/json', '{"client_id":"holdfast"}', 401, 'invalid_client'],
      [off, FORM, form({ grant_type: 'client_credentials' }), 401, 'access_denied'],
    ];
    for (const [asked, type, body, status, error] of rows) {
      const told = granted(asked.token(type, body));
      assert.deepEqual([told.status, told['error']], [status, error], body);
    }
  });
});

describe('a rate rule', () => {
  it('is named on each answer and refuses the rest of its hour', async () => {
    const { ask } = await start({
      rateRules: [
        { id: 'all', user: '', perHour: 1 },
        { id: 'own', user: 'integration', perHour: 2 },
      ],
    });
    const [first, second, third] = [await ask(one), await ask(one), await ask(one)];
    assert.deepEqual([first.status, second.status, third.status], [200, 200, 429]);
    assert.equal(first.headers.get('x-ratelimit-rule'), 'own');
    assert.equal(first.headers.get('x-ratelimit-limit'), '2');
    assert.equal(first.headers.get('x-ratelimit-remaining'), null);
    const reset = Number(third.headers.get('x-ratelimit-reset'));
    assert.equal(reset % 3_600, 0);
    const left = reset - Date.now() / 1_000;
    assert.ok(Math.abs(Number(third.headers.get('retry-after')) - left) < 3);
    assert.equal(third.json.error?.message, 'Rate limit exceeded');
  });
});

describe('a wish', () => {
  const wish = async (fields: Record<string, string>): Promise<Read> => {
    const { ask } = rig ?? (await start());
    return ask(`${one}&sysparm_query=ORDERBYnumber`, { headers: fields });
  };

  it('is granted: refusals, pages, dropped work', async () => {
    const busy = await wish({ 'x-sim-busy': '1', 'x-sim-retry-after': '3' });
    assert.deepEqual([busy.status, busy.headers.get('retry-after')], [429, '3']);
    assert.equal((await wish({ 'x-sim-busy': '1' })).headers.get('retry-after'), null);
    assert.equal((await wish({ 'x-sim-status': '503' })).status, 503);
    assert.equal((await wish({ 'x-sim-dropped': '1' })).status, 202);
    const rule = await wish({ 'x-sim-rule': '1800' });
    assert.deepEqual([rule.status, rule.headers.get('retry-after')], [429, '1800']);
    for (const status of [200, 503]) {
      const page = await wish({ 'x-sim-page': String(status) });
      assert.equal(page.status, status);
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
      assert.match(page.text, /hibernating/);
    }
  });

  it('is granted: failures beside rows, by wish or by the quota of time', async () => {
    await start({ quotaMs: 30 });
    const partial = await wish({ 'x-sim-partial': '1' });
    assert.deepEqual([partial.status, partial.rows.length], [200, 1]);
    assert.match(partial.json.error?.message ?? '', /^Transaction cancelled/);
    const slow = await wish({ 'x-sim-delay': '31ms' });
    assert.deepEqual([slow.status, slow.rows.length, slow.json.status], [200, 0, 'failure']);
    assert.equal((await wish({ 'x-sim-delay': '29ms' })).json.status, undefined);
  });

  it('is granted: connections that close around work that was done', async () => {
    const { ask, instance } = await start();
    for (const close of ['head', 'body']) {
      const headers = { 'x-sim-close': close, 'content-type': 'application/json' };
      const write = { method: 'POST', headers, body: '{"short_description":"x"}' };
      await assert.rejects(ask('/api/now/table/incident', write));
    }
    assert.deepEqual([instance.report.writes, instance.report.closed], [2, 2]);
  });

  it('strikes as often as told', async () => {
    const statuses: number[] = [];
    for (let count = 0; count < 4; count += 1) {
      statuses.push((await wish({ 'x-sim-status': '500', 'x-sim-first': '2/a' })).status);
    }
    assert.deepEqual(statuses, [500, 500, 200, 200]);
    assert.equal((await wish({ 'x-sim-status': '500', 'x-sim-first': '2/b' })).status, 500);
    assert.equal((await wish({ 'x-sim-status': '500', 'x-sim-odds': '0' })).status, 200);
  });

  it('has an example that is understood', async () => {
    const together = Object.fromEntries(
      wishTable
        .map(({ example }) => example.split(': ') as [string, string])
        .filter(([name]) => !/close|delay|odds/.test(name)),
    );
    assert.notEqual((await wish(together)).status, 400);
    for (const { example } of wishTable.filter((row) => /delay|odds/.test(row.form))) {
      const [name = '', value = ''] = example.split(': ');
      assert.equal((await wish({ [name]: value })).status, 200);
    }
  });
});

describe('an instance', () => {
  it('that sleeps answers everything by a page', async () => {
    const { ask, instance } = await start({ sleepStatus: 503 });
    instance.sleeps = true;
    const page = await ask(one, { headers: { authorization: '' } });
    assert.deepEqual(
      [page.status, page.headers.get('content-type')],
      [503, 'text/html;charset=UTF-8'],
    );
    instance.sleeps = false;
    assert.equal((await ask(one)).status, 200);
  });

  it('can stand in another server, under a path', async () => {
    const instance = serviceNowInstance({ mount: '/servicenow', queryMs: 0, rows: 5 });
    const server = createServer((request, response) => instance.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/servicenow`;
    const answer = await fetch(`${url}${one}`, { headers: { authorization: BASIC } });
    await answer.text();
    assert.equal(answer.status, 200);
    assert.ok(answer.headers.get('link')?.startsWith(`<${url}/api/now/table/incident?`));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
