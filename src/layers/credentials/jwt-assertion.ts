// Signs the assertions of the jwt-bearer grant (RFC 7523) with a private key of the configuration.
// Each is made anew, since endpoints refuse one that they have seen.

import { constants, createPrivateKey, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { JwtAlgorithm, JwtSettings } from './credential-settings.ts';

/** Curve of ES256 as OpenSSL calls it. */
const P256 = 'prime256v1';
/** RFC 7518 3.3: RSA keys are not shorter, in bits. */
const RSA_BITS_MIN = 2048;

/** Reads a private key, or tells in a sentence why it cannot sign; the sentence holds no secret. */
export function signingKey(pem: string, algorithm: JwtAlgorithm): KeyObject | string {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return 'is not a private key in PEM form without a passphrase';
  }
  const type = key.asymmetricKeyType ?? 'unknown';
  const details = key.asymmetricKeyDetails;
  if (algorithm === 'ES256') {
    return details?.namedCurve === P256 ? key : `is no P-256 key, which ES256 needs, but ${type}`;
  }
  if (type !== 'rsa') return `is no RSA key, which ${algorithm} needs, but ${type}`;
  if ((details?.modulusLength ?? 0) >= RSA_BITS_MIN) return key;
  return `is shorter than the ${RSA_BITS_MIN} bits that ${algorithm} needs`;
}

/** Makes assertions. */
export class AssertionSigner {
  readonly #settings: JwtSettings;
  readonly #key: KeyObject;
  readonly #header: string;

  /** `key` as `signingKey` gave it. */
  constructor(settings: JwtSettings, key: KeyObject) {
    const { algorithm, keyId } = settings;
    this.#settings = settings;
    this.#key = key;
    const header = { alg: algorithm, typ: 'JWT', ...(keyId === '' ? {} : { kid: keyId }) };
    this.#header = encoded(header);
  }

  /** One assertion. `serverNow`: what the clock of the endpoint shows, in epoch ms. */
  assertion(serverNow: number): string {
    const { issuer, subject, audience, lifetimeMs } = this.#settings;
    const iat = Math.floor(serverNow / 1000);
    const exp = iat + Math.ceil(lifetimeMs / 1000);
    const claims = { iss: issuer, sub: subject, aud: audience, exp, iat, jti: randomUUID() };
    const text = `${this.#header}.${encoded(claims)}`;
    return `${text}.${this.#sign(text)}`;
  }

  #sign(text: string): string {
    const bytes = Buffer.from(text, 'ascii');
    const key = this.#key;
    switch (this.#settings.algorithm) {
      case 'RS256':
        return sign('sha256', bytes, key).toString('base64url');
      case 'PS256': {
        // RFC 7518 3.5: the salt is as long as the hash.
        const padding = constants.RSA_PKCS1_PSS_PADDING;
        const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
        return sign('sha256', bytes, { key, padding, saltLength }).toString('base64url');
      }
      case 'ES256':
        // RFC 7518 3.4: the two numbers side by side, not in ASN.1.
        return sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
    }
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
}
