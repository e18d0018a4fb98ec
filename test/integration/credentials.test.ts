// Stored credentials through a whole gateway: against a simulated Salesforce org and its token
// endpoint, and against upstreams that misbehave about who may come in.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { LeakCheck, jsonAnswer, okAnswer } from '../../src/testing/index.ts';
import type { Answer, SeenRequest } from '../../src/testing/index.ts';
import { CALLERS_OWN, CredentialsRig } from '../support/credentials-rig.ts';
import type { Written } from '../support/credentials-rig.ts';
import { RawCaller } from '../support/raw-caller.ts';

const SECRET = 'sim-secret';
const TWO_HOURS = 7_200_000;
/** A token that came less than five seconds ago is not replaced for a 401. */
const SETTLED_MS = 6_000;
const leaks = LeakCheck.begin();
const folder = await mkdtemp(join(tmpdir(), 'holdfast-credentials-'));
const opened: CredentialsRig[] = [];

afterEach(async () => {
  for (const rig of opened.splice(0)) {
    await rig.close();
    await leaks.assertClean({ leases: rig.gateway.leases });
  }
});
after(() => rm(folder, { recursive: true }));

const oauth = (url: string, more: Written = {}): Written => {
  const tokenUrl = `${url}/services/oauth2/token`;
  return { oauth: { tokenUrl, clientId: 'sim-client', clientSecret: SECRET, ...more } };
};

async function atOrg(
  more: Written = {},
  options: Parameters<typeof CredentialsRig.atOrg>[1] = {},
): Promise<CredentialsRig> {
  const rig = await CredentialsRig.atOrg((url) => oauth(url, more), options);
  opened.push(rig);
  return rig;
}

async function at(...args: Parameters<typeof CredentialsRig.at>): Promise<CredentialsRig> {
  const rig = await CredentialsRig.at(...args);
  opened.push(rig);
  return rig;
}

const bearerOf = (field: string | undefined): string => field?.replace(/^Bearer /, '') ?? '';

/** Puts the clock forward until so much is left of the token. */
const leave = (rig: CredentialsRig, leftMs: number): void =>
  rig.clock.skip((rig.view.remainingMs ?? Number.NaN) - leftMs);

const renewed = (rig: CredentialsRig, version: number): Promise<void> =>
  eventually(
    () => rig.view.version === version,
    () => `version ${version} of the token, not ${rig.view.version}`,
  );

/** Asks without doing anything to it. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** No field of any call shows what the caller brought. */
function assertNothingOfCallers({ calls }: CredentialsRig): void {
  assert.ok(calls.length > 0);
  const heads = calls.map(({ rawHead }) => rawHead).join('\n');
  assert.doesNotMatch(heads, /callers-own|^(x-api-key|cookie):/im);
}

describe('an API that takes JSON Web Tokens alone', () => {
  it('is told from one without such a model, in log and admin page', async () => {
    const rig = await atOrg({}, { opaqueTokens: true });
    const { status, text } = await rig.ask();
    assert.equal(status, 404);
    assert.match(text, /tokens that are no JWT/);
    assert.match(rig.view.advice, /^The token is opaque.*let the client issue those\.$/);
    const lines = rig.log.filter((line) => line.includes('JWT-based access tokens'));
    assert.equal(lines.length, 1, rig.log.join(''));
    assert.match(lines[0] ?? '', /"upstream":"org"/);
  });

  it('is told nothing where the tokens have their form', async () => {
    const good = await atOrg();
    await good.ask();
    assert.equal(good.view.advice, '');
    assert.ok(!good.log.join('').includes('JWT-based'));
  });
});

