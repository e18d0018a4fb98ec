import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancellation } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import { testTarget } from '../../testing/test-call.ts';
import { basicSettings, bearerForm } from './credential-settings.ts';
import type { CredentialSettings } from './credential-settings.ts';
import {
  counting,
  CredentialsRig,
  oauth,
  oauthSettings,
  SECRET,
  settle,
} from './credentials.fixture.ts';

const mine = {
  authorization: 'Bearer mine',
  'x-api-key': 'mine',
  cookie: 'session=mine',
  accept: '*/*',
};

const fixed = (fields: readonly (readonly [string, string])[]): CredentialSettings => ({
  kind: 'fixed',
  fields,
});

describe('fields that never change', () => {
  it('replace whatever the caller has sent', () => {
    const rig = new CredentialsRig({}, { settings: fixed([['x-api-key', 'stored']]) });
    const { sink } = rig.send({ headers: mine });
    assert.deepEqual(
      [...rig.upstream.last.call.headers],
      [
        ['accept', '*/*'],
        ['x-api-key', 'stored'],
      ],
    );
    assert.equal(sink.status, 200);
  });

  it('are HTTP Basic where a user and a password are given', () => {
    const rig = new CredentialsRig({}, { settings: basicSettings('Aladdin', 'open sesame') });
    rig.send();
    // The example of RFC 7617.
    assert.deepEqual(rig.sent, ['Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==']);
  });

  it('are not sent twice after a 401', () => {
    const rig = new CredentialsRig({ status: 401 }, { settings: fixed([['x-api-key', 'k']]) });
    const { sink } = rig.send();
    assert.equal(sink.status, 401);
    assert.equal(rig.upstream.calls.length, 1);
  });

  it('are not shown', () => {
    const rig = new CredentialsRig({}, { settings: basicSettings('me', 'secret') });
    assert.equal(rig.view.fingerprint, '');
  });
});

describe('a route without stored credentials', () => {
  it('passes the call untouched', () => {
    const rig = new CredentialsRig({});
    const { call } = rig.send({ headers: mine, route: { credential: undefined } });
    assert.equal(rig.upstream.last.call, call);
  });
});

describe('a route whose credentials are gone', () => {
  it('refuses the call instead of sending the caller’s own', () => {
    const rig = new CredentialsRig({});
    rig.credentials.retain(new Set());
    const { sink } = rig.send({ headers: mine });
    assert.equal(sink.error?.code, 'CREDENTIALS_UNAVAILABLE');
    assert.equal(rig.upstream.calls.length, 0);
  });
});

