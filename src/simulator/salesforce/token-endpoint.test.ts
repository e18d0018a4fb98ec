import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { at } from '../plan-events.ts';
import { OrgRig, WALL_MS } from './org.fixture.ts';
import type { ReadAnswer } from './org.fixture.ts';

const CHAT = '/einstein/platform/v1/models/sim-fast/chat-generations';
const question = { messages: [{ role: 'user', content: 'Hello' }] };

function errorOf({ status, json }: ReadAnswer): unknown[] {
  return [status, at(json, 'error')];
}

function claimsOf(token: string): Record<string, unknown> {
  const [, claims = ''] = token.split('.');
  return JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as Record<string, unknown>;
}

function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`;
}

describe('the token endpoint of the simulated org', () => {
  it('grants a JWT that says when it ends, and does not say so beside it', () => {
    const { status, json } = new OrgRig().grant();
    equal(status, 200);
    deepEqual(Object.keys(json as object).toSorted(), [
      'access_token',
      'api_instance_url',
      'id',
      'instance_url',
      'issued_at',
      'scope',
      'signature',
      'token_type',
    ]);
    const token = String(at(json, 'access_token'));
    equal(token.split('.').length, 3);
    deepEqual(claimsOf(token)['exp'], WALL_MS / 1000 + 7_200);
    equal(at(json, 'issued_at'), `${WALL_MS}`);
  });

  it('tells the life of a token where the org is told to', () => {
    const rig = new OrgRig({ tellsExpiry: true, tokenLifeMs: 60_000 });
    equal(at(rig.grant().json, 'expires_in'), 60);
  });

  it('takes the client from the Authorization field, too', () => {
    const grant = (client: string): ReadAnswer => {
      const basic = Buffer.from(client).toString('base64');
      const headers: [string, string][] = [['authorization', `Basic ${basic}`]];
      return new OrgRig().grant({ client_id: '', client_secret: '' }, headers);
    };
    equal(grant('sim-client:sim-secret').status, 200);
    equal(grant('sim%2Dclient:sim%2Dsecret').status, 200);
    deepEqual(errorOf(grant('sim-client:%')), [400, 'invalid_client']);
    deepEqual(errorOf(grant('%')), [400, 'invalid_client_id']);
  });

  it('takes the password and JWT bearer grants', () => {
    const rig = new OrgRig();
    const password = { grant_type: 'password', username: 'u', password: 'p' };
    equal(rig.grant(password).status, 200);
    deepEqual(errorOf(rig.grant({ ...password, password: 'wrong' })), [400, 'invalid_grant']);
    const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    const assertion = jwt({ iss: 'sim-client', sub: 'user@example.com' });
    equal(rig.grant({ grant_type, assertion, client_id: '', client_secret: '' }).status, 200);
    deepEqual(errorOf(rig.grant({ grant_type, assertion: 'x.y' })), [400, 'invalid_grant']);
    const stranger = jwt({ iss: 'stranger' });
    deepEqual(errorOf(rig.grant({ grant_type, assertion: stranger })), [400, 'invalid_client_id']);
  });

  it('takes each refresh token once and gives the next one', () => {
    const rig = new OrgRig();
    const refresh = (refresh_token: string): ReadAnswer =>
      rig.grant({ grant_type: 'refresh_token', refresh_token });
    const first = refresh('sim-refresh');
    const next = String(at(first.json, 'refresh_token'));
    notEqual(next, 'sim-refresh');
    deepEqual(errorOf(refresh('sim-refresh')), [400, 'invalid_grant']);
    equal(refresh(next).status, 200);
    deepEqual(errorOf(refresh(next)), [400, 'invalid_grant']);
  });

  it('keeps a refresh token where the org does not rotate them', () => {
    const rig = new OrgRig({ rotatesRefreshTokens: false });
    const form = { grant_type: 'refresh_token', refresh_token: 'sim-refresh' };
    equal(rig.grant(form).status, 200);
    const again = rig.grant(form);
    equal(again.status, 200);
    equal(at(again.json, 'refresh_token'), undefined);
  });

  it('refuses strangers, wrong secrets and unknown grants in its own words', () => {
    const rig = new OrgRig();
    deepEqual(errorOf(rig.grant({ client_id: 'other' })), [400, 'invalid_client_id']);
    deepEqual(errorOf(rig.grant({ client_secret: 'no' })), [400, 'invalid_client']);
    deepEqual(errorOf(rig.grant({ grant_type: 'magic' })), [400, 'unsupported_grant_type']);
    const path = '/services/oauth2/token';
    const json: [string, string][] = [['content-type', 'application/json']];
    deepEqual(errorOf(rig.send('POST', path, json, '{}')), [400, 'unsupported_grant_type']);
    deepEqual(errorOf(rig.send('GET', path, [], '')), [400, 'invalid_request']);
  });

  it('is slow, fails or breaks off as the client id or the org asks', () => {
    const rig = new OrgRig();
    const slow = rig.grant({ client_id: 'sim-client[[head=1m]]' });
    deepEqual([slow.status, slow.waitMs], [200, 60_000]);
    const down = rig.grant({ client_id: 'sim-client[[status=503]][[retry-after=3]]' });
    equal(down.status, 503);
    ok(down.headers.some(([name, value]) => name === 'retry-after' && value === '3'));
    equal(rig.grant({ client_id: 'sim-client[[cut@0]]' }).ending, 'cut');
    deepEqual(errorOf(rig.grant({ client_id: 'sim-client[[head=x]]' })), [400, 'invalid_request']);
    rig.org.tokenWishes = '[[status=500]]';
    equal(rig.grant().status, 500);
    rig.org.tokenWishes = '';
    equal(rig.grant().status, 200);
    equal(rig.org.tokenRequests, 6);
  });
});

describe('tokens of the simulated org', () => {
  it('open the API until they end', () => {
    const rig = new OrgRig({ tokenLifeMs: 60_000 }).logIn();
    equal(rig.call(CHAT, question).status, 201);
    rig.wallMs += 59_000;
    equal(rig.call(CHAT, question).status, 201);
    rig.wallMs += 1_000;
    const late = rig.call(CHAT, question);
    equal(late.status, 401);
    equal(at(late.json, '0.errorCode'), 'INVALID_SESSION_ID');
  });

  it('are known by their signature', () => {
    const rig = new OrgRig().logIn();
    const stranger = new OrgRig({ signingKey: 'other' }).logIn();
    const forged = rig.token.replace(/\.[^.]+\./, `.${stranger.token.split('.')[1]}x.`);
    for (const token of [forged, stranger.token, '', 'a.b.c', 'x']) {
      equal(rig.call(CHAT, question, { authorization: `Bearer ${token}` }).status, 401, token);
    }
    equal(rig.call(CHAT, question, { authorization: undefined }).status, 401);
  });

  it('can be revoked one by one or all at once', () => {
    const rig = new OrgRig().logIn();
    const other = rig.token;
    rig.wallMs += 2_000;
    rig.logIn();
    const form: [string, string][] = [['content-type', 'application/x-www-form-urlencoded']];
    equal(rig.send('POST', '/services/oauth2/revoke', form, `token=${rig.token}`).status, 200);
    equal(rig.call(CHAT, question).status, 401);
    rig.token = other;
    equal(rig.call(CHAT, question).status, 201);
    rig.org.tokens.revokeAll(rig.wallMs);
    equal(rig.call(CHAT, question).status, 401);
    equal(rig.logIn().call(CHAT, question).status, 201);
  });

  it('that are opaque find nothing', () => {
    const rig = new OrgRig({ opaqueTokens: true }).logIn();
    match(rig.token, /^00D\w+!\w+$/);
    equal(rig.call(CHAT, question).status, 404);
  });
});
