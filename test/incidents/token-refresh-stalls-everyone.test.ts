// Incident: every worker of a gateway took one lock around "is the token still good? else renew
// it", and the token endpoint hung. All calls stood behind the one that held the lock, with a token
// in hand that was good for minutes. Here a token lives four seconds.

import assert from 'node:assert/strict';
import { Agent, createServer, request as send } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { CredentialView } from '../../src/layers/credentials/credentials-observer.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { LeakCheck } from '../../src/testing/index.ts';
import { TokenService } from '../support/token-service.ts';

const LIFE_MS = 4_000;
/** Renewed in the background from 20 % of the life on, and by lot up to 10 % before that. */
const RENEWED_AT_MS = 2_800;
/** From here on calls would wait for the next token. */
const USED_UNTIL_MS = 3_600;
/** The lot: as early as can be, which leaves the most time for a hang. */
const earliest = { next: () => 0.999_999 };

const CALLERS = 100;
const PAUSE_MS = 250;

/** One call: when it began after the first token was handed out, what it took and what came. */
interface Asked {
  readonly at: number;
  readonly tookMs: number;
  readonly status: number;
}

/** Asks over kept connections until `until`, in ms after `zero`. */
async function load(url: string, zero: number, until: number): Promise<Asked[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  const asked: Asked[] = [];
  const caller = async (place: number): Promise<void> => {
    await sleep((place * PAUSE_MS) / CALLERS);
    for (;;) {
      const begun = performance.now();
      if (begun - zero >= until) return;
      const status = await ask(url, agent);
      asked.push({ at: begun - zero, tookMs: performance.now() - begun, status });
      await sleep(PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_none, place) => caller(place)));
  agent.destroy();
  return asked;
}

function ask(url: string, agent: Agent): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const request = send(`${url}/things`, { agent }, (answer) => {
    answer.resume();
    answer.on('end', () => resolve(answer.statusCode ?? 0));
  });
  request.on('error', () => resolve(0));
  request.end();
  return promise;
}

/** The calls that began between these times. */
const between = (calls: readonly Asked[], from: number, to: number): Asked[] =>
  calls.filter(({ at }) => at >= from && at < to);

function quantile(calls: readonly Asked[], share: number): number {
  const sorted = calls.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

/** The gateway of the incident: who finds the token too old renews it, and all others wait. */
async function startLocked(service: TokenService): Promise<{ url: string; close(): void }> {
  let token: Promise<string> | undefined;
  let renewAt = 0;
  const renewed = async (): Promise<string> => {
    const answer = await fetch(`${service.url}/token`, { method: 'POST' });
    const { access_token: text } = (await answer.json()) as { access_token: string };
    renewAt = performance.now() + RENEWED_AT_MS;
    return text;
  };
  const relay = async (locked: Promise<string>, response: ServerResponse): Promise<void> => {
    const headers = { authorization: `Bearer ${await locked}` };
    const answer = await fetch(`${service.url}/things`, { headers });
    response.statusCode = answer.status;
    response.end(await answer.text());
  };
  const server = createServer((_request, response) => {
    if (token === undefined || performance.now() >= renewAt) {
      renewAt = Infinity;
      token = renewed();
    }
    void relay(token, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 4_096, resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function startHoldfast(service: TokenService): Promise<Gateway> {
  const oauth = { tokenUrl: `${service.url}/token`, clientId: 'app', clientSecret: 'secret' };
  return startGateway({
    env: {},
    random: earliest,
    config: {
      listen: '127.0.0.1:0',
      admin: 'off',
      guard: false,
      simulator: false,
      log: { level: 'silent', access: false },
      upstreams: {
        service: { profile: 'rest', endpoints: [service.url], credentials: { oauth } },
      },
      routes: [{ name: 'all', match: { path: '/**' }, upstreams: ['service'] }],
    },
  });
}

describe('a token that ends while its endpoint hangs', () => {
  const leaks = LeakCheck.begin();
  let service: TokenService;
  beforeEach(async () => {
    service = await TokenService.listen(LIFE_MS);
  });
  afterEach(async () => {
    await service.close();
    await leaks.assertClean();
  });

  /** Load over the end of the first token, and a hang from the first renewal on for `hangMs`. */
  async function overTheEnd(url: string, hangMs: number): Promise<Asked[]> {
    assert.equal(await ask(url, new Agent()), 200);
    const zero = service.issuedAt.get('token-1') ?? Number.NaN;
    service.hang();
    const asking = load(url, zero, LIFE_MS + 600);
    await eventually(() => service.asked === 2, 'a renewal');
    await sleep(hangMs);
    service.recover();
    return asking;
  }

  it('holds up every call behind a lock', async () => {
    const locked = await startLocked(service);
    const calls = await overTheEnd(locked.url, 500);
    locked.close();
    const calm = between(calls, 0, RENEWED_AT_MS - 100);
    const hung = between(calls, RENEWED_AT_MS + 50, RENEWED_AT_MS + 250);
    assert.ok(hung.length > 20, `${hung.length} calls`);
    // Not the slow end: the middle of them.
    assert.ok(quantile(hung, 0.5) > 200, `${quantile(hung, 0.5)} ms`);
    assert.ok(quantile(calm, 0.5) < 100, `${quantile(calm, 0.5)} ms`);
  });

  it('is no matter to a thousand calls here: none fails or waits, one renews', async () => {
    const gateway = await startHoldfast(service);
    const calls = await overTheEnd(gateway.url, 600);
    const view = (gateway.views.pages.credentials() as CredentialView[])[0];
    const metrics = await gateway.metricsText();
    await gateway.close();
    assert.ok(calls.length >= 1_000, `${calls.length} calls`);
    assert.deepEqual(
      calls.filter(({ status }) => status !== 200),
      [],
    );
    assert.equal(service.refused, 0);
    // One for the first token and one for the second, never two at a time.
    assert.equal(service.asked, 2);
    assert.equal(service.askedAtOnceMost, 1);
    assert.deepEqual([...service.calls.keys()], ['token-1', 'token-2']);
    assert.ok((service.calls.get('token-2') ?? 0) > 100);
    assert.equal(view?.version, 2);
    // Only the very first call waited, for the very first token.
    assert.match(metrics, /gw_credential_wait_seconds_count\{[^}]*\} [01]\n/);
    const calm = between(calls, 0, RENEWED_AT_MS - 50);
    const hung = between(calls, RENEWED_AT_MS, USED_UNTIL_MS);
    const after = between(calls, LIFE_MS - 200, Infinity);
    assert.ok(hung.length > 100, `${hung.length} calls`);
    for (const some of [hung, after]) {
      const [usual, seen] = [quantile(calm, 0.99), quantile(some, 0.99)];
      assert.ok(seen < 3 * usual + 50, `p99 of ${seen} ms, usually ${usual} ms`);
      const [middle, median] = [quantile(calm, 0.5), quantile(some, 0.5)];
      assert.ok(median < 3 * middle + 10, `median of ${median} ms, usually ${middle} ms`);
    }
  });
});
