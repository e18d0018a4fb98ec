// A simulated ServiceNow instance behind a whole gateway: pages by their links, sessions, the ways
// in which it fails without saying so, its rules, and the accounts that calls go by.

import assert from 'node:assert/strict';
import { after, afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { CredentialView } from '../../src/layers/credentials/credentials-observer.ts';
import { serviceNowInstance } from '../../src/simulator/service-now/service-now-instance.ts';
import type {
  ServiceNowDeps,
  ServiceNowInstance,
} from '../../src/simulator/service-now/service-now-instance.ts';
import { LeakCheck } from '../../src/testing/index.ts';
import { ForwardClock } from '../support/forward-clock.ts';

const HOUR_MS = 3_600_000;

const leaks = LeakCheck.begin();
after(() => leaks.assertClean());

const PASSWORD = 'integration';
const basic = { basic: { username: 'integration', password: PASSWORD } };
const ROWS = 23;
const LIST = '/api/now/table/incident?sysparm_query=ORDERBYsys_id&sysparm_fields=sys_id';

interface Row {
  readonly sys_id: string;
}

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly rows: readonly Row[];
}

/** A gateway in front of an instance, which it serves under a path of its own. */
class Rig {
  readonly clock: ForwardClock = new ForwardClock();
  readonly instance: ServiceNowInstance;
  instanceUrl: string = '';
  #gateway: Gateway | undefined;

  constructor(options: ServiceNowDeps) {
    const { clock } = this;
    this.instance = serviceNowInstance({ clock, queryMs: 0, rows: ROWS, queue: 50, ...options });
  }

  async open(credentials: (url: string) => object, route: object = {}): Promise<this> {
    ({ url: this.instanceUrl } = await this.instance.listen());
    const upstream = { dialect: 'servicenow', endpoints: [this.instanceUrl] };
    this.#gateway = await startGateway({
      env: {},
      clock: this.clock,
      config: {
        listen: '127.0.0.1:0',
        admin: 'off',
        guard: false,
        simulator: false,
        log: { level: 'silent', access: false },
        upstreams: { snow: { ...upstream, credentials: credentials(this.instanceUrl) } },
        routes: [
          {
            name: 'snow',
            match: { path: '/servicenow/**' },
            upstreams: ['snow'],
            rewrite: { stripPrefix: '/servicenow' },
            ...route,
          },
        ],
      },
    });
    return this;
  }

  get gateway(): Gateway {
    assert.ok(this.#gateway !== undefined);
    return this.#gateway;
  }

  /** Address of the instance for callers. */
  get url(): string {
    return `${this.gateway.url}/servicenow`;
  }

  get credential(): CredentialView | undefined {
    return (this.gateway.views.pages.credentials() as CredentialView[])[0];
  }

  /** Asks at a path of the instance, or at a whole address. */
  async ask(at: string, init: RequestInit = {}): Promise<Answered> {
    const own = { accept: 'application/json', 'content-type': 'application/json' };
    const headers = { ...own, ...(init.headers as Record<string, string>) };
    const answer = await fetch(at.startsWith('/') ? this.url + at : at, { ...init, headers });
    const text = await answer.text();
    const isJson = text !== '' && /json/.test(answer.headers.get('content-type') ?? '');
    const { result } = (isJson ? JSON.parse(text) : {}) as { result?: Row | Row[] };
    const rows = result === undefined ? [] : [result].flat();
    return { status: answer.status, headers: answer.headers, text, rows };
  }

  write(method: string, at: string, headers: Record<string, string> = {}): Promise<Answered> {
    return this.ask(at, { method, headers, body: '{"short_description":"A printer is on fire"}' });
  }

  async close(): Promise<void> {
    await this.#gateway?.close(500);
    await this.instance.close();
    await leaks.assertClean({ leases: this.gateway.leases });
  }
}

const opened: Rig[] = [];
afterEach(async () => {
  for (const rig of opened.splice(0)) await rig.close();
});

async function start(
  options: ServiceNowDeps = {},
  credentials: (url: string) => object = () => basic,
  route: object = {},
): Promise<Rig> {
  const rig = new Rig(options);
  opened.push(rig);
  return rig.open(credentials, route);
}

