import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { CommandSource, printedToken } from './command-source.ts';
import type { CommandOutcome } from './command-source.ts';
import { bearerForm } from './credential-settings.ts';
import { CredentialsRig, settle } from './credentials.fixture.ts';

const clock = new VirtualClock();
const now = clock.wallNow();
const outcome = (own: Partial<CommandOutcome>): CommandOutcome => ({
  code: 0,
  timedOut: false,
  stdout: '',
  stderrBytes: 0,
  ...own,
});

describe('what a credential helper prints', () => {
  it('is the token, or JSON that holds it with its end', () => {
    const end = new Date(now + 60_000).toISOString();
    const seconds = (now + 60_000) / 1_000;
    const forms: [string, number | undefined][] = [
      ['abc\n', undefined],
      ['{"token":"abc"}', undefined],
      ['{"access_token":"abc","expires_in":60}', 60_000],
      [`{"token":"abc","expiry":"${end}"}`, 60_000],
      [`{"accessToken":"abc","expiresAt":${seconds}}`, 60_000],
      [`{"token":"abc","expires_at":${now + 60_000}}`, 60_000],
      [`{"kind":"ExecCredential","status":{"token":"abc","expirationTimestamp":"${end}"}}`, 60_000],
    ];
    for (const [stdout, lifetimeMs] of forms) {
      assert.deepEqual(printedToken(stdout, now), { ok: true, text: 'abc', lifetimeMs }, stdout);
    }
  });

  it('is refused where it is neither', () => {
    for (const stdout of ['', ' \n', 'two words', '{"token":', '{}', '{"token":7}', '{"a":null}']) {
      const result = printedToken(stdout, now);
      assert.equal(result.ok ? '' : result.cause, 'bad-answer', stdout);
      assert.doesNotMatch(JSON.stringify(result), /two words/);
    }
  });

  it('is told apart by what is wrong with it', () => {
    const wordsOf = (stdout: string): string => {
      const result = printedToken(stdout, now);
      return result.ok ? '' : result.words;
    };
    assert.match(wordsOf(' \n'), /printed nothing/);
    assert.match(wordsOf('tok en'), /no header can carry/);
    assert.match(wordsOf('{"token":"a\\nb"}'), /no header can carry/);
    assert.match(wordsOf('{"tokens":[]}'), /JSON without a token/);
    assert.match(wordsOf('{"token":'), /cannot be read/);
  });
});

describe('a credential helper', () => {
  const failing = async (own: Partial<CommandOutcome> | Error): Promise<string> => {
    const run = (): Promise<CommandOutcome> =>
      own instanceof Error ? Promise.reject(own) : Promise.resolve(outcome(own));
    const source = new CommandSource(clock, run, { argv: ['helper', '-s'], timeoutMs: 5_000 });
    const result = await source.fetch();
    assert.ok(!result.ok);
    assert.equal(result.cause, 'command');
    return result.words;
  };

  it('is quoted by how it ended, never by what it printed', async () => {
    const spoken = { stdout: 'hunter2', stderrBytes: 12 };
    assert.match(await failing({ ...spoken, code: 3 }), /code 3 and 12 bytes on standard error/);
    assert.match(await failing({ ...spoken, code: undefined }), /did not run to its end/);
    assert.match(await failing({ ...spoken, timedOut: true }), /longer than 5000 ms/);
    assert.match(await failing(new Error('hunter2')), /could not be run/);
    for (const own of [spoken, { ...spoken, timedOut: true }]) {
      assert.doesNotMatch(await failing({ ...own, code: 1 }), /hunter2/);
    }
  });

  it('gives tokens that are renewed like any other', async () => {
    const command = { argv: ['helper'], timeoutMs: 5_000 };
    const settings = { kind: 'command', command, form: bearerForm, ttlMs: 60_000 } as const;
    const rig = new CredentialsRig({}, { settings });
    rig.command = outcome({ stdout: 'one' });
    const { sink } = rig.send();
    await settle();
    assert.equal(sink.ended, true);
    rig.command = outcome({ stdout: 'two' });
    rig.clock.advance(50_000);
    rig.send();
    await settle();
    rig.send();
    assert.deepEqual(rig.sent, ['Bearer one', 'Bearer one', 'Bearer two']);
    assert.equal(rig.view.kind, 'command');
  });
});