describe('tokens of an org', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const password = { grant: 'password', username: 'robot@acme.test', password: 'right' };
  const refreshing = { grant: 'refresh-token', refreshToken: 'sim-refresh' };
  const grants: Readonly<Record<string, Written>> = {
    'client credentials': {},
    'client credentials by HTTP Basic': { clientAuth: 'basic' },
    password,
    'refresh token': refreshing,
    'JWT bearer': { grant: 'jwt-bearer', jwt: { key, subject: 'robot@acme.test' } },
  };
  for (const [grant, more] of Object.entries(grants)) {
    it(`are fetched once and sent in place of what callers bring: ${grant}`, async () => {
      const rig = await atOrg(more);
      for (let n = 0; n < 3; n += 1) {
        const { status, text } = await rig.ask();
        assert.equal(status, 200, text);
      }
      const token = bearerOf(rig.sent[0]);
      assert.deepEqual(
        rig.sent,
        Array.from({ length: 3 }, () => `Bearer ${token}`),
      );
      assert.equal(rig.org.tokens.stateOf(token, rig.clock.wallNow()), 'good');
      assert.equal(rig.org.tokenRequests, 1);
      assertNothingOfCallers(rig);
      const { name, kind, state, fingerprint, remainingMs = 0 } = rig.view;
      assert.deepEqual([name, kind, state], ['org', 'oauth', 'good']);
      assert.equal(fingerprint, createHash('sha256').update(token).digest('hex').slice(0, 8));
      assert.ok(remainingMs > TWO_HOURS - 10_000 && remainingMs <= TWO_HOURS);
    });
  }

  it('are renewed behind the back of calls, by the refresh token that came last', async () => {
    const rig = await atOrg(refreshing);
    await rig.ask();
    for (let version = 2; version <= 4; version += 1) {
      leave(rig, 60_000);
      assert.equal((await rig.ask()).status, 200);
      await renewed(rig, version);
    }
    await rig.ask();
    assert.equal(new Set(rig.sent).size, 4);
    assert.equal(rig.org.tokenRequests, 4);
    assert.equal(await rig.metric('gw_credential_refreshes_total'), 4);
    assert.equal(await rig.metric('gw_credential_failures_total'), 0);
    // Whoever called had a good token each time; but for the very first.
    assert.ok((await rig.metric('gw_credential_wait_seconds_count')) <= 1);
    const left = await rig.metric('gw_credential_remaining_seconds');
    assert.ok(left > 7_000 && left <= 7_200, `${left} s`);
  });

  it('are waited for when the last one has ended', async () => {
    const rig = await atOrg();
    await rig.ask();
    leave(rig, -1_000);
    assert.equal((await rig.ask()).status, 200);
    assert.equal(new Set(rig.sent).size, 2);
  });

  it('serve to their very end while the endpoint is down', async () => {
    const rig = await atOrg();
    await rig.ask();
    rig.org.tokenWishes = '[[status=503]]';
    for (const leftMs of [100_000, 60_000, 20_000, 5_000]) {
      leave(rig, leftMs);
      assert.equal((await rig.ask()).status, 200);
    }
    assert.equal(new Set(rig.sent).size, 1);
    assert.ok(rig.org.tokenRequests > 1);
    leave(rig, -1);
    // The clock has jumped over whatever attempt was under way.
    await eventually(() => rig.view.failuresInARow > 0, 'the end of a renewal');
    const { status, headers, text } = await rig.ask();
    assert.equal(status, 503);
    assert.equal(headers.get('x-holdfast-error'), 'CREDENTIALS_UNAVAILABLE');
    assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    assert.match(text, /org: The token endpoint answered 503/);
    assert.equal(rig.view.state, 'failing');
  });

  it('serve to their very end while the endpoint hangs, and nobody waits for it', async () => {
    const rig = await atOrg();
    await rig.ask();
    rig.org.tokenWishes = '[[head=60m]]';
    for (const leftMs of [100_000, 60_000, 20_000, 5_000, 1_000]) {
      leave(rig, leftMs);
      const begun = performance.now();
      assert.equal((await rig.ask()).status, 200);
      const tookMs = performance.now() - begun;
      assert.ok(tookMs < 1_000, `${tookMs} ms with ${leftMs} ms left`);
    }
    assert.equal(rig.view.state, 'renewing');
    assert.equal(rig.tokenRequests.length, 2);
  });

  it('keep a caller waiting for five seconds at most, and not one who leaves', async () => {
    const rig = await atOrg();
    await renewed(rig, 1);
    rig.org.tokenWishes = '[[head=60m]]';
    leave(rig, -1);
    const leaving = await RawCaller.open(Number(new URL(rig.gateway.url).port));
    const body = '{"model":"sim-echo","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]}';
    const head = `POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n`;
    leaving.say(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    await eventually(() => rig.view.waiting === 1, 'the call to wait');
    leaving.destroy();
    await eventually(() => rig.view.waiting === 0, 'the wait to end with its caller');
    const begun = performance.now();
    const { status, headers } = await rig.ask();
    const tookMs = performance.now() - begun;
    assert.equal(status, 503);
    assert.equal(headers.get('x-holdfast-error'), 'CREDENTIALS_UNAVAILABLE');
    assert.ok(tookMs > 4_500 && tookMs < 7_000, `${tookMs} ms`);
    assert.deepEqual(rig.calls, []);
  });
});