/** The address of the next page, as a client resolves it. */
function nextOf({ headers }: Answered, askedAt: string): string | undefined {
  const link = /<([^>]*)>;rel="next"/.exec(headers.get('link') ?? '')?.[1];
  return link === undefined ? undefined : new URL(link, askedAt).href;
}

describe('the pages of a table', () => {
  for (const mount of ['', '/instance']) {
    it(`are found by their links, all through the gateway: mounted at "${mount}"`, async () => {
      const rig = await start({ mount });
      const seen: string[] = [];
      let at: string | undefined = `${rig.url}${LIST}&sysparm_limit=5`;
      let pages = 0;
      while (at !== undefined) {
        assert.ok(at.startsWith(`${rig.url}/api/now/table/incident?`), at);
        const page: Answered = await rig.ask(at);
        assert.equal(page.status, 200);
        assert.equal(page.headers.get('x-total-count'), String(ROWS));
        const links = page.headers.get('link') ?? '';
        assert.ok(!links.includes(new URL(rig.instanceUrl).host), links);
        assert.doesNotMatch(links, /sysparm_offset=-/);
        seen.push(...page.rows.map(({ sys_id: id }) => id));
        at = nextOf(page, at);
        pages += 1;
      }
      assert.equal(pages, Math.ceil(ROWS / 5));
      assert.equal(new Set(seen).size, ROWS);
      assert.equal(seen.length, ROWS);
    });
  }

  it('lead to what was inserted as well', async () => {
    const rig = await start();
    const made = await rig.write('POST', '/api/now/table/incident');
    assert.equal(made.status, 201);
    const location = made.headers.get('location') ?? '';
    const at = new URL(location, rig.url).href;
    assert.ok(at.startsWith(`${rig.url}/api/now/table/incident/`), location);
    const read = await rig.ask(at);
    assert.deepEqual([read.status, read.rows[0]?.sys_id], [200, made.rows[0]?.sys_id]);
  });
});

describe('the sessions of an instance', () => {
  it('are shared by nobody: cookies stay behind in both directions', async () => {
    const rig = await start({ queryMs: 100 });
    // A session that a caller has got from somewhere.
    const direct = await fetch(`${rig.instanceUrl}${LIST}`, {
      headers: { authorization: `Basic ${btoa(`integration:${PASSWORD}`)}` },
    });
    const cookie = direct.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    assert.match(cookie, /JSESSIONID=/);
    await direct.text();
    const begun = performance.now();
    const asking = Array.from({ length: 12 }, () => rig.ask(LIST, { headers: { cookie } }));
    const answers = await Promise.all(asking);
    for (const { status, headers } of answers) {
      assert.equal(status, 200);
      assert.deepEqual(headers.getSetCookie(), []);
    }
    // Each in a session of its own, four at a time; in one session they would run one by one.
    assert.equal(rig.instance.report.sessions, 13);
    assert.equal(rig.instance.report.dropped, 0);
    assert.ok(performance.now() - begun < 1_000);
  });
});