describe('a secret in a file', () => {
  const settings: CredentialSettings = { kind: 'file', path: '/run/key', form: bearerForm };

  it('is read before it is needed, and again when the file has changed', async () => {
    const rig = new CredentialsRig({}, { settings });
    rig.files.set('/run/key', { text: ' one\n', changedAt: 1 });
    await rig.credentials.warm();
    rig.send();
    rig.files.set('/run/key', { text: 'two', changedAt: 2 });
    rig.clock.advance(4_999);
    rig.send();
    await settle();
    rig.send();
    rig.clock.advance(1);
    rig.send();
    await settle();
    rig.send();
    const [one, two] = ['Bearer one', 'Bearer two'];
    assert.deepEqual(rig.sent, [one, one, one, one, two]);
    assert.equal(rig.view.version, 2);
    rig.clock.advance(5_000);
    rig.send();
    await settle();
    assert.equal(rig.reads, 2, 'it is read only when it has changed');
  });

  it('is no new version where the file was written again with the same text', async () => {
    const rig = new CredentialsRig({}, { settings });
    for (let changedAt = 1; changedAt < 4; changedAt += 1) {
      rig.files.set('/run/key', { text: 'one', changedAt });
      rig.clock.advance(5_000);
      rig.send();
      await settle();
    }
    assert.equal(rig.view.version, 1);
  });

  it('stays in use while the file is away or holds nothing', async () => {
    const rig = new CredentialsRig({}, { settings });
    rig.files.set('/run/key', { text: 'one', changedAt: 1 });
    await rig.credentials.warm();
    rig.files.delete('/run/key');
    for (let look = 0; look < 2; look += 1) {
      rig.clock.advance(5_000);
      rig.send();
      await settle();
    }
    rig.files.set('/run/key', { text: '\n', changedAt: 3 });
    rig.clock.advance(5_000);
    rig.send();
    await settle();
    rig.send();
    assert.deepEqual(new Set(rig.sent), new Set(['Bearer one']));
    assert.equal(rig.view.lastFailure, 'The file is empty.');
    assert.deepEqual(rig.said, ['file of up does not exist, an older content is used']);
    assert.equal(rig.view.state, 'failing');
    rig.files.set('/run/key', { text: 'four', changedAt: 4 });
    rig.clock.advance(5_000);
    rig.send();
    await settle();
    assert.equal(rig.view.state, 'good');
  });

  it('refuses calls while it has never been read', async () => {
    const rig = new CredentialsRig({}, { settings });
    await rig.credentials.warm();
    const { sink } = rig.send();
    assert.equal(sink.error?.code, 'CREDENTIALS_UNAVAILABLE');
    assert.match(sink.error.message, /up: The file with the secret does not exist\./);
    assert.deepEqual(rig.said, ['file of up does not exist']);
    rig.files.set('/run/key', { text: 'late', changedAt: 1 });
    await settle();
    rig.clock.advance(5_000);
    rig.send();
    await settle();
    rig.send();
    assert.deepEqual(rig.sent, ['Bearer late']);
  });
});

describe('a valid token', () => {
  it('is sent at once, in the form that was asked for', async () => {
    const form = { header: 'x-token', scheme: '', extra: [['x-app', 'tests']] } as const;
    const rig = new CredentialsRig({}, { settings: { ...oauthSettings, form } as never });
    await rig.begin(3_600);
    const { sink } = rig.send({ headers: { ...mine, 'x-app': 'mine' } });
    assert.equal(sink.ended, true);
    const fields = Object.fromEntries(rig.upstream.last.call.headers);
    assert.deepEqual(fields, { accept: '*/*', 'x-token': 'token-1', 'x-app': 'tests' });
    assert.deepEqual(rig.waits, []);
  });

  it('is renewed in the background while calls go on with it', async () => {
    const rig = new CredentialsRig({});
    await rig.begin(3_600, 3_600_000 - 110_000);
    rig.send();
    rig.send();
    assert.equal(rig.endpoint.asks.length, 2);
    rig.endpoint.last.answer(200, { access_token: 'token-2', expires_in: 3_600 });
    await settle();
    rig.send();
    assert.deepEqual(rig.sent, ['Bearer token-1', 'Bearer token-1', 'Bearer token-2']);
    assert.deepEqual(rig.waits, []);
    rig.assertNothingLeft();
  });

  it('is kept by a reload with the same configuration, and dropped by another one', async () => {
    const rig = new CredentialsRig({});
    await rig.begin(3_600);
    rig.credentials.configure('up', structuredClone(oauthSettings));
    rig.credentials.retain(new Set(['up']));
    rig.send();
    assert.deepEqual(rig.sent, ['Bearer token-1']);
    const changed = { ...oauth, clientSecret: 'another' };
    rig.credentials.configure('up', { ...oauthSettings, oauth: changed });
    rig.endpoint.onAsk = counting(60);
    rig.send();
    await settle();
    assert.equal(rig.endpoint.last.form['client_secret'], 'another');
    assert.equal(rig.sent[1], 'Bearer token-2');
  });

  it('is renewed after a reload by the refresh token that came last', async () => {
    const grant = { grant: 'refresh-token', refreshToken: 'r0' } as const;
    const settings = (more: Partial<typeof oauth>): CredentialSettings => ({
      ...oauthSettings,
      oauth: { ...oauth, grant, ...more },
    });
    const rig = new CredentialsRig({}, { settings: settings({}) });
    rig.endpoint.onAsk = (ask, at) => {
      const fields = { access_token: `token-${at}`, expires_in: 60, refresh_token: `r${at + 1}` };
      ask.answer(200, fields);
    };
    for (const more of [{}, { clientSecret: 'rotated' }, { tokenUrl: 'https://other.example/' }]) {
      rig.credentials.configure('up', settings(more));
      rig.send();
      await settle();
    }
    const used = rig.endpoint.asks.map(({ form }) => form['refresh_token']);
    // Another endpoint knows nothing of the successors.
    assert.deepEqual(used, ['r0', 'r1', 'r0']);
  });

  it('is shown by a fingerprint alone', async () => {
    const rig = new CredentialsRig({});
    await rig.begin(3_600, 600_000);
    const { view } = rig;
    assert.match(view.fingerprint, /^[0-9a-f]{8}$/);
    assert.equal(view.remainingMs, 3_000_000);
    assert.equal(view.state, 'good');
    assert.equal(view.refreshes, 1);
    assert.doesNotMatch(JSON.stringify(view), new RegExp(`token-1|${SECRET}`));
  });
});