describe('a token that was revoked', () => {
  it('is replaced once, the call is made again, and its caller sees 200', async () => {
    const rig = await atOrg();
    await rig.ask();
    rig.clock.skip(SETTLED_MS);
    const first = bearerOf(rig.sent[0]);
    rig.org.tokens.revoke(first);
    const { status, headers } = await rig.ask();
    assert.equal(status, 200);
    assert.equal(headers.get('www-authenticate'), null);
    assert.equal(rig.org.tokenRequests, 2);
    const [, again, second] = rig.sent.map(bearerOf);
    assert.equal(again, first);
    assert.notEqual(second, first);
    assert.equal(rig.sent.length, 3);
    assert.equal(await rig.metric('gw_credential_replays_total'), 1);
    assertNothingOfCallers(rig);
    await rig.logged(2);
    assert.equal(rig.log.filter((line) => line.includes('"status":401')).length, 0);
  });

  it('is replaced once for all the calls that it fails', async () => {
    const rig = await atOrg();
    await rig.ask();
    rig.clock.skip(SETTLED_MS);
    rig.org.tokens.revoke(bearerOf(rig.sent[0]));
    const answers = await Promise.all(Array.from({ length: 20 }, () => rig.ask()));
    assert.ok(answers.every(({ status }) => status === 200));
    assert.equal(rig.org.tokenRequests, 2);
  });

  it('costs each call one further try: the second 401 is the answer', async () => {
    let tokens = 0;
    const answer = ({ path }: SeenRequest): Answer => {
      if (path !== '/token') return jsonAnswer(401, { error: 'go away' });
      tokens += 1;
      return jsonAnswer(200, { access_token: `token-${tokens}`, expires_in: 3_600 });
    };
    const rig = await at((url) => oauth(url, { tokenUrl: `${url}/token` }), { answer });
    await renewed(rig, 1);
    rig.clock.skip(SETTLED_MS);
    const { status, text } = await rig.ask();
    assert.deepEqual([status, text], [401, '{"error":"go away"}']);
    assert.deepEqual(rig.sent, ['Bearer token-1', 'Bearer token-2']);
    // Nothing is gained by a third token, so nobody asks for one.
    assert.equal((await rig.ask()).status, 401);
    assert.deepEqual(rig.sent.slice(2), ['Bearer token-2']);
    assert.equal(tokens, 2);
    assert.equal(await rig.metric('gw_credential_replays_total'), 1);
  });
});

