// Incident: every worker of a gateway took one lock around "is the token still good? else renew
// it", and the token endpoint hung. All calls stood behind the one that held the lock, with a token
// in hand that was good for minutes. Here a token lives a few seconds, and a thousand calls are on
// their way at any time.

import assert from 'node:assert/strict';
import { Agent, createServer, request as send } from 'node:http';
import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, it } from 'node:test';
import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { CredentialView } from '../../src/layers/credentials/credentials-observer.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { LeakCheck } from '../../src/testing/index.ts';
import { TokenService } from '../support/token-service.ts';

const LIFE_MS = 4_000;
/** Renewed in the background from 20 % of the life on, and by lot up to 10 % before that. */
const RENEWED_AT_MS = 2_800;

/** The life of a token whose endpoint hangs beyond its end; its times are shares of it. */
const SHORT_LIFE_MS = 3_000;
const SHORT_RENEWED_AT_MS = 2_100;
const SHORT_USED_UNTIL_MS = 2_700;
/** Longest wait of a call for a token, and of the first call behind a renewal for all others. */
const WAIT_MS = 5_000;
/** How late a timer may be on a machine that does other things, too. */
const SLACK_MS = 1_000;
/** The lot: as early as can be, which leaves the most time for a hang. */
const earliest = { next: () => 0.999_999 };

const CALLERS = 1_000;
/** What the service takes for an answer: as long as all callers together take to begin. */
const ANSWER_MS = 1_000;
/** What a caller waits that was refused. */
const REFUSED_PAUSE_MS = 1_000;

/** What came of a call. */
interface Came {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | undefined;
}

/** One call: when it began after the first token was handed out, what it took and what came. */
interface Asked extends Came {
  readonly at: number;
  readonly tookMs: number;
}

/** Asks over kept connections, each caller without a pause, until `until`, in ms after `zero`. */
async function load(
  url: string,
  zero: number,
  until: number,
  callers: number = CALLERS,
): Promise<Asked[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: callers });
  const asked: Asked[] = [];
  const caller = async (place: number): Promise<void> => {
    await sleep((place * ANSWER_MS) / callers);
    for (;;) {
      const begun = performance.now();
      if (begun - zero >= until) return;
      const came = await ask(url, agent);
      asked.push({ ...came, at: begun - zero, tookMs: performance.now() - begun });
      if (came.status !== 200) await sleep(REFUSED_PAUSE_MS);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_none, place) => caller(place)));
  agent.destroy();
  return asked;
}

function ask(url: string, agent: Agent): Promise<Came> {
  const { promise, resolve } = Promise.withResolvers<Came>();
  const lost = (): void => resolve({ status: 0, text: '', retryAfter: undefined });
  const request = send(`${url}/things`, { agent }, (answer) => {
    const { statusCode: status = 0 } = answer;
    const retryAfter = answer.headers['retry-after'];
    void text(answer).then((whole) => resolve({ status, text: whole, retryAfter }), lost);
  });
  request.on('error', lost);
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
        service: {
          profile: 'rest',
          endpoints: [service.url],
          credentials: { oauth },
          limit: { enabled: false },
        },
      },
      routes: [{ name: 'all', match: { path: '/**' }, upstreams: ['service'] }],
    },
  });
}

