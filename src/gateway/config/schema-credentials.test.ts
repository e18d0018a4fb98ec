import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { completeCredentials, credentialFileProblems } from './complete-credentials.ts';
import { credentials } from './schema-credentials.ts';
import { isSecret, optionRows } from './schema-walk.ts';
import { problemsOf } from './zod-problems.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const pem = rsa.export({ type: 'pkcs8', format: 'pem' });
const readText = (file: string): string => {
  if (file === '/key.pem') return pem;
  if (file === '/ca.pem') return 'CA';
  throw new Error('ENOENT');
};

const schema = z.strictObject({ credentials });

/** The settings of what is written, or the problems with it. */
function read(written: unknown) {
  const input = { credentials: written };
  const parsed = schema.safeParse(input);
  if (parsed.success) return completeCredentials(parsed.data.credentials, undefined, readText);
  const problems = problemsOf(parsed.error.issues, { schema, input, written: new Map() });
  return problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const tokenUrl = 'https://login.example/token';
const client = { tokenUrl, clientId: 'me', clientSecret: 'hush' };
const bearer = { header: 'authorization', scheme: 'Bearer', extra: [] };

describe('credentials as written', () => {
  it('are those of the caller, or fixed fields', () => {
    assert.equal(read('passthrough'), undefined);
    assert.deepEqual(read({ header: { 'X-Api-Key': 'k' } }), {
      kind: 'fixed',
      fields: [['x-api-key', 'k']],
    });
    assert.deepEqual(read({ basic: { username: 'u', password: 'p:w' }, header: { a: 'b' } }), {
      kind: 'fixed',
      fields: [
        ['authorization', 'Basic dTpwOnc='],
        ['a', 'b'],
      ],
    });
  });

  it('are a file or a program, sent as it is asked for', () => {
    assert.deepEqual(read({ file: '/run/key', sendAs: { header: 'X-Key', scheme: 'none' } }), {
      kind: 'file',
      path: '/run/key',
      form: { header: 'x-key', scheme: '', extra: [] },
    });
    assert.deepEqual(read({ command: ['vault', 'read'], ttl: '5m' }), {
      kind: 'command',
      command: { argv: ['vault', 'read'], timeoutMs: 10_000 },
      form: bearer,
      ttlMs: 300_000,
    });
  });

  it('are tokens of an endpoint, with defaults filled in', () => {
    const written = { oauth: { ...client, scope: 'api', resource: 'r', ca: '/ca.pem' } };
    assert.deepEqual(read(written), {
      kind: 'oauth',
      form: bearer,
      ttlMs: undefined,
      oauth: {
        grant: { grant: 'client-credentials' },
        tokenUrl,
        clientId: 'me',
        clientSecret: 'hush',
        clientAuth: 'body',
        form: [
          ['scope', 'api'],
          ['resource', 'r'],
        ],
        ca: 'CA',
      },
    });
  });

  it('know each grant', () => {
    const grantIn = (oauth: object): unknown => {
      const settings = read({ oauth: { ...client, ...oauth } });
      return (settings as { oauth?: { grant: unknown } }).oauth?.grant ?? settings;
    };
    assert.deepEqual(grantIn({ grant: 'password', username: 'u', password: 'p' }), {
      grant: 'password',
      username: 'u',
      password: 'p',
    });
    assert.deepEqual(grantIn({ grant: 'refresh-token', refreshToken: 'r' }), {
      grant: 'refresh-token',
      refreshToken: 'r',
    });
    const jwt = {
      algorithm: 'RS256',
      key: pem,
      keyId: '',
      issuer: 'me',
      subject: 's',
      audience: tokenUrl,
      lifetimeMs: 180_000,
    };
    const byFile = grantIn({ grant: 'jwt-bearer', jwt: { keyFile: '/key.pem', subject: 's' } });
    assert.deepEqual(byFile, { grant: 'jwt-bearer', jwt });
    const key = pem.replaceAll('\n', String.raw`\n`);
    assert.deepEqual(grantIn({ grant: 'jwt-bearer', jwt: { key, subject: 's' } }), byFile);
  });
});

describe('credentials that make no sense', () => {
  const cases: [string, unknown, string][] = [
    ['nothing at all', {}, 'credentials.header: is missing; write it, or one of'],
    ['two ways', { file: '/a', basic: { username: 'u', password: 'p' } }, 'basic: stands beside'],
    ['an unknown way', { oath: client }, 'credentials.oath: unknown option; did you mean "oauth"'],
    ['another word', 'passthru', 'credentials: "passthru" is not "passthrough"'],
    ['a colon', { basic: { username: 'a:b', password: 'p' } }, 'username: "a:b" holds a colon'],
    ['clear text', { oauth: { ...client, tokenUrl: 'http://login.example' } }, 'in clear text'],
    ['a foreign option', { oauth: { ...client, password: 'p' } }, 'password: has no meaning for'],
    ['a lack', { oauth: { ...client, grant: 'password', username: 'u' } }, 'password: is missing'],
    ['no client', { oauth: { tokenUrl, clientSecret: 'x' } }, 'clientId: is missing'],
    ['no secret', { oauth: { tokenUrl, clientId: 'x' } }, 'clientSecret: is missing'],
    ['no program', { command: [] }, 'command: is empty; name a program'],
    ['a line break', { file: '/a', sendAs: { scheme: 'A\nB' } }, 'holds a character that HTTP'],
    ['a life of nothing', { file: '/a', ttl: '5m' }, '"5m" belongs to command here'],
    [
      'a key that cannot sign',
      { oauth: { ...client, grant: 'jwt-bearer', jwt: { key: 'hunter2', subject: 's' } } },
      'oauth.jwt.key: is not a private key in PEM form',
    ],
    [
      'no key',
      { oauth: { ...client, grant: 'jwt-bearer', jwt: { subject: 's' } } },
      'oauth.jwt.key: is missing; write it, or keyFile',
    ],
  ];
  for (const [name, written, wanted] of cases) {
    it(`are refused in words: ${name}`, () => {
      const problems = read(written);
      assert.ok(Array.isArray(problems), JSON.stringify(problems));
      assert.ok(problems.join('\n').includes(wanted), problems.join('\n'));
      assert.doesNotMatch(problems.join('\n'), /hunter2|hush/);
    });
  }

  it('are told of a key file that cannot sign', () => {
    const of = (keyFile: string, algorithm: 'RS256' | 'ES256'): string | undefined => {
      const jwt = { keyFile, algorithm, subject: 's' };
      const parsed = credentials.parse({ oauth: { ...client, grant: 'jwt-bearer', jwt } });
      const [problem] = credentialFileProblems(['here'], parsed, readText);
      if (problem !== undefined) {
        assert.deepEqual(
          [problem.severity, problem.path.join('.')],
          ['error', 'here.oauth.jwt.keyFile'],
        );
      }
      return problem?.message;
    };
    assert.equal(of('/key.pem', 'RS256'), undefined);
    assert.match(of('/key.pem', 'ES256') ?? '', /^\/key\.pem is no P-256 key/);
    assert.match(of('/nothing', 'RS256') ?? '', /cannot be read/);
    assert.deepEqual(credentialFileProblems([], 'passthrough', readText), []);
  });

  it('are told of a file without a secret, which may come later', () => {
    const files: Readonly<Record<string, string>> = {
      '/run/good': 'secret\n',
      '/run/empty': ' \n',
      '/run/odd': 'hunter2 and more',
    };
    const at = (file: string): string => {
      const written = credentials.parse({ file });
      const problems = credentialFileProblems(['here'], written, (name) => {
        const found = files[name];
        const code = name === '/run/locked' ? 'EACCES' : 'ENOENT';
        if (found === undefined) throw Object.assign(new Error(name), { code });
        return found;
      });
      const lines = problems.map(({ severity, path, message }) => {
        return `${severity} ${path.join('.')}: ${message}`;
      });
      return lines.join('\n');
    };
    assert.equal(at('/run/good'), '');
    assert.match(
      at('/run/none'),
      /^warning here\.file: \/run\/none does not exist; calls get a 503/,
    );
    assert.match(at('/run/locked'), /cannot be read/);
    assert.match(at('/run/empty'), /is empty/);
    assert.match(at('/run/odd'), /no header can carry/);
    assert.doesNotMatch(at('/run/odd'), /hunter2/);
  });

  it('look for a file beside that of the configuration', () => {
    const of = (file: string): unknown => {
      const written = credentials.parse({ file });
      return completeCredentials(written, undefined, readText, '/etc/holdfast/holdfast.yaml');
    };
    assert.deepEqual(of('key.txt'), { kind: 'file', path: '/etc/holdfast/key.txt', form: bearer });
    assert.deepEqual(of('/run/key'), { kind: 'file', path: '/run/key', form: bearer });
  });
});

describe('the options of credentials', () => {
  it('are all documented, and all secrets are marked', () => {
    const rows = [...optionRows(schema)].map(({ path }) => path.join('.'));
    assert.ok(rows.includes('credentials.oauth.jwt.lifetime'), rows.join(' '));
    const secrets = rows.filter((row) => isSecret(schema, row.split('.')));
    assert.deepEqual(secrets.toSorted(), [
      'credentials.basic.password',
      'credentials.header',
      'credentials.oauth.clientSecret',
      'credentials.oauth.jwt.key',
      'credentials.oauth.password',
      'credentials.oauth.refreshToken',
    ]);
  });
});
