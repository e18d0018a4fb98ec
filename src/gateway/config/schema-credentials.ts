// Options that say under whose name calls reach an upstream: as the caller, with a key that is
// stored here, or with tokens that are fetched and renewed.

import { z } from 'zod';
import { signingKey } from '../../layers/credentials/jwt-assertion.ts';
import { defaultCredentialsOptions } from '../../layers/credentials/options.ts';
import * as option from './option.ts';
import { formatDuration, UnitFault } from './units.ts';
import * as values from './values.ts';

const notEmpty = (text: string): string | UnitFault =>
  text.trim() === '' ? new UnitFault('is empty') : text;

const text = (example: string) => option.parsedText('text', example, notEmpty);
const headerName = option.parsedText('header name', 'x-api-key', values.parseHeaderName);
const headerValue = option.parsedText('text', '${API_KEY}', values.parseHeaderValue);
const filePath = (example: string) => option.parsedText('file', example, notEmpty);

/** A token endpoint: secrets go there, so only TLS or this machine will do (RFC 6749 3.2). */
function parseTokenUrl(written: string): string | UnitFault {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    return new UnitFault('is not an address; write for example "https://login.example.com/token"');
  }
  if (url.username !== '' || url.password !== '') {
    return new UnitFault('holds a user or password; write them as clientId and clientSecret');
  }
  if (url.hash !== '') return new UnitFault('holds a fragment, which token endpoints do not have');
  if (url.protocol === 'https:' || values.isLoopback(url.hostname)) return url.href;
  return new UnitFault('would send secrets in clear text; use https');
}

/** An environment variable often holds a key in one line, with `\n` for its line ends. */
function parsePem(written: string): string | UnitFault {
  const pem = written.includes('\n') ? written : written.replaceAll(String.raw`\n`, '\n');
  return notEmpty(pem);
}

const ttl = option.optional(option.duration({ min: '1s' }), {
  doc: `Life of tokens that do not say how long it is. Without it: ${formatDuration(defaultCredentialsOptions.ttlMs)}.`,
  why: 'Renewed too early it costs a request, too late a 401 that is replaced.',
});

const jwt = z
  .strictObject({
    algorithm: option.withDefault(option.choice('RS256', 'PS256', 'ES256'), 'RS256', {
      doc: 'How the assertion is signed.',
      why: 'RS256 is what Salesforce and most others take.',
    }),
    key: option.optional(option.parsedText('text', '${JWT_KEY}', parsePem), {
      doc: 'Private key, PEM; line ends may be written as \\n.',
      why: 'For keys that come by environment.',
      secret: true,
    }),
    keyFile: option.optional(filePath('/run/secrets/jwt.pem'), {
      doc: 'File with the private key, in place of `key`; read at start and reload.',
      why: 'A key in a file shows in no list of processes.',
    }),
    keyId: option.optional(text('key-1'), {
      doc: 'Names the key to the service (`kid`).',
      why: 'For services that know several keys of one client.',
    }),
    issuer: option.optional(text('${CLIENT_ID}'), {
      doc: 'Who asks (`iss`). Without it: `clientId`.',
      why: 'The two are the same nearly everywhere.',
    }),
    subject: option.required(text('robot@example.com'), {
      doc: 'On whose behalf (`sub`): the user that calls run as.',
      why: 'RFC 7523 asks for it.',
    }),
    audience: option.optional(text('https://login.salesforce.com'), {
      doc: 'For whom the assertion is (`aud`). Without it: `tokenUrl`.',
      why: 'Salesforce wants the login host, not the address of its endpoint.',
    }),
    lifetime: option.withDefault(option.duration({ min: '10s' }), '3m', {
      doc: 'How long one assertion is good.',
      why: 'Salesforce takes no longer ones; each is used once, at once.',
    }),
  })
  .superRefine((written, context) => {
    const { algorithm, key, keyFile } = written;
    if (key === undefined && keyFile === undefined) {
      context.addIssue(fault(['key'], 'is missing; write it, or keyFile'));
    } else if (key !== undefined && keyFile !== undefined) {
      context.addIssue(fault(['keyFile'], 'stands beside key; keep one of them'));
    } else if (key !== undefined) {
      const found = signingKey(key, algorithm);
      if (typeof found === 'string') context.addIssue(fault(['key'], found));
    }
  });