describe('a client that the endpoint refuses', () => {
  const WRONG = 'a-wrong-but-still-secret-secret';

  it('is told to callers in clear words, is asked about once, and no secret gets out', async () => {
    const rig = await atOrg({ clientSecret: WRONG });
    for (let n = 0; n < 3; n += 1) {
      const { status, headers, text } = await rig.ask();
      assert.equal(status, 502);
      assert.equal(headers.get('x-holdfast-error'), 'CREDENTIALS_REFUSED');
      assert.equal(headers.get('x-should-retry'), 'false');
      const { type, error } = JSON.parse(text) as { type: string; error: { message: string } };
      assert.equal(type, 'error');
      assert.match(error.message, /org: The token endpoint answered 400 invalid_client\./);
      assert.doesNotMatch(text, /secret-secret|callers-own/);
    }
    assert.deepEqual(rig.calls, []);
    assert.equal(rig.tokenRequests.length, 1);
    assert.equal(rig.view.state, 'refused');
    assert.match(
      await rig.gateway.metricsText(),
      /gw_credential_failures_total\{upstream="org",cause="refused"\} 1/,
    );
    await rig.logged(3);
    const told = await rig.told();
    assert.match(told, /invalid client credentials/);
    for (const secret of [WRONG, 'callers-own']) assert.ok(!told.includes(secret), secret);
  });

  it('is asked about again after a reload, which may have put it right', async () => {
    const rig = await atOrg({ clientSecret: WRONG });
    assert.equal((await rig.ask()).status, 502);
    rig.gateway.reload(rig.config(oauth(rig.upstreamUrl)));
    assert.equal((await rig.ask()).status, 200);
    assert.equal(rig.view.state, 'good');
  });
});

describe('everything that a gateway tells of itself', () => {
  it('holds no secret and no token', async () => {
    const grant = { grant: 'password', username: 'robot', password: 'right-password' };
    const rig = await atOrg(grant);
    await rig.ask();
    rig.clock.skip(SETTLED_MS);
    rig.org.tokens.revoke(bearerOf(rig.sent[0]));
    await rig.ask();
    rig.org.tokenWishes = '[[status=503]]';
    leave(rig, 60_000);
    await rig.ask();
    await eventually(() => rig.view.failures === 1, 'a failure to show');
    await rig.logged(3);
    const told = await rig.told();
    assert.match(told, /"fingerprint":\s*"[0-9a-f]{8}"/);
    assert.match(told, /no token came/);
    const tokens = new Set(rig.sent.map(bearerOf));
    assert.equal(tokens.size, 2);
    // The signature alone is what makes a token worth stealing.
    const signatures = [...tokens].map((token) => token.split('.')[2] ?? '');
    const secrets = [SECRET, 'right-password', 'callers-own', ...tokens, ...signatures];
    for (const secret of secrets) {
      assert.ok(secret.length > 8 && !told.includes(secret), secret);
    }
  });
});

describe('a new configuration', () => {
  it('keeps the token of credentials that are the same', async () => {
    const rig = await atOrg();
    await rig.ask();
    rig.gateway.reload(rig.config(oauth(rig.upstreamUrl)));
    await rig.ask();
    assert.equal(new Set(rig.sent).size, 1);
    assert.equal(rig.org.tokenRequests, 1);
  });

  it('fetches another token for other credentials, and none for the caller’s own', async () => {
    const rig = await atOrg(
      {},
      {
        clients: new Map([
          ['sim-client', SECRET],
          ['two', 'two'],
        ]),
      },
    );
    await rig.ask();
    const two = oauth(rig.upstreamUrl, { clientId: 'two', clientSecret: 'two' });
    assert.deepEqual(rig.gateway.reload(rig.config(two)), []);
    assert.equal((await rig.ask()).status, 200);
    assert.equal(new Set(rig.sent).size, 2);
    rig.gateway.reload(rig.config(undefined));
    assert.equal((await rig.ask()).status, 401);
    assert.equal(rig.sent.at(-1), CALLERS_OWN.authorization);
    assert.deepEqual(rig.gateway.views.pages.credentials(), []);
  });
});

