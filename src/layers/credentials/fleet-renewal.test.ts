import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../core/random.ts';
import type { TokenLease, TokenStore } from '../../core/token-store.ts';
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
  const names = rotates ? { token: 'up:1', grant: 'grant:1' } : { token: 'up:1' };
  const renewal = new FleetRenewal(deps, names, 900_000, defaultCredentialsOptions);
  return { clock, store, source, renewal };
}

const text = (result: FetchResult): string => (result.ok ? result.text : result.cause);

describe('a renewal that is shared', () => {
  it('writes what it has fetched, and gives the lease back', async () => {
    const { clock, store, source, renewal } = rig();
    assert.equal(text(await renewal.fetch(none)), 'own 1');
    const expiresAtWall = clock.wallNow() + 600_000;
    assert.deepEqual(await store.read('up:1'), {
      text: 'own 1',
      expiresAtWall,
      lifetimeMs: 600_000,
      version: 1,
    });
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

  it('adopts a token whose whole life is short, until its last tenth', async () => {
    const { clock, store, renewal } = rig();
    const short = { text: 'short', lifetimeMs: 10_000, version: 1 };
    const wall = clock.wallNow();
    await store.write('up:1', { ...short, expiresAtWall: wall + 1_100 });
    assert.equal(text(await renewal.fetch(none)), 'short');
    clock.advance(100);
    assert.equal(text(await renewal.fetch(none)), 'own 1');
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
    assert.equal((await store.read('grant:1'))?.refreshToken, 'refresh 1');
    assert.equal((await store.read('up:1'))?.refreshToken, undefined);
    await renewal.fetch({ text: 'own 1', leftMs: 0 });
    assert.deepEqual(source.adopted, ['refresh 1']);
    assert.equal((await store.read('grant:1'))?.refreshToken, 'refresh 2');
  });

  it('stays in force when an answer brings no new one', async () => {
    const { store, source, renewal } = rig({}, true);
    await renewal.fetch(none);
    source.fetch = () => Promise.resolve({ ok: true, text: 'plain', lifetimeMs: 600_000 });
    await renewal.fetch({ text: 'own 1', leftMs: 0 });
    assert.equal((await store.read('up:1'))?.text, 'plain');
    assert.equal((await store.read('grant:1'))?.refreshToken, 'refresh 1');
  });

  it('is not used without the store, not even when nothing else is left', async () => {
    const { source, renewal } = rig({ read: () => Promise.reject(new Error('down')) }, true);
    assert.equal(text(await renewal.fetch({ text: 'own', leftMs: 60_000 })), 'unreachable');
    assert.equal(text(await renewal.fetch(none)), 'unreachable');
    const read = (name: string): Promise<undefined> =>
      name === 'grant:1' ? Promise.reject(new Error('down')) : Promise.resolve(undefined);
    const half = rig({ read }, true);
    assert.equal(text(await half.renewal.fetch(none)), 'unreachable');
    assert.deepEqual([source.fetches, half.source.fetches], [0, 0]);
  });

  it('is waited for while it is held by another, and left alone when that never ends', async () => {
    const { clock, store, source, renewal } = rig({}, true);
    await store.lease('grant:1', 3_600_000);
    const came: FetchResult[] = [];
    void renewal.fetch(none).then((result) => came.push(result));
    const pass = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 200) {
        await settle();
        clock.advance(200);
      }
    };
    await pass(59_000);
    assert.equal(came.length, 0);
    await pass(2_000);
    const [result] = came;
    assert.ok(result?.ok === false);
    assert.match(result.words, /Another process/);
    assert.equal(source.fetches, 0);
  });

  it('serves two upstreams that ask for different rights, one after the other', async () => {
    const { clock, store, source, renewal } = rig({}, true);
    const other = new CountingSource(true);
    const names = { token: 'up:2', grant: 'grant:1' };
    const deps = { clock, random: seededRandom(2), source: other, store };
    const second = new FleetRenewal(deps, names, 900_000, defaultCredentialsOptions);
    const held = Promise.withResolvers<void>();
    const first = source.fetch.bind(source);
    source.fetch = () => held.promise.then(first);
    const both = [renewal.fetch(none), second.fetch(none)];
    await settle();
    assert.equal(other.fetches, 0);
    held.resolve();
    await settle();
    clock.advance(200);
    await Promise.all(both);
    assert.deepEqual(other.adopted, ['refresh 1']);
    assert.equal((await store.read('up:2'))?.text, 'own 1');
  });
});

describe('a lease that comes too late', () => {
  it('is given back, so that nobody waits for its end', async () => {
    const asked = Promise.withResolvers<TokenLease | undefined>();
    const { clock, source, renewal } = rig({ lease: () => asked.promise });
    let released = 0;
    const result = renewal.fetch(none);
    await settle();
    clock.advance(500);
    assert.equal(text(await result), 'own 1');
    asked.resolve({
      release: async () => {
        released += 1;
      },
    });
    await settle();
    assert.deepEqual([released, source.fetches], [1, 1]);
  });
});
