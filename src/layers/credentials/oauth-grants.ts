// The form of a token request by grant (RFC 6749 4.3, 4.4 and 6, RFC 7523 2.1), and how the client
// proves who it is (RFC 6749 2.3.1). Form-encoded only: ServiceNow takes no JSON here.

import type { Field, GrantSettings, OauthSettings } from './credential-settings.ts';
import { AssertionSigner, signingKey } from './jwt-assertion.ts';

/** The part of the form that tells grants apart. */
export interface Grant {
  /** Each answer may hold a new refresh token, and ends the old one. */
  readonly rotates: boolean;
  /** The fields of the next request; `serverNow` in epoch ms. */
  fields(serverNow: number): Field[];
  /** A newer refresh token is known. */
  adopt(refreshToken: string): void;
  /** Texts that must not appear in a log. */
  readonly secrets: readonly string[];
}

/** Makes the grant; throws on a key that cannot sign, which the rules of configuration forbid. */
export function grantOf(settings: GrantSettings): Grant {
  switch (settings.grant) {
    case 'client-credentials':
      return steady([['grant_type', 'client_credentials']], []);
    case 'password': {
      const { username, password } = settings;
      return steady(
        [
          ['grant_type', 'password'],
          ['username', username],
          ['password', password],
        ],
        [password],
      );
    }
    case 'refresh-token':
      return new RefreshTokenGrant(settings.refreshToken);
    case 'jwt-bearer': {
      const { jwt } = settings;
      const key = signingKey(jwt.key, jwt.algorithm);
      if (typeof key === 'string') throw new TypeError(`the private key ${key}`);
      const signer = new AssertionSigner(jwt, key);
      return {
        rotates: false,
        secrets: [jwt.key],
        fields: (serverNow) => [
          ['grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
          ['assertion', signer.assertion(serverNow)],
        ],
        adopt() {},
      };
    }
  }
}

function steady(fields: Field[], secrets: readonly string[]): Grant {
  return { rotates: false, secrets, fields: () => fields, adopt() {} };
}

/** The one owner of a refresh token that may change with each use. Memory only. */
class RefreshTokenGrant implements Grant {
  readonly rotates = true;
  #refreshToken: string;

  constructor(refreshToken: string) {
    this.#refreshToken = refreshToken;
  }

  get secrets(): readonly string[] {
    return [this.#refreshToken];
  }

  fields(): Field[] {
    return [
      ['grant_type', 'refresh_token'],
      ['refresh_token', this.#refreshToken],
    ];
  }

  adopt(refreshToken: string): void {
    this.#refreshToken = refreshToken;
  }
}

/** One request, ready to be posted. */
export interface TokenRequest {
  readonly form: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** The whole request: grant, client and what else the form has to say. */
export function tokenRequest(
  settings: OauthSettings,
  grant: Grant,
  serverNow: number,
): TokenRequest {
  const { clientId, clientSecret, clientAuth, form } = settings;
  const fields = [...grant.fields(serverNow), ...form];
  const headers: Record<string, string> = { accept: 'application/json' };
  if (clientAuth === 'basic') {
    const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
    headers['authorization'] = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  } else {
    if (clientId !== '') fields.push(['client_id', clientId]);
    if (clientSecret !== '') fields.push(['client_secret', clientSecret]);
  }
  return { form: Object.fromEntries(fields), headers };
}

/** RFC 6749 2.3.1: both halves are form-encoded before they are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
