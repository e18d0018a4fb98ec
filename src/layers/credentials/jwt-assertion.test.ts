import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { seededRandom } from '../../core/random.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { JwtAlgorithm, JwtSettings } from './credential-settings.ts';
import { oauth, ScriptedEndpoint, settle } from './credentials.fixture.ts';
import { AssertionSigner, signingKey } from './jwt-assertion.ts';
import { OauthSource } from './oauth-source.ts';
import { defaultCredentialsOptions } from './options.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' });

const jwt = (algorithm: JwtAlgorithm, key: KeyObject, keyId: string = ''): JwtSettings => ({
  algorithm,
  key: pem(key),
  keyId,
  issuer: 'client',
  subject: 'user@example.org',
  audience: 'https://login.example',
  lifetimeMs: 180_000,
});

function parts(assertion: string) {
  const [header = '', claims = '', signature = ''] = assertion.split('.');
  const read = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  return {
    header: read(header),
    claims: read(claims),
    signed: Buffer.from(`${header}.${claims}`),
    signature: Buffer.from(signature, 'base64url'),
  };
}

function assertionOf(settings: JwtSettings, serverNow: number): string {
  const key = signingKey(settings.key, settings.algorithm);
  assert.ok(typeof key !== 'string');
  return new AssertionSigner(settings, key).assertion(serverNow);
}

describe('an assertion', () => {
  it('is signed in each of the three ways', () => {
    const rs = parts(assertionOf(jwt('RS256', rsa.privateKey), 0));
    assert.ok(verify('sha256', rs.signed, rsa.publicKey, rs.signature));
    const ps = parts(assertionOf(jwt('PS256', rsa.privateKey), 0));
    const padded = {
      key: rsa.publicKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 32,
    };
    assert.ok(verify('sha256', ps.signed, padded, ps.signature));
    const es = parts(assertionOf(jwt('ES256', ec.privateKey), 0));
    const raw = { key: ec.publicKey, dsaEncoding: 'ieee-p1363' as const };
    assert.ok(verify('sha256', es.signed, raw, es.signature));
    assert.equal(es.signature.length, 64);
  });

  it('says who asks for whom, where and until when, by the clock of the endpoint', () => {
    const settings = jwt('RS256', rsa.privateKey, 'k1');
    const first = parts(assertionOf(settings, 1_700_000_000_900));
    assert.deepEqual(first.header, { alg: 'RS256', typ: 'JWT', kid: 'k1' });
    const { jti, ...claims } = first.claims;
    assert.deepEqual(claims, {
      iss: 'client',
      sub: 'user@example.org',
      aud: 'https://login.example',
      exp: 1_700_000_180,
      iat: 1_700_000_000,
    });
    assert.notEqual(jti, parts(assertionOf(settings, 0)).claims['jti']);
  });

  it('is posted as its grant wants it', async () => {
    const endpoint = new ScriptedEndpoint();
    const deps = { clock: new VirtualClock(), random: seededRandom(1), endpoint };
    const grant = { grant: 'jwt-bearer', jwt: jwt('RS256', rsa.privateKey) } as const;
    const settings = { ...oauth, grant, clientId: '', clientSecret: '' };
    void new OauthSource(deps, settings, defaultCredentialsOptions).fetch();
    await settle();
    const { form } = endpoint.last;
    assert.equal(form['grant_type'], 'urn:ietf:params:oauth:grant-type:jwt-bearer');
    assert.equal(parts(form['assertion'] ?? '').claims['iss'], 'client');
    assert.deepEqual(Object.keys(form), ['grant_type', 'assertion']);
  });
});

describe('a private key', () => {
  it('is refused in words where it cannot sign, and never quoted', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    const faults = [
      signingKey('hunter2', 'RS256'),
      signingKey(pem(ec.privateKey), 'RS256'),
      signingKey(pem(rsa.privateKey), 'ES256'),
      signingKey(pem(p384), 'ES256'),
      signingKey(pem(short), 'PS256'),
    ];
    for (const fault of faults) {
      assert.ok(typeof fault === 'string');
      assert.match(fault, /^is /);
      assert.doesNotMatch(fault, /hunter2|BEGIN/);
    }
  });
});
