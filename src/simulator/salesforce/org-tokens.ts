// Tokens of a simulated org: JWTs that say when they end, signed so that forged ones are found out,
// and refresh tokens that are good once. Bounded: the oldest revocation and refresh token go first,
// which in a simulator harms nobody.

import { createHmac } from 'node:crypto';
import type { Random } from '../../core/random.ts';
import { asNumber, asText, readJsonObject } from '../json.ts';
import { randomId } from '../random-id.ts';
import type { OrgOptions } from './org-options.ts';

/** What the API thinks of a token. */
export type TokenState = 'good' | 'expired' | 'revoked' | 'opaque' | 'bad';

const KEPT_MAX = 10_000;

/** The tokens of one org. */
export class OrgTokens {
  readonly #options: OrgOptions;
  readonly #revoked = new Set<string>();
  readonly #refreshTokens = new Set<string>();
  /** Tokens issued before this time are revoked. */
  #revokedBefore: number = 0;

  constructor(options: OrgOptions) {
    this.#options = options;
    this.#refreshTokens.add(options.refreshToken);
  }

  /** A new access token for a connected app. */
  issue(clientId: string, random: Random, wallMs: number): string {
    const { instanceUrl, tokenLifeMs, opaqueTokens } = this.#options;
    if (opaqueTokens) return `00D000000000001!${randomId(random, 80)}`;
    const issued = Math.floor(wallMs / 1000);
    const claims = {
      iss: instanceUrl,
      sub: 'uid:005000000000001AAA',
      aud: ['https://api.salesforce.com', instanceUrl],
      client_id: clientId,
      scp: 'sfap_api api',
      iat: issued,
      nbf: issued,
      exp: Math.floor((wallMs + tokenLifeMs) / 1000),
      jti: randomId(random, 32),
    };
    const signed = `${part({ typ: 'JWT', alg: 'HS256', kid: 'sim' })}.${part(claims)}`;
    return `${signed}.${this.#signature(signed)}`;
  }

  /** What the API thinks of `token` at `wallMs`. */
  stateOf(token: string, wallMs: number): TokenState {
    const parts = token.split('.');
    if (parts.length !== 3) return token.startsWith('00D') ? 'opaque' : 'bad';
    const signed = `${parts[0]}.${parts[1]}`;
    if (this.#signature(signed) !== parts[2]) return 'bad';
    const claims = readJsonObject(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
    const issuedMs = (asNumber(claims?.iat) ?? 0) * 1000;
    if (this.#revoked.has(token) || issuedMs < this.#revokedBefore) return 'revoked';
    return (asNumber(claims?.exp) ?? 0) * 1000 > wallMs ? 'good' : 'expired';
  }

  /** Ends one token before its time. */
  revoke(token: string): void {
    keep(this.#revoked, token);
  }

  /** Ends every token issued in an earlier second than `wallMs`. */
  revokeAll(wallMs: number): void {
    this.#revokedBefore = Math.floor(wallMs / 1000) * 1000;
  }

  /**
   * Takes a refresh token. The token that is good afterwards, or `undefined` when this one is not.
   */
  refresh(token: string, random: Random): string | undefined {
    if (!this.#refreshTokens.has(token)) return undefined;
    if (!this.#options.rotatesRefreshTokens) return token;
    this.#refreshTokens.delete(token);
    const next = `5Aep861${randomId(random, 60)}`;
    keep(this.#refreshTokens, next);
    return next;
  }

  #signature(signed: string): string {
    return createHmac('sha256', this.#options.signingKey).update(signed).digest('base64url');
  }
}

/** The client that an assertion of the JWT bearer flow names; '' when it is none. */
export function assertedClient(assertion: string): string {
  const [, claims, signature] = assertion.split('.');
  if (claims === undefined || signature === undefined || signature === '') return '';
  return asText(readJsonObject(Buffer.from(claims, 'base64url').toString('utf8'))?.iss);
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function keep(set: Set<string>, value: string): void {
  const [oldest] = set;
  if (set.size >= KEPT_MAX && oldest !== undefined) set.delete(oldest);
  set.add(value);
}