describe('a read that the instance fails without saying so', () => {
  const wishes: Readonly<Record<string, Record<string, string>>> = {
    'a 202 that does nothing': { 'x-sim-dropped': '1' },
    'a page with status 200': { 'x-sim-page': '200' },
    'a page with status 503': { 'x-sim-page': '503' },
    'rows with an error behind them': { 'x-sim-partial': '3' },
    'a connection closed before the answer': { 'x-sim-close': 'head' },
    'a connection closed inside the answer': { 'x-sim-close': 'body' },
  };
  for (const [name, wish] of Object.entries(wishes)) {
    it(`is made again, and its caller has all rows: ${name}`, async () => {
      const rig = await start();
      const { status, rows, text } = await rig.ask(LIST, {
        headers: { ...wish, 'x-sim-first': '1/once' },
      });
      assert.equal(status, 200, text);
      assert.equal(rows.length, ROWS);
      assert.equal(rig.instance.report.requests, 2);
    });
  }

  const endings: readonly (readonly [string, Record<string, string>, string, number, RegExp])[] = [
    ['a page', { 'x-sim-page': '200' }, 'INSTANCE_UNAVAILABLE', 503, /sleeps/],
    ['a 202', { 'x-sim-dropped': '1' }, 'READ_DROPPED', 503, /202/],
    ['an error', { 'x-sim-partial': '3' }, 'TRANSACTION_CANCELLED', 504, /maximum execution time/],
  ];
  for (const [name, wish, code, status, why] of endings) {
    it(`is a failure that says why when it goes on like that: ${name}`, async () => {
      const rig = await start();
      const failed = await rig.ask(LIST, { headers: wish });
      assert.equal(failed.headers.get('x-holdfast-error'), code);
      assert.equal(failed.status, status);
      const told = JSON.parse(failed.text) as { error: { detail: string }; status: string };
      // In the form of the platform's own, without any of the rows that came.
      assert.deepEqual(Object.keys(told), ['error', 'status']);
      assert.equal(told.status, 'failure');
      assert.match(told.error.detail, why);
      assert.equal(rig.instance.report.requests, 3);
    });
  }

  it('never ends well where it is too long to be held until it says so', async () => {
    const rig = await start({ rows: 500 }, () => basic, { retry: { holdBytes: '64KiB' } });
    const all = '/api/now/table/incident';
    const whole = await rig.ask(all);
    assert.ok(whole.text.length > 3 * 65_536, `${whole.text.length} bytes`);
    const asked = rig.instance.report.requests;
    await assert.rejects(rig.ask(all, { headers: { 'x-sim-partial': '499' } }), /terminated/);
    // Its caller has its first rows, so it cannot be made again.
    assert.equal(rig.instance.report.requests, asked + 1);
  });
});

describe('a write', () => {
  const ID = '/api/now/table/incident';
  for (const wish of ['close', 'page'] as const) {
    it(`is never made again once it may have been done: ${wish}`, async () => {
      const rig = await start();
      const values = { close: 'head', page: '200' };
      const wished = { [`x-sim-${wish}`]: values[wish], 'x-sim-first': '1/once' };
      assert.ok((await rig.write('POST', ID, wished)).status >= 500);
      assert.equal(rig.instance.report.requests, 1);
      assert.ok(rig.instance.report.writes <= 1);
    });
  }

  it('fails visibly when its connection is closed before the answer', async () => {
    const rig = await start();
    const { status, headers } = await rig.write('POST', ID, { 'x-sim-close': 'head' });
    assert.equal(status, 502);
    assert.ok(headers.get('x-holdfast-error') !== null);
    assert.equal(rig.instance.report.writes, 1);
  });

  it('is made again where it was refused for want of room', async () => {
    const rig = await start();
    const wish = { 'x-sim-busy': '1', 'x-sim-first': '1/once' };
    const { status, text } = await rig.write('POST', ID, wish);
    assert.equal(status, 201, text);
    assert.deepEqual([rig.instance.report.requests, rig.instance.report.writes], [2, 1]);
  });
});

/** Rules count from one full hour to the next; a test across it would see both. */
async function awayFromTheHour(): Promise<void> {
  const leftMs = HOUR_MS - (Date.now() % HOUR_MS);
  if (leftMs < 20_000) await sleep(leftMs + 100);
}

describe('a rule of the instance', () => {
  it('is told to the caller at once, and kept until its hour is over', async () => {
    const rig = await start();
    const begun = performance.now();
    const refused = await rig.ask(LIST, { headers: { 'x-sim-rule': '1800' } });
    assert.equal(refused.status, 429);
    assert.ok(performance.now() - begun < 2_000, 'nobody waits half an hour');
    const wait = Number(refused.headers.get('retry-after'));
    assert.ok(wait > 1_700 && wait <= 1_801, `${wait} s`);
    const asked = rig.instance.report.requests;
    for (let n = 0; n < 3; n += 1) {
      const kept = await rig.ask(LIST);
      assert.equal(kept.status, 429);
      assert.equal(kept.headers.get('x-holdfast-error'), 'PACED');
      assert.ok(Number(kept.headers.get('retry-after')) > 1_700);
    }
    assert.equal(rig.instance.report.requests, asked);
    rig.clock.skip(1_801_000);
    assert.equal((await rig.ask(LIST)).status, 200);
  });

  it('is found by counting, as the instance does', async () => {
    await awayFromTheHour();
    const perHour = 5;
    const rateRules = [{ id: 'f'.repeat(32), user: '', perHour }];
    // In the last minute of an hour a further attempt would wait for the next one.
    const rig = await start({ rateRules }, () => basic, { retry: { attempts: 1 } });
    const statuses: number[] = [];
    for (let n = 0; n < 8; n += 1) statuses.push((await rig.ask(LIST)).status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429, 429]);
    assert.equal(rig.instance.report.requests, perHour + 1);
  });
});