describe('a call that needs a token first', () => {
  it('waits for it with all the others', async () => {
    const rig = new CredentialsRig({});
    const sinks = [rig.send().sink, rig.send().sink, rig.send().sink];
    assert.equal(rig.view.waiting, 3);
    rig.clock.advance(700);
    rig.endpoint.last.answer(200, { access_token: 'token-1', expires_in: 60 });
    await settle();
    assert.deepEqual(
      sinks.map((sink) => sink.ended),
      [true, true, true],
    );
    assert.equal(rig.endpoint.asks.length, 1);
    assert.deepEqual(rig.waits, [700, 700, 700]);
    rig.assertNothingLeft();
  });

  it('is refused after five seconds, and the next one at once', async () => {
    const rig = new CredentialsRig({});
    const { sink } = rig.send();
    rig.clock.advance(4_999);
    assert.equal(sink.isOver, false);
    rig.clock.advance(1);
    assert.equal(sink.error?.code, 'CREDENTIALS_UNAVAILABLE');
    assert.equal(sink.error.status, 503);
    assert.ok((sink.error.retryAfterMs ?? 0) >= 1_000);
    const next = rig.send().sink;
    assert.equal(next.error?.code, 'CREDENTIALS_UNAVAILABLE');
    assert.match(next.error.message, /takes too long/);
    assert.equal(next.error.retryAfterMs, 5_000);
    assert.deepEqual(rig.waits, [5_000]);
    rig.endpoint.last.answer(200, { access_token: 'late', expires_in: 600 });
    await settle();
    assert.equal(rig.send().sink.ended, true);
    assert.equal(rig.endpoint.asks.length, 1);
    assert.deepEqual(rig.sent, ['Bearer late']);
  });

  it('is refused at once while the endpoint is left alone', async () => {
    const rig = new CredentialsRig({}, { options: { attemptsMax: 1 } });
    const first = rig.send().sink;
    rig.endpoint.last.answer(503, 'busy', { 'retry-after': '20' });
    await settle();
    assert.equal(first.error?.code, 'CREDENTIALS_UNAVAILABLE');
    const { sink } = rig.send();
    assert.match(sink.error?.message ?? '', /up: The token endpoint answered 503/);
    assert.equal(sink.error?.retryAfterMs, 20_000);
    assert.match(rig.view.lastFailure, /answered 503/);
    rig.clock.advance(20_000);
    rig.send();
    rig.endpoint.last.answer(200, { access_token: 'token-1', expires_in: 60 });
    await settle();
    assert.equal(rig.endpoint.asks.length, 2);
    assert.equal(rig.view.lastFailure, '');
  });

  it('leaves when its caller leaves', () => {
    const rig = new CredentialsRig({});
    const cancellation = new Cancellation();
    const { sink } = rig.send({ cancellation });
    cancellation.cancel(new CallError('CALLER_GONE'));
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
    assert.equal(rig.view.waiting, 0);
  });

  it('is not begun when its caller has left before', () => {
    const rig = new CredentialsRig({});
    const cancellation = new Cancellation();
    cancellation.cancel(new CallError('CALLER_GONE'));
    assert.deepEqual(rig.send({ cancellation }).sink.story, ['fail CALLER_GONE']);
    assert.equal(rig.view.waiting, 0);
  });

  it('takes a token that is about to end when no better one comes', async () => {
    const rig = new CredentialsRig({});
    await rig.begin(3_600, 3_600_000 - 20_000);
    const { sink } = rig.send();
    assert.equal(rig.view.waiting, 1);
    rig.clock.advance(5_000);
    assert.equal(sink.ended, true);
    assert.deepEqual(rig.sent, ['Bearer token-1']);
  });

  it('is over when another one that was woken before makes its caller leave', async () => {
    const rig = new CredentialsRig({});
    const cancellation = new Cancellation();
    const onEvent = (): void => cancellation.cancel(new CallError('CALLER_GONE'));
    rig.send({}, { onEvent });
    const { sink } = rig.send({ cancellation });
    rig.endpoint.last.answer(200, { access_token: 'token-1', expires_in: 60 });
    await settle();
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
    assert.equal(rig.upstream.calls.length, 1);
    rig.assertNothingLeft();
  });

  it('hears nothing of a renewal that a gateway has left behind', async () => {
    const rig = new CredentialsRig({});
    await rig.credentials.warm();
    rig.credentials.close();
    rig.endpoint.last.answer(400, { error: 'invalid_client' });
    await settle();
    assert.deepEqual(rig.said, []);
    rig.assertNothingLeft();
  });

  it('does not leave the others waiting when it meets a defect', () => {
    const rig = new CredentialsRig({}, { options: { waitMs: 100_000 } });
    const bug = new Error('a defect in a test');
    const onEvent = (): void => {
      throw bug;
    };
    const sinks = [rig.send({}, { onEvent }).sink, rig.send().sink];
    assert.throws(() => rig.clock.advance(60_000), bug);
    assert.equal(sinks[1]?.error?.code, 'CREDENTIALS_UNAVAILABLE');
    assert.match(sinks[1].error.message, /took too long/);
    assert.equal(rig.view.waiting, 0);
  });

  it('ends with an error when it meets a defect after its wait', async () => {
    const bug = new Error('a defect in a test');
    const rig = new CredentialsRig(() => {
      throw bug;
    });
    await rig.begin(3_600, 3_600_000 - 20_000);
    const { sink } = rig.send();
    assert.throws(() => rig.clock.advance(5_000), bug);
    assert.deepEqual(sink.story, ['fail BUG']);
  });

  it('stops what runs below when the defect is above, in an answer at once', async () => {
    const bug = new Error('a defect in a test');
    const rig = new CredentialsRig({ chunks: ['x'], ending: 'never' });
    await rig.begin(3_600, 3_600_000 - 20_000);
    const onEvent = ({ type }: { type: string }): void => {
      if (type === 'start') throw bug;
    };
    const { sink } = rig.send({}, { onEvent });
    assert.throws(() => rig.clock.advance(5_000), bug);
    assert.equal(sink.error?.code, 'BUG');
    assert.equal(rig.upstream.last.cancelledWith?.code, 'BUG');
  });
});

