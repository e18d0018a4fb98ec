// What configuration says of the credentials of one upstream, complete: nothing is left open, files
// with keys are read, times are in ms. The digest of it tells whether a reload has changed it.

import { createHash } from 'node:crypto';

/** Name and value of a header field. */
export type Field = readonly [name: string, value: string];

/** How a secret or token is put into a request. */
export interface FieldForm {
  /** Lower-case name of the header. */
  readonly header: string;
  /** Word in front of it; '' = none. */
  readonly scheme: string;
  /** Further fields that go with it. */
  readonly extra: readonly Field[];
}

/** The default form, RFC 6750. */
export const bearerForm: FieldForm = Object.freeze({
  header: 'authorization',
  scheme: 'Bearer',
  extra: [],
});

/** Signature of an assertion, RFC 7518. */
export type JwtAlgorithm = 'RS256' | 'PS256' | 'ES256';

/** The assertion of the jwt-bearer grant, RFC 7523. */
export interface JwtSettings {
  readonly algorithm: JwtAlgorithm;
  /** Private key, PEM. */
  readonly key: string;
  /** Names the key to the endpoint; '' = not said. */
  readonly keyId: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly lifetimeMs: number;
}

/** The grants of RFC 6749 and 7523 that need no browser. */
export type GrantSettings =
  | { readonly grant: 'client-credentials' }
  | { readonly grant: 'password'; readonly username: string; readonly password: string }
  | { readonly grant: 'refresh-token'; readonly refreshToken: string }
  | { readonly grant: 'jwt-bearer'; readonly jwt: JwtSettings };

/** How tokens are asked for. */
export interface OauthSettings {
  readonly grant: GrantSettings;
  readonly tokenUrl: string;
  /** '' = not sent. */
  readonly clientId: string;
  /** '' = a public client. */
  readonly clientSecret: string;
  readonly clientAuth: 'body' | 'basic';
  /** Further fields of the form: scope, audience, resource. */
  readonly form: readonly Field[];
  /** PEM certificates to trust at the endpoint instead of the built-in ones. */
  readonly ca: string | undefined;
}

/** A helper program that prints a token. */
export interface CommandSettings {
  /** Program and arguments; no shell reads them. */
  readonly argv: readonly string[];
  readonly timeoutMs: number;
}

/** The credentials of one upstream. */
export type CredentialSettings =
  | { readonly kind: 'fixed'; readonly fields: readonly Field[] }
  | { readonly kind: 'file'; readonly path: string; readonly form: FieldForm }
  | {
      readonly kind: 'oauth';
      readonly oauth: OauthSettings;
      readonly form: FieldForm;
      /** Life of tokens that do not say how long it is, in ms; `undefined` = the default. */
      readonly ttlMs: number | undefined;
      /** The upstream takes JSON Web Tokens (RFC 7519) alone: another one is worth a warning. */
      readonly jwtOnly?: boolean;
    }
  | {
      readonly kind: 'command';
      readonly command: CommandSettings;
      readonly form: FieldForm;
      readonly ttlMs: number | undefined;
      readonly jwtOnly?: boolean;
    };

/** The fields of HTTP Basic, RFC 7617. */
export function basicSettings(
  username: string,
  password: string,
  extra: readonly Field[] = [],
): CredentialSettings {
  const pair = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
  return { kind: 'fixed', fields: [['authorization', `Basic ${pair}`], ...extra] };
}

/** Tells one configuration from another; SHA-256, hex. Holds nothing that opens anything. */
export function digestOf(settings: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(settings)))
    .digest('hex');
}

/**
 * The name of a token where it is shared: by what is asked for and not by who asks, so that
 * upstreams with one client have one token. What a program prints is for its upstream alone.
 */
export function tokenNameOf(
  upstream: string,
  settings: Extract<CredentialSettings, { kind: 'oauth' | 'command' }>,
): string {
  const { kind, ttlMs } = settings;
  const what =
    kind === 'oauth' ? [settings.oauth, ttlMs] : [upstream, settings.command.argv, ttlMs];
  return `token:${digestOf(what).slice(0, 32)}`;
}

/**
 * Tells refresh tokens apart, in whichever upstream and with whatever rights one is written: each
 * use of it changes it for all. `undefined` where the grant has none.
 */
export function grantNameOf({ grant, tokenUrl, clientId }: OauthSettings): string | undefined {
  if (grant.grant !== 'refresh-token') return undefined;
  return `grant:${digestOf([tokenUrl, clientId, grant.refreshToken]).slice(0, 32)}`;
}

/** The order in which a person writes options is no difference. Lists keep theirs. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const pairs = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(pairs.map(([key, item]) => [key, sorted(item)]));
}

/** The fields that carry a secret in this form. */
export function fieldsOf({ header, scheme, extra }: FieldForm, secret: string): Field[] {
  return [[header, scheme === '' ? secret : `${scheme} ${secret}`], ...extra];
}
