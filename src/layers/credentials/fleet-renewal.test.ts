import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../core/random.ts';
import type { TokenStore } from '../../core/token-store.ts';

import { VirtualClock } from '../../testing/virtual-clock.ts';
import { settle } from './credentials.fixture.ts';
import { defaultCredentialsOptions } from './options.ts';
import { FleetRenewal } from './fleet-renewal.ts';
import { FixtureStore } from './token-store.fixture.ts';
import type { FetchResult, TokenSource } from './token-source.ts';

const none = { text: undefined, leftMs: 0 };

class CountingSource implements TokenSource {
  readonly skewMs = 0;
  readonly rotates: boolean;
  readonly adopted: string[] = [];
  fetches: number = 0;

  constructor(rotates: boolean = false) {
    this.rotates = rotates;
  }

  adopt(refreshToken: string): void {
    this.adopted.push(refreshToken);
  }

  fetch(): Promise<FetchResult> {
    this.fetches += 1;
    const token = { ok: true, text: `own ${this.fetches}`, lifetimeMs: 600_000 } as const;
    return Promise.resolve(
      this.rotates ? { ...token, refreshToken: `refresh ${this.fetches}` } : token,
    );
  }
}

function rig(given?: Partial<TokenStore>, rotates: boolean = false) {
  const clock = new VirtualClock();
  const store = new FixtureStore(() => clock.now());
  const source = new CountingSource(rotates);
  const used: TokenStore = {
    lease: (name, forMs) => store.lease(name, forMs),
    read: (name) => store.read(name),
    write: (name, token) => store.write(name, token),
    ...given,
  };
  const deps = { clock, random: seededRandom(1), source, store: used };
  const renewal = new FleetRenewal(deps, 'up:1', 900_000, defaultCredentialsOptions);
  return { clock, store, source, renewal };
}

const text = (result: FetchResult): string => (result.ok ? result.text : result.cause);

describe('a renewal that is shared', () => {
  it('writes what it has fetched, and gives the lease back', async () => {
    const { clock, store, source, renewal } = rig();
    assert.equal(text(await renewal.fetch(none)), 'own 1');
    const expiresAtWall = clock.wallNow() + 600_000;
    assert.deepEqual(await store.read('up:1'), { text: 'own 1', expiresAtWall, version: 1 });
    await renewal.fetch({ text: 'own 1', leftMs: 0 });
    assert.equal((await store.read('up:1'))?.version, 2);
    assert.equal(source.fetches, 2);
    await settle();
    assert.equal(clock.nextTimerInMs, undefined);
  });

  it('adopts a token of others that lives longer', async () => {
    const { clock, store, source, renewal } = rig();
    const wall = clock.wallNow();
    await store.write('up:1', { text: 'theirs', expiresAtWall: wall + 100_000, version: 7 });
    const result = await renewal.fetch({ text: 'mine', leftMs: 60_000 });
    assert.deepEqual(result, { ok: true, text: 'theirs', lifetimeMs: 100_000 });
    assert.equal(text(await renewal.fetch({ text: 'mine', leftMs: 110_000 })), 'own 1');
    assert.equal(source.fetches, 1);
    assert.equal((await store.read('up:1'))?.version, 8);
  });

  it('writes the usual life of a token that does not tell its own', async () => {
    const { clock, store, source, renewal } = rig();
    source.fetch = () => Promise.resolve({ ok: true, text: 'open', lifetimeMs: undefined });
    await renewal.fetch(none);
    assert.equal((await store.read('up:1'))?.expiresAtWall, clock.wallNow() + 900_000);
  });

  it('does not adopt the token it is to replace, nor one that is about to end', async () => {
    const { clock, store, renewal } = rig();
    const wall = clock.wallNow();
    await store.write('up:1', { text: 'known', expiresAtWall: wall + 500_000, version: 1 });
    assert.equal(text(await renewal.fetch({ text: 'known', leftMs: 0 })), 'own 1');
    await store.write('up:1', { text: 'short', expiresAtWall: wall + 29_000, version: 9 });
    assert.equal(text(await renewal.fetch(none)), 'own 2');
  });

  it('waits for another process that renews, but not for one that has died', async () => {
    const { clock, store, source, renewal } = rig();
    await store.lease('up:1', 3_600_000);
    const waiting = renewal.fetch(none);
    for (let ms = 0; ms < 14_000; ms += 100) {
      await settle();
      clock.advance(100);
    }
    assert.equal(source.fetches, 0);
    for (let ms = 0; ms < 2_000; ms += 100) {
      await settle();
      clock.advance(100);
    }
    assert.equal(text(await waiting), 'own 1');
  });

  it('goes on alone without its store, in bounded time', async () => {
    const failing = rig({ read: () => Promise.reject(new Error('down')) });
    assert.equal(text(await failing.renewal.fetch(none)), 'own 1');
    const throwing = rig({
      lease: () => {
        throw new Error('down');
      },
    });
    assert.equal(text(await throwing.renewal.fetch(none)), 'own 1');
    const hanging = rig({ read: () => new Promise(() => {}) });
    const result = hanging.renewal.fetch(none);
    hanging.clock.advance(500);
    assert.equal(text(await result), 'own 1');
    const forgetful = rig({ write: () => Promise.reject(new Error('full')) });
    assert.equal(text(await forgetful.renewal.fetch(none)), 'own 1');
  });
});

describe('a refresh token that rotates', () => {
  it('is handed on by the store', async () => {
    const { store, source, renewal } = rig({}, true);
    await renewal.fetch(none);
    assert.equal((await store.read('up:1'))?.refreshToken, 'refresh 1');
    await renewal.fetch({ text: 'own 1', leftMs: 0 });
    assert.deepEqual(source.adopted, ['refresh 1']);
    assert.equal((await store.read('up:1'))?.refreshToken, 'refresh 2');
  });

  it('is left alone without the store while its token lives', async () => {
    const { source, renewal } = rig({ read: () => Promise.reject(new Error('down')) }, true);
    assert.equal(text(await renewal.fetch({ text: 'own', leftMs: 60_000 })), 'unreachable');
    assert.equal(source.fetches, 0);
    assert.equal(text(await renewal.fetch({ text: 'own', leftMs: 30_000 })), 'own 1');
  });
});