describe('a token that ends while its endpoint hangs', () => {
  const leaks = LeakCheck.begin();
  let service: TokenService;
  let started: Gateway | undefined;
  const open = async (lifeMs: number): Promise<void> => {
    service = await TokenService.listen(lifeMs, ANSWER_MS);
  };
  afterEach(async () => {
    started?.destroy();
    started = undefined;
    await service.close();
    await leaks.assertClean();
  });

  /** The first token is here, and whoever wants another one waits. */
  async function begin(url: string): Promise<number> {
    const agent = new Agent();
    assert.equal((await ask(url, agent)).status, 200);
    agent.destroy();
    service.hang();
    return service.issuedAt.get('token-1') ?? Number.NaN;
  }

  /** Load over the end of the first token, and a hang from the first renewal on for `hangMs`. */
  async function overTheEnd(url: string, hangMs: number, callers?: number): Promise<Asked[]> {
    const zero = await begin(url);
    const asking = load(url, zero, LIFE_MS + 600, callers);
    await eventually(() => service.asked === 2, 'a renewal');
    await sleep(hangMs);
    service.recover();
    return asking;
  }

  const credentialsView = (gateway: Gateway): CredentialView => {
    const [view] = gateway.views.pages.credentials() as CredentialView[];
    assert.ok(view !== undefined);
    return view;
  };

  it('holds up every call behind a lock', async () => {
    await open(LIFE_MS);
    const locked = await startLocked(service);
    const calls = await overTheEnd(locked.url, 500, 100);
    locked.close();
    const calm = between(calls, 0, RENEWED_AT_MS - ANSWER_MS - 100);
    const hung = between(calls, RENEWED_AT_MS + 50, RENEWED_AT_MS + 250);
    assert.ok(hung.length > 10, `${hung.length} calls`);
    // Not the slow end: the middle of them.
    assert.ok(quantile(hung, 0.5) > ANSWER_MS + 200, `${quantile(hung, 0.5)} ms`);
    assert.ok(quantile(calm, 0.5) < ANSWER_MS + 100, `${quantile(calm, 0.5)} ms`);
  });

  it('is no matter to a thousand calls at a time here: none waits, one renews', async () => {
    await open(LIFE_MS);
    const gateway = (started = await startHoldfast(service));
    const calls = await overTheEnd(gateway.url, 600);
    const view = credentialsView(gateway);
    const metrics = await gateway.metricsText();
    await gateway.close();
    assert.deepEqual(
      calls.filter(({ status }) => status !== 200),
      [],
    );
    assert.ok(service.callsAtOnceMost > 0.9 * CALLERS, `${service.callsAtOnceMost} at a time`);
    assert.equal(service.refused, 0);
    // One for the first token and one for the second, never two at a time.
    assert.equal(service.asked, 2);
    assert.equal(service.askedAtOnceMost, 1);
    assert.deepEqual([...service.calls.keys()], ['token-1', 'token-2']);
    assert.ok((service.calls.get('token-2') ?? 0) > CALLERS / 4);
    assert.equal(view.version, 2);
    // Only the very first call waited, for the very first token.
    assert.match(metrics, /gw_credential_wait_seconds_count\{[^}]*\} [01]\n/);
    const calm = between(calls, 0, RENEWED_AT_MS - 50);
    // Whoever stood behind a lock would lose 200 ms or more here, and 400 in the middle.
    const hung = between(calls, RENEWED_AT_MS, RENEWED_AT_MS + 400);
    const after = between(calls, LIFE_MS - 200, Infinity);
    assert.ok(hung.length > CALLERS / 20, `${hung.length} calls`);
    for (const some of [hung, after]) {
      const [usual, seen] = [quantile(calm, 0.99), quantile(some, 0.99)];
      assert.ok(seen < usual + 400, `p99 of ${seen} ms, usually ${usual} ms`);
      const [middle, median] = [quantile(calm, 0.5), quantile(some, 0.5)];
      assert.ok(median < middle + 180, `median of ${median} ms, usually ${middle} ms`);
    }
  });

  it('makes no call wait for more than five seconds when it hangs for longer', async () => {
    await open(SHORT_LIFE_MS);
    const gateway = (started = await startHoldfast(service));
    const zero = await begin(gateway.url);
    const hangsUntil = SHORT_RENEWED_AT_MS + WAIT_MS + 2 * SLACK_MS;
    const asking = load(gateway.url, zero, hangsUntil);
    await sleep(zero + SHORT_LIFE_MS + SLACK_MS - performance.now());
    const waitingMost = credentialsView(gateway).waiting;
    const calls = await asking;
    const { waiting, failures } = credentialsView(gateway);
    const leases = gateway.leases.oldest(Infinity).filter(({ kind }) => kind === 'call');
    // Everybody waited for the one renewal, and nobody does any more.
    assert.equal(service.asked, 2);
    assert.ok(waitingMost > CALLERS / 2, `${waitingMost} calls`);
    assert.deepEqual([waiting, failures, leases.length], [0, 0, 0]);
    // With the old token while it was good, not after its end, and then no call goes out at all.
    assert.equal(service.refused, 0);
    assert.deepEqual([...service.calls.keys()], ['token-1']);
    const good = between(calls, 0, SHORT_USED_UNTIL_MS - SLACK_MS);
    assert.ok(good.length > CALLERS / 10, `${good.length} calls`);
    assert.ok(good.every(({ status }) => status === 200));
    const refused = calls.filter(({ status }) => status !== 200);
    assert.ok(refused.length > CALLERS, `${refused.length} calls`);
    for (const { status, text: said, retryAfter, tookMs } of refused) {
      assert.equal(status, 503);
      assert.match(said, /Its renewal (is not over|takes too long)/);
      assert.ok(Number(retryAfter) >= 1, `Retry-After: ${retryAfter}`);
      assert.ok(tookMs < WAIT_MS + SLACK_MS, `${tookMs} ms`);
    }
    // Behind a renewal that has hung for so long nobody waits at all.
    const late = between(calls, SHORT_RENEWED_AT_MS + WAIT_MS + 200, Infinity);
    assert.ok(late.length > CALLERS / 10, `${late.length} calls`);
    assert.ok(quantile(late, 0.99) < SLACK_MS, `${quantile(late, 0.99)} ms`);
    service.recover();
    const agent = new Agent();
    await eventually(() => credentialsView(gateway).version === 2, 'the second token');
    assert.equal((await ask(gateway.url, agent)).status, 200);
    agent.destroy();
    await gateway.close();
  });
});
