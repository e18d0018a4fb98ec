// A refresh token that ends with each use, and whoever else was configured with it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecordingSink } from '../../testing/recording-sink.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { CredentialsRig, oauth, settle } from './credentials.fixture.ts';
import type { RigOptions, TokenAsk } from './credentials.fixture.ts';
import { bearerForm, grantNameOf } from './credential-settings.ts';
import type { CredentialSettings, OauthSettings } from './credential-settings.ts';
import { FixtureStore } from './token-store.fixture.ts';

const LIFE_S = 3_600;
const grant = { grant: 'refresh-token', refreshToken: 'r0' } as const;

function settingsOf(more: Partial<OauthSettings> = {}): CredentialSettings {
  return { kind: 'oauth', oauth: { ...oauth, grant, ...more }, form: bearerForm, ttlMs: undefined };
}

/** An endpoint that ends a grant at the second use of a refresh token, as RFC 9700 wants it. */
class Rotation {
  readonly uses: string[] = [];
  #current: string = 'r0';
  #ended: boolean = false;

  readonly onAsk = (ask: TokenAsk): void => {
    const used = ask.form['refresh_token'] ?? '';
    this.uses.push(used);
    this.#ended ||= used !== this.#current;
    if (this.#ended) {
      ask.answer(400, { error: 'invalid_grant' });
      return;
    }
    const n = this.uses.length;
    this.#current = `r${n}`;
    const told = { access_token: `token-${n}`, expires_in: LIFE_S, refresh_token: this.#current };
    ask.answer(200, told);
  };
}

function fleet(count: number) {
  const clock = new VirtualClock();
  const store = new FixtureStore(() => clock.now());
  const rotation = new Rotation();
  const rigs = Array.from({ length: count }, (_none, seed) => {
    const options: RigOptions = { clock, store, seed: seed + 1, settings: settingsOf() };
    const rig = new CredentialsRig({}, options);
    rig.endpoint.onAsk = rotation.onAsk;
    return rig;
  });
  const pass = async (ms: number): Promise<void> => {
    await settle();
    for (let passed = 0; passed < ms; passed += 200) {
      clock.advance(200);
      await settle();
    }
  };
  return { clock, rotation, rigs, pass };
}

describe('a refresh token that ends with each use', () => {
  it('is used by one process at a time, each with what the last one was given', async () => {
    const { clock, rotation, rigs, pass } = fleet(3);
    for (let life = 0; life < 4; life += 1) {
      const sinks = rigs.map((rig) => rig.send().sink);
      await pass(1_000);
      assert.deepEqual(
        sinks.map(({ ended }) => ended),
        [true, true, true],
      );
      clock.advance(LIFE_S * 1_000);
    }
    assert.deepEqual(rotation.uses, ['r0', 'r1', 'r2', 'r3']);
  });

  it('is one for two upstreams of one process', async () => {
    const { clock, rotation, rigs, pass } = fleet(1);
    const [rig] = rigs;
    assert.ok(rig !== undefined);
    rig.credentials.configure('other', settingsOf());
    for (let life = 0; life < 3; life += 1) {
      const sinks: RecordingSink[] = ['up', 'other'].map(
        (credential) => rig.send({ route: { credential } }).sink,
      );
      await pass(1_000);
      assert.ok(sinks.every(({ ended }) => ended));
      clock.advance(LIFE_S * 1_000);
    }
    assert.deepEqual(rotation.uses, ['r0', 'r1', 'r2']);
    assert.deepEqual(new Set(rig.sent).size, 3);
  });

  it('serves upstreams that ask for different rights, each with tokens of its own', async () => {
    const { rotation, rigs, pass } = fleet(1);
    const [rig] = rigs;
    assert.ok(rig !== undefined);
    rig.credentials.configure('other', settingsOf({ form: [['scope', 'more']] }));
    const sinks = ['up', 'other'].map((credential) => rig.send({ route: { credential } }).sink);
    await pass(1_000);
    assert.ok(sinks.every(({ ended }) => ended));
    assert.deepEqual(rotation.uses, ['r0', 'r1']);
    assert.deepEqual(rig.sent, ['Bearer token-1', 'Bearer token-2']);
  });

  it('goes on where it stands when a reload changes what is asked for', async () => {
    const { rotation, rigs, pass } = fleet(2);
    const send = async (): Promise<void> => {
      const sinks = rigs.map((rig) => rig.send().sink);
      await pass(1_000);
      assert.ok(sinks.every(({ ended }) => ended));
    };
    await send();
    for (const rig of rigs) rig.credentials.configure('up', settingsOf({ clientSecret: 'newer' }));
    await send();
    assert.deepEqual(rotation.uses, ['r0', 'r1']);
  });
});

describe('the name of a grant', () => {
  it('tells client and refresh token apart, and nothing else', () => {
    const named = (more: Partial<OauthSettings> = {}) => grantNameOf({ ...oauth, grant, ...more });
    assert.equal(named({ clientSecret: 'other', form: [['scope', 'x']] }), named());
    assert.notEqual(named({ clientId: 'other' }), named());
    assert.notEqual(named({ grant: { ...grant, refreshToken: 'r9' } }), named());
    assert.doesNotMatch(named() ?? '', /r0|client/);
    assert.equal(grantNameOf(oauth), undefined);
  });
});
