import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../core/random.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { GrantSettings, OauthSettings } from './credential-settings.ts';
import { oauth, ScriptedEndpoint, SECRET, settle } from './credentials.fixture.ts';
import { OauthSource } from './oauth-source.ts';
import { defaultCredentialsOptions } from './options.ts';
import type { FetchResult } from './token-source.ts';

const good = { access_token: 'abc', expires_in: 1_799 };

function rig(own: Partial<OauthSettings> = {}) {
  const clock = new VirtualClock();
  const endpoint = new ScriptedEndpoint();
  const deps = { clock, random: seededRandom(3), endpoint };
  const source = new OauthSource(deps, { ...oauth, ...own }, defaultCredentialsOptions);
  const fetch = async (): Promise<FetchResult> => {
    const result = source.fetch();
    for (let wait = 0; wait < 200; wait += 1) {
      await settle();
      clock.advance(100);
    }
    return result;
  };
  return { clock, endpoint, source, fetch };
}

/** The form that a grant posts. */
async function posted(own: Partial<OauthSettings>) {
  const { endpoint, fetch } = rig(own);
  endpoint.onAsk = (ask) => ask.answer(200, good);
  await fetch();
  return endpoint.last;
}

const withGrant = (grant: GrantSettings): Partial<OauthSettings> => ({ grant });

describe('the request for a token', () => {
  it('names grant and client in the form', async () => {
    const { url, form, headers } = await posted({ form: [['scope', 'api sfap_api']] });
    assert.equal(url, oauth.tokenUrl);
    assert.deepEqual(form, {
      grant_type: 'client_credentials',
      scope: 'api sfap_api',
      client_id: 'client',
      client_secret: SECRET,
    });
    assert.deepEqual(headers, { accept: 'application/json' });
  });

  it('names the client in a header where that is asked for', async () => {
    const { form, headers } = await posted({
      clientAuth: 'basic',
      clientId: 'a b',
      clientSecret: 'ü:&',
    });
    assert.deepEqual(Object.keys(form), ['grant_type']);
    const pair = Buffer.from(headers['authorization']?.slice(6) ?? '', 'base64').toString();
    assert.equal(pair, 'a+b:%C3%BC%3A%26');
  });

  it('knows the password grant', async () => {
    const { form } = await posted(
      withGrant({ grant: 'password', username: 'me', password: 'p w' }),
    );
    assert.equal(form['grant_type'], 'password');
    assert.equal(form['username'], 'me');
    assert.equal(form['password'], 'p w');
  });

  it('says nothing of a client that has no secret', async () => {
    const { form } = await posted({ clientId: '', clientSecret: '' });
    assert.deepEqual(form, { grant_type: 'client_credentials' });
  });

  it('uses each new refresh token for the next request', async () => {
    const { endpoint, fetch, source } = rig(
      withGrant({ grant: 'refresh-token', refreshToken: 'r0' }),
    );
    endpoint.onAsk = (ask, at) =>
      ask.answer(200, at === 0 ? { ...good, refresh_token: 'r1' } : { ...good, refresh_token: '' });
    for (let fetches = 0; fetches < 3; fetches += 1) await fetch();
    const used = endpoint.asks.map(({ form }) => form['refresh_token']);
    assert.deepEqual(used, ['r0', 'r1', 'r1']);
    source.adopt('of another process');
    await fetch();
    assert.equal(endpoint.last.form['refresh_token'], 'of another process');
  });
});

describe('an answer with a token', () => {
  const lifeOf = async (body: object, headers: Record<string, string> = {}) => {
    const { endpoint, fetch } = rig();
    endpoint.onAsk = (ask) => ask.answer(200, body, headers);
    const result = await fetch();
    return result.ok ? result.lifetimeMs : result.cause;
  };
  const jwt = (claims: unknown): string =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;
  const wallSeconds = new VirtualClock().wallNow() / 1_000;

  it('says how long it lives, as a number or as text', async () => {
    assert.equal(await lifeOf(good), 1_799_000);
    assert.equal(await lifeOf({ ...good, expires_in: '300' }), 300_000);
  });

  it('lets the token itself say when it ends', async () => {
    const access_token = jwt({ exp: wallSeconds + 7_200 });
    assert.equal(await lifeOf({ access_token }), 7_200_000);
    const zero = await lifeOf({ access_token, expires_in: 0 });
    assert.equal(zero, 7_200_000, 'nought says nothing');
  });

  it('reads the end of the token by the clock of its endpoint', async () => {
    const access_token = jwt({ exp: wallSeconds + 7_200 });
    const date = new Date((wallSeconds + 600) * 1_000).toUTCString();
    assert.equal(await lifeOf({ access_token }, { date }), 6_600_000 - 500);
  });

  it('leaves the life open where nobody tells', async () => {
    for (const access_token of ['00D!AQ', 'a.b.c', jwt([1]), jwt({ exp: 'soon' }), jwt({})]) {
      assert.equal(await lifeOf({ access_token }), undefined);
    }
    const past = jwt({ exp: wallSeconds - 10 });
    assert.equal(await lifeOf({ access_token: past }), undefined);
  });

  it('is no answer without a token that can be sent', async () => {
    for (const access_token of [undefined, 7, '', 'two words', 'line\nbreak', 'ü']) {
      assert.equal(await lifeOf({ access_token, expires_in: 60 }), 'bad-answer');
    }
  });
});