/** What each grant needs, and what only it may have. */
const grantOptions = {
  'client-credentials': [],
  password: ['username', 'password'],
  'refresh-token': ['refreshToken'],
  'jwt-bearer': ['jwt'],
} as const;

const grantNames = ['client-credentials', 'password', 'refresh-token', 'jwt-bearer'] as const;

const oauth = z
  .strictObject({
    grant: option.withDefault(option.choice(...grantNames), 'client-credentials', {
      doc: 'How a token is asked for.',
      why: 'client-credentials needs no user; the others are for services without it.',
    }),
    tokenUrl: option.required(
      option.parsedText('URL', 'https://login.example.com/oauth/token', parseTokenUrl),
      {
        doc: 'The token endpoint.',
        why: 'It cannot be guessed from the address of the service.',
      },
    ),
    clientId: option.optional(text('${CLIENT_ID}'), {
      doc: 'Name of the client at the service.',
      why: 'All grants but jwt-bearer need it.',
    }),
    clientSecret: option.optional(text('${CLIENT_SECRET}'), {
      doc: 'Its secret; none for a public client.',
      why: 'Best as ${NAME}, so that the file holds none.',
      secret: true,
    }),
    clientAuth: option.withDefault(option.choice('body', 'basic'), 'body', {
      doc: 'Where client and secret are sent: in the form, or as HTTP Basic.',
      why: 'Salesforce and ServiceNow read the form; some others only the header.',
    }),
    username: option.optional(text('robot'), {
      doc: 'User of the password grant.',
      why: 'The one that calls run as.',
    }),
    password: option.optional(text('${PASSWORD}'), {
      doc: 'Its password.',
      why: 'A refused one is tried again at most once a minute, because accounts lock.',
      secret: true,
    }),
    refreshToken: option.optional(text('${REFRESH_TOKEN}'), {
      doc: 'First refresh token. Where each answer brings a new one, that is used from then on.',
      why: 'One that rotates lives in the memory of this gateway alone, shared by its workers and upstreams; two gateways need one each.',
      secret: true,
    }),
    scope: option.optional(text('api'), {
      doc: 'Rights to ask for, separated by spaces.',
      why: 'Some services give none unless asked.',
    }),
    audience: option.optional(text('https://api.example.com'), {
      doc: 'Service the token is for.',
      why: 'Auth0 and others want it.',
    }),
    resource: option.optional(text('https://api.example.com'), {
      doc: 'The same by RFC 8707.',
      why: 'Microsoft and others want it.',
    }),
    ca: option.optional(filePath('/etc/ssl/private-ca.pem'), {
      doc: 'PEM file with the certificates to trust at the token endpoint. Without it: `ca` of the upstream.',
      why: 'Its endpoint may stand elsewhere than the service.',
    }),
    ttl,
    jwt: option.optional(jwt, {
      doc: 'The assertion of the jwt-bearer grant.',
      why: 'Proves who asks without a secret that travels.',
    }),
  })
  .superRefine((written, context) => {
    const needed: readonly string[] = grantOptions[written.grant];
    for (const name of Object.values(grantOptions).flat()) {
      const isThere = written[name] !== undefined;
      if (isThere && !needed.includes(name)) {
        context.addIssue(fault([name], `has no meaning for the grant ${written.grant}; drop it`));
      } else if (!isThere && needed.includes(name)) {
        context.addIssue(fault([name], `is missing; the grant ${written.grant} needs it`));
      }
    }
    if (written.grant === 'client-credentials' && written.clientSecret === undefined) {
      context.addIssue(
        fault(['clientSecret'], 'is missing; the grant is worth nothing without it'),
      );
    }
    const hasIssuer = written.jwt?.issuer !== undefined;
    if (written.clientId === undefined && !(written.grant === 'jwt-bearer' && hasIssuer)) {
      context.addIssue(fault(['clientId'], 'is missing; it says who asks'));
    }
  });

