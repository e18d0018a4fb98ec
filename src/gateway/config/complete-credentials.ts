// Credentials of an upstream with nothing left open: files with keys are read, defaults filled in.

import { dirname, resolve } from 'node:path';
import type {
  CredentialSettings,
  Field,
  FieldForm,
  GrantSettings,
  OauthSettings,
} from '../../layers/credentials/credential-settings.ts';
import { basicSettings } from '../../layers/credentials/credential-settings.ts';
import { signingKey } from '../../layers/credentials/jwt-assertion.ts';
import { isSendable, UNSENDABLE } from '../../layers/credentials/token-source.ts';
import { error, warning } from './problem.ts';
import type { Path, Problem } from './problem.ts';
import type { Credentials, OauthConfig, StoredCredentials } from './schema-credentials.ts';
import type { ReadText } from './settings.ts';

/**
 * Fills in what was not written; `undefined` = the caller's own. `ca` is that of the upstream,
 * `configFile` the file beside which others are looked for.
 */
export function completeCredentials(
  written: Credentials,
  ca: string | undefined,
  readText: ReadText,
  configFile?: string,
): CredentialSettings | undefined {
  if (written === 'passthrough') return undefined;
  const { basic, command, file, oauth } = written;
  const extra = Object.entries(written.header ?? {});
  if (basic !== undefined) return basicSettings(basic.username, basic.password, extra);
  const form = formOf(written, extra);
  if (file !== undefined) {
    const path = configFile === undefined ? file : resolve(dirname(configFile), file);
    return { kind: 'file', path, form };
  }
  if (oauth !== undefined) {
    const own = completeOauth(oauth, ca, readText);
    return { kind: 'oauth', oauth: own, form, ttlMs: oauth.ttl };
  }
  if (command !== undefined) {
    const { commandTimeout: timeoutMs, ttl: ttlMs } = written;
    return { kind: 'command', command: { argv: command, timeoutMs }, form, ttlMs };
  }
  return { kind: 'fixed', fields: extra };
}

/** What is wrong with the files that credentials name; for the rules. */
export function credentialFileProblems(
  path: Path,
  written: Credentials,
  readText: ReadText,
): Problem[] {
  const problems: Problem[] = [];
  const keyFault = keyFileFault(written, readText);
  if (keyFault !== undefined) problems.push(error([...path, 'oauth', 'jwt', 'keyFile'], keyFault));
  const secretFault = secretFileFault(written, readText);
  if (secretFault !== undefined) problems.push(warning([...path, 'file'], secretFault));
  return problems;
}

/** A secret may be mounted later, and calls are refused until then: no reason not to start. */
function secretFileFault(written: Credentials, readText: ReadText): string | undefined {
  const file = written === 'passthrough' ? undefined : written.file;
  if (file === undefined) return undefined;
  const advice = 'calls get a 503 until it is there';
  try {
    const text = readText(file).trim();
    if (text === '') return `${file} is empty; ${advice}`;
    return isSendable(text) ? undefined : `${file} holds ${UNSENDABLE}; ${advice}`;
  } catch (fault) {
    const isMissing = fault instanceof Error && 'code' in fault && fault.code === 'ENOENT';
    return `${file} ${isMissing ? 'does not exist' : 'cannot be read'}; ${advice}`;
  }
}

/** The same for an upstream that takes JSON Web Tokens alone, so that others are warned of. */
export function jwtOnly(settings: CredentialSettings | undefined): CredentialSettings | undefined {
  const isToken = settings?.kind === 'oauth' || settings?.kind === 'command';
  return isToken ? { ...settings, jwtOnly: true } : settings;
}

/** What is wrong with the key of an assertion that stands in a file, in words. */
function keyFileFault(written: Credentials, readText: ReadText): string | undefined {
  const jwt = written === 'passthrough' ? undefined : written.oauth?.jwt;
  if (jwt?.keyFile === undefined) return undefined;
  let pem: string;
  try {
    pem = readText(jwt.keyFile);
  } catch {
    return `${jwt.keyFile} cannot be read; give the path of a PEM file`;
  }
  const key = signingKey(pem, jwt.algorithm);
  return typeof key === 'string' ? `${jwt.keyFile} ${key}` : undefined;
}

function formOf({ sendAs }: StoredCredentials, extra: readonly Field[]): FieldForm {
  const { header, scheme } = sendAs;
  return { header, scheme: scheme === 'none' ? '' : scheme, extra };
}

function completeOauth(
  written: OauthConfig,
  ca: string | undefined,
  readText: ReadText,
): OauthSettings {
  const { audience, resource, scope } = written;
  const form: Field[] = [];
  for (const [name, value] of Object.entries({ scope, audience, resource })) {
    if (value !== undefined) form.push([name, value]);
  }
  return {
    grant: grantOf(written, readText),
    tokenUrl: written.tokenUrl,
    clientId: written.clientId ?? '',
    clientSecret: written.clientSecret ?? '',
    clientAuth: written.clientAuth,
    form,
    ca: written.ca === undefined ? ca : readText(written.ca),
  };
}

/** The schema has seen to it that what a grant needs is there. */
function grantOf(written: OauthConfig, readText: ReadText): GrantSettings {
  const { clientId = '', grant, jwt, password = '', refreshToken = '', username = '' } = written;
  switch (grant) {
    case 'client-credentials':
      return { grant };
    case 'password':
      return { grant, username, password };
    case 'refresh-token':
      return { grant, refreshToken };
    case 'jwt-bearer':
      return {
        grant,
        jwt: {
          algorithm: jwt?.algorithm ?? 'RS256',
          key: jwt?.keyFile === undefined ? (jwt?.key ?? '') : readText(jwt.keyFile),
          keyId: jwt?.keyId ?? '',
          issuer: jwt?.issuer ?? clientId,
          subject: jwt?.subject ?? '',
          audience: jwt?.audience ?? written.tokenUrl,
          lifetimeMs: jwt?.lifetime ?? 0,
        },
      };
  }
}