describe('an endpoint that fails', () => {
  it('is asked three times for failures of the moment, with growing waits', async () => {
    for (const status of [500, 503, 0]) {
      const { endpoint, fetch } = rig();
      endpoint.onAsk = (ask) => (status === 0 ? ask.break('ETIMEDOUT') : ask.answer(status, ''));
      const result = await fetch();
      assert.equal(endpoint.asks.length, 3);
      assert.equal(result.ok ? '' : result.cause, status === 0 ? 'unreachable' : 'broken');
    }
  });

  it('is believed when a later attempt goes well', async () => {
    const { endpoint, fetch } = rig();
    endpoint.onAsk = (ask, at) => (at < 2 ? ask.break('ECONNRESET') : ask.answer(200, good));
    assert.equal((await fetch()).ok, true);
  });

  it('is never asked again after a refusal', async () => {
    for (const [status, body] of [
      [400, { error: 'invalid_grant' }],
      [401, { error: 'access_denied' }],
      [403, ''],
      [200, { error: 'bad_refresh_token' }],
      [302, ''],
    ] as const) {
      const { endpoint, fetch } = rig();
      endpoint.onAsk = (ask) => ask.answer(status, body);
      const result = await fetch();
      assert.equal(endpoint.asks.length, 1, String(status));
      assert.equal(result.ok ? '' : result.cause, 'refused');
    }
  });

  it('may ask for patience in a refusal', async () => {
    for (const [status, error] of [
      [400, 'temporarily_unavailable'],
      [400, 'unknown_error'],
      [408, ''],
    ] as const) {
      const { endpoint, fetch } = rig();
      endpoint.onAsk = (ask) => ask.answer(status, { error });
      const result = await fetch();
      assert.equal(endpoint.asks.length, 1);
      assert.equal(result.ok ? '' : result.cause, 'broken');
    }
  });

  it('has a short Retry-After followed, and a long one passed on', async () => {
    const { clock, endpoint, source } = rig();
    endpoint.onAsk = (ask, at) =>
      at === 0 ? ask.answer(429, '', { 'retry-after': '3' }) : ask.answer(200, good);
    const began = source.fetch();
    await settle();
    clock.advance(2_999);
    await settle();
    assert.equal(endpoint.asks.length, 1);
    clock.advance(1);
    assert.equal((await began).ok, true);
    const long = rig();
    long.endpoint.onAsk = (ask) => ask.answer(429, '', { 'retry-after': '90' });
    const result = await long.fetch();
    assert.equal(long.endpoint.asks.length, 1);
    assert.equal(result.ok ? 0 : result.retryAfterMs, 90_000);
  });

  it('is quoted without anything secret', async () => {
    const { endpoint, fetch } = rig();
    endpoint.onAsk = (ask) => ask.break('ECONNREFUSED');
    const lost = JSON.stringify(await fetch());
    assert.match(lost, /gave no answer \(ECONNREFUSED\)\./);
    assert.doesNotMatch(lost, new RegExp(SECRET));
    endpoint.onAsk = (ask) =>
      ask.answer(400, { error: 'invalid_grant', error_description: 'no client\ncredentials user' });
    const told = await fetch();
    assert.equal(told.ok ? '' : told.explanation, 'no client credentials user');
    endpoint.onAsk = (ask) =>
      ask.answer(400, { error: `no_${SECRET}`, error_description: `wrong: ${SECRET}` });
    const echoed = await fetch();
    assert.doesNotMatch(JSON.stringify(echoed), new RegExp(SECRET));
    assert.equal(echoed.ok ? '' : echoed.words, 'The token endpoint answered 400.');
  });

  it('is not quoted at all where it repeats a secret, however that is written', async () => {
    for (const [password, error_description] of [
      ['geheimes-pässwort', 'geheimes-pässwort is wrong'],
      // Cut to what is logged, only a part of it would be left.
      ['long-secret-password', `${'x'.repeat(185)} long-secret-password`],
    ] as const) {
      const { endpoint, fetch } = rig(withGrant({ grant: 'password', username: 'me', password }));
      endpoint.onAsk = (ask) => ask.answer(400, { error: 'invalid_grant', error_description });
      const told = await fetch();
      assert.equal(told.ok ? undefined : told.explanation, '');
    }
  });
});

describe('the clock of an endpoint', () => {
  it('is followed as an average', async () => {
    const { clock, endpoint, source, fetch } = rig();
    endpoint.onAsk = (ask) =>
      ask.answer(200, good, { date: new Date(clock.wallNow() + 10_000).toUTCString() });
    await fetch();
    assert.ok(Math.abs(source.skewMs - 10_000) <= 500, String(source.skewMs));
    endpoint.onAsk = (ask) =>
      ask.answer(200, good, { date: new Date(clock.wallNow()).toUTCString() });
    await fetch();
    assert.ok(source.skewMs > 7_000 && source.skewMs < 9_000, String(source.skewMs));
    endpoint.onAsk = (ask) => ask.answer(200, good, { date: 'yesterday' });
    const before = source.skewMs;
    await fetch();
    assert.equal(source.skewMs, before);
  });
});