const sendAs = z.strictObject({
  header: option.withDefault(headerName, 'authorization', {
    doc: 'Header that carries the secret or token.',
    why: 'Nearly every service reads it there.',
  }),
  scheme: option.withDefault(
    option.parsedText('text', 'Bearer', values.parseHeaderValue),
    'Bearer',
    {
      doc: 'Word in front of it, or `none`.',
      why: 'RFC 6750; API keys in headers of their own have none.',
    },
  ),
});

const basic = z.strictObject({
  username: option.required(
    option.parsedText('text', 'robot', (written) =>
      written.includes(':') ? new UnitFault('holds a colon, which a user cannot have') : written,
    ),
    { doc: 'User of HTTP Basic.', why: 'The one that calls run as.' },
  ),
  password: option.required(text('${PASSWORD}'), {
    doc: 'Its password.',
    why: 'Best as ${NAME}, so that the file holds none.',
    secret: true,
  }),
});

/** The ways to have credentials; one of them at a time. `header` alone is one, too. */
const ways = ['file', 'basic', 'oauth', 'command'] as const;

const stored = z
  .strictObject({
    header: option.optional(z.record(headerName, headerValue), {
      doc: "Header fields that replace the caller's own credentials, alone or beside one of the others.",
      why: 'Keeps provider keys out of the hands of callers; write them as ${NAME}.',
      secret: true,
    }),
    file: option.optional(filePath('/run/secrets/api-key'), {
      doc: 'File that holds the key or token and nothing else; read again when it changes. A relative path starts at this file.',
      why: 'How orchestrators mount secrets and change them in a running process.',
    }),
    basic: option.optional(basic, {
      doc: 'User and password, sent with each call (HTTP Basic).',
      why: 'Plain, but often all that a service has.',
    }),
    oauth: option.optional(oauth, {
      doc: 'Tokens of an OAuth endpoint, renewed before they end.',
      why: 'A call with a valid token never waits for the next one.',
    }),
    command: option.optional(
      z
        .array(text('print-token'), { error: () => 'is not a list of program and arguments' })
        .min(1, {
          error: () => 'is empty; name a program',
        }),
      {
        doc: 'Program with its arguments that prints a token, or JSON with `token` and `expiry`. No shell reads it.',
        why: 'For whatever else gives out tokens: vaults, cloud tools, single sign-on.',
      },
    ),
    commandTimeout: option.withDefault(option.duration({ min: '100ms' }), '10s', {
      doc: 'Time for one run of `command`; then it is ended.',
      why: 'A helper that asks a person for a password would wait for ever.',
    }),
    ttl,
    sendAs: option.group(sendAs, {
      doc: 'How the secret of `file`, `oauth` or `command` is put into a call.',
      why: 'Most services want `Authorization: Bearer`; some have a header of their own.',
    }),
  })
  .superRefine((written, context) => {
    const [first, second] = ways.filter((way) => written[way] !== undefined);
    if (second !== undefined) {
      context.addIssue(fault([second], `stands beside ${first}; keep one of them`));
    }
    if (first === undefined && written.header === undefined) {
      context.addIssue(fault(['header'], `is missing; write it, or one of ${ways.join(', ')}`));
    }
    if (written.ttl !== undefined && first !== 'command') {
      context.addIssue(fault(['ttl'], 'belongs to command here; oauth has one of its own'));
    }
  });

/** `credentials` of an upstream. */
export const credentials = z.union([
  z.literal('passthrough').register(option.kindRegistry, {
    kind: '`passthrough`',
    example: 'passthrough',
  }),
  stored,
]);

/** How an upstream is told who asks, as written. */
export type Credentials = z.output<typeof credentials>;
/** Stored credentials as written. */
export type StoredCredentials = z.output<typeof stored>;
/** The OAuth part as written. */
export type OauthConfig = z.output<typeof oauth>;

function fault(
  path: string[],
  message: string,
): { code: 'custom'; path: string[]; message: string } {
  return { code: 'custom', path, message };
}