describe('credentials that are refused', () => {
  it('are not tried again, and say clearly why', async () => {
    const rig = new CredentialsRig({});
    const { sink } = rig.send();
    const error_description = `no user; got ${SECRET}`;
    rig.endpoint.last.answer(401, { error: 'invalid_client', error_description });
    await settle();
    assert.equal(sink.error?.code, 'CREDENTIALS_REFUSED');
    assert.equal(sink.error.shouldRetry, false);
    assert.match(sink.error.message, /up: The token endpoint answered 401 invalid_client\.$/);
    for (let call = 0; call < 20; call += 1) {
      assert.equal(rig.send().sink.error?.code, 'CREDENTIALS_REFUSED');
      rig.clock.advance(2_900);
    }
    assert.equal(rig.endpoint.asks.length, 1);
    assert.deepEqual(rig.said, ['failed up refused 1']);
    assert.doesNotMatch(rig.explanations.join(' '), new RegExp(SECRET));
    assert.equal(rig.view.state, 'refused');
  });

  it('are probed by one call after a minute', async () => {
    const rig = new CredentialsRig({});
    rig.send();
    rig.endpoint.last.answer(400, { error: 'invalid_grant' });
    await settle();
    rig.clock.advance(60_000);
    rig.endpoint.onAsk = counting(60);
    const { sink } = rig.send();
    await settle();
    assert.equal(sink.ended, true);
    assert.equal(rig.endpoint.asks.length, 2);
  });

  it('are tried again at once after a reload', async () => {
    const rig = new CredentialsRig({});
    rig.send();
    rig.endpoint.last.answer(400, { error: 'unauthorized_client' });
    await settle();
    rig.credentials.configure('up', oauthSettings);
    rig.send();
    assert.equal(rig.endpoint.asks.length, 2);
  });

  it('leave a token in use that is still good', async () => {
    const rig = new CredentialsRig({});
    await rig.begin(3_600, 3_600_000 - 100_000);
    rig.send();
    rig.endpoint.last.answer(400, { error: 'access_denied' });
    await settle();
    rig.clock.advance(59_000);
    assert.equal(rig.send().sink.ended, true);
    assert.equal(rig.endpoint.asks.length, 2);
    rig.clock.advance(40_000);
    const { sink } = rig.send();
    rig.endpoint.last.answer(400, { error: 'access_denied' });
    await settle();
    assert.equal(sink.ended, true);
    rig.clock.advance(1_000);
    assert.equal(rig.send().sink.error?.code, 'CREDENTIALS_REFUSED');
    assert.equal(rig.endpoint.asks.length, 3);
  });
});