describe('secrets that are sent as they are', () => {
  it('go out as HTTP Basic, with fields of their own beside it', async () => {
    const basic = { username: 'robot', password: 'pass:wörd' };
    const rig = await at(() => ({ basic, header: { 'x-tenant': 'acme' } }), { answer: okAnswer });
    assert.equal((await rig.ask()).status, 200);
    const pair = Buffer.from('robot:pass:wörd').toString('base64');
    assert.deepEqual(rig.sent, [`Basic ${pair}`]);
    assert.equal(rig.calls[0]?.header('x-tenant'), 'acme');
    assertNothingOfCallers(rig);
    assert.equal(rig.view.fingerprint, '');
    assert.ok(!(await rig.told()).includes(pair));
  });

  it('come from a file, and its new content is sent soon after it has changed', async () => {
    const file = join(folder, 'key');
    await writeFile(file, 'first-key-of-file\n');
    const sendAs = { header: 'x-api-key', scheme: 'none' };
    const rig = await at(() => ({ file, sendAs }), { answer: okAnswer });
    const keys = (): (string | undefined)[] => rig.calls.map((call) => call.header('x-api-key'));
    await eventually(() => rig.view.state === 'good', 'the file to be read');
    await rig.ask();
    assert.deepEqual(keys(), ['first-key-of-file']);
    assert.equal(rig.sent[0], undefined);
    // As orchestrators do it: another file takes its name.
    await writeFile(`${file}.new`, 'second-key-of-file');
    await rename(`${file}.new`, file);
    rig.clock.skip(5_000);
    assert.equal((await rig.ask()).status, 200);
    await renewed(rig, 2);
    await rig.ask();
    assert.equal(keys().at(-1), 'second-key-of-file');
    await rm(file);
    rig.clock.skip(5_000);
    assert.equal((await rig.ask()).status, 200);
    await eventually(() => rig.view.state === 'failing', 'the loss of the file to be seen');
    assert.equal((await rig.ask()).status, 200);
    assert.doesNotMatch(await rig.told(), /key-of-file|callers-own/);
  });

  it('are printed by a program, and again before they end', async () => {
    const counter = join(folder, 'counter');
    const script =
      `const fs=require('fs');fs.appendFileSync(${JSON.stringify(counter)},'.');` +
      `const n=fs.readFileSync(${JSON.stringify(counter)}).length;` +
      `console.log(JSON.stringify({token:'printed-'+n,expires_in:600}))`;
    const command = [process.execPath, '-e', script];
    const rig = await at(() => ({ command }), { answer: okAnswer });
    assert.equal((await rig.ask()).status, 200);
    assert.deepEqual(rig.sent, ['Bearer printed-1']);
    leave(rig, 70_000);
    assert.equal((await rig.ask()).status, 200);
    await renewed(rig, 2);
    await rig.ask();
    assert.deepEqual(rig.sent.slice(1), ['Bearer printed-1', 'Bearer printed-2']);
    assertNothingOfCallers(rig);
  });

  it('leave no program behind when the gateway closes', async () => {
    const file = join(folder, 'pid');
    const script =
      `require('fs').writeFileSync(${JSON.stringify(`${file}.new`)},String(process.pid));` +
      `require('fs').renameSync(${JSON.stringify(`${file}.new`)},${JSON.stringify(file)});` +
      'setInterval(() => {}, 1000)';
    const command = [process.execPath, '-e', script];
    const rig = await at(() => ({ command, commandTimeout: '20s' }), { answer: okAnswer });
    await eventually(() => existsSync(file), 'the program to run');
    await rig.gateway.close();
    await eventually(() => !isRunning(Number(readFileSync(file, 'utf8'))), 'its end');
    assert.doesNotMatch(rig.log.join('\n'), /no token came/);
  });

  it('say what is wrong with a program, without what it has said itself', async () => {
    const script = "console.error('my-secret-is-hunter2');process.exit(3)";
    const command = [process.execPath, '-e', script];
    const rig = await at(() => ({ command }), { answer: okAnswer });
    const { status, text } = await rig.ask();
    assert.equal(status, 503);
    assert.match(text, /org: The credential helper ended with code 3/);
    const told = `${text}\n${rig.log.join('\n')}`;
    assert.ok(!told.includes('hunter2'));
    assert.deepEqual(rig.calls, []);
  });
});