describe('the account that calls go by', () => {
  const own = { authorization: 'Bearer callers-own', 'x-api-key': 'callers-own' };
  const client = (url: string): object => ({
    tokenUrl: `${url}/oauth_token.do`,
    clientId: 'holdfast',
    clientSecret: 'holdfast',
  });

  it('is a user with a password, whoever calls', async () => {
    const rig = await start();
    assert.equal((await rig.ask(LIST, { headers: own })).status, 200);
    assert.equal(rig.instance.report.tokens, 0);
    assert.equal((await fetch(`${rig.instanceUrl}${LIST}`, { headers: own })).status, 401);
  });

  const grants: Readonly<Record<string, (url: string) => Promise<object>>> = {
    password: () =>
      Promise.resolve({ grant: 'password', username: 'integration', password: PASSWORD }),
    'refresh token': async (url) => {
      const body = new URLSearchParams({
        grant_type: 'password',
        client_id: 'holdfast',
        client_secret: 'holdfast',
        username: 'integration',
        password: PASSWORD,
      });
      const answer = await fetch(`${url}/oauth_token.do`, { method: 'POST', body });
      const { refresh_token: refreshToken } = (await answer.json()) as { refresh_token: string };
      return { grant: 'refresh-token', refreshToken };
    },
  };
  for (const [name, grant] of Object.entries(grants)) {
    it(`is that of a token, renewed at its end and replaced when revoked: ${name}`, async () => {
      const rig = new Rig({});
      opened.push(rig);
      // What it has given out is good as long as the instance lives, wherever that listens.
      const { url } = await rig.instance.listen();
      const oauth = await grant(url);
      await rig.instance.close();
      await rig.open((at) => ({ oauth: { ...client(at), ...oauth } }));
      const answers = await Promise.all(Array.from({ length: 5 }, () => rig.ask(LIST)));
      assert.ok(answers.every(({ status }) => status === 200));
      assert.equal(rig.instance.report.tokens, 1);
      // Within its life this platform gives the same token again, so there is nothing to win.
      const version = rig.credential?.version ?? 0;
      rig.clock.skip((rig.credential?.remainingMs ?? 0) + 1_000);
      assert.equal((await rig.ask(LIST)).status, 200);
      assert.equal(rig.credential?.version, version + 1);
      rig.clock.skip(60_000);
      rig.instance.revokeTokens();
      assert.equal((await rig.ask(LIST)).status, 200);
      assert.equal(rig.credential?.version, version + 2);
      assert.equal(rig.instance.report.tokens, 3);
    });
  }

  it('is not tried twice with a password that is wrong: accounts lock', async () => {
    const wrong = { grant: 'password', username: 'integration', password: 'wr0ng-secret' };
    const rig = await start({}, (url) => ({ oauth: { ...client(url), ...wrong } }));
    for (let n = 0; n < 3; n += 1) {
      const { status, headers, text } = await rig.ask(LIST, { headers: own });
      assert.equal(status, 502);
      assert.equal(headers.get('x-holdfast-error'), 'CREDENTIALS_REFUSED');
      const { error } = JSON.parse(text) as { error: { detail: string } };
      assert.match(error.detail, /snow: The token endpoint answered 401 access_denied/);
      assert.doesNotMatch(text, /wr0ng|callers-own/);
    }
    assert.equal(rig.instance.report.requests, 1);
  });
});