describe('the credentials of a target, as a gate', () => {
  it('shut it where another one goes by others, and let it pass where none does', async () => {
    const rig = new CredentialsRig({});
    const own = testTarget(1, { route: { credential: 'up' } });
    const other = testTarget(2, { route: { credential: 'other' } });
    const now = rig.clock.now();
    const asks = (targets: readonly (typeof own)[]): number => {
      const { call } = rig.send({ route: { targets } });
      return rig.credentials.opensAt(own, call, now);
    };
    assert.equal(asks([own, other]), 0);
    rig.endpoint.last.answer(400, { error: 'invalid_grant' });
    await settle();
    assert.equal(asks([own, other]), now + 60_000);
    assert.equal(asks([own, own]), 0);
    assert.equal(rig.credentials.opensAt(other, rig.send().call, now), 0);
  });

  it('shut it, too, while the endpoint hangs, after the first calls have waited', () => {
    const rig = new CredentialsRig({});
    const own = testTarget(1, { route: { credential: 'up' } });
    const other = testTarget(2, { route: { credential: 'other' } });
    const { call } = rig.send({ route: { targets: [own, other] } });
    const begun = rig.clock.now();
    rig.clock.advance(4_999);
    assert.equal(rig.credentials.opensAt(own, call, begun + 4_999), 0);
    rig.clock.advance(1);
    assert.equal(rig.credentials.opensAt(own, call, begun + 5_000), begun + 6_000);
  });
});
