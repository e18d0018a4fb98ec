import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StoredToken } from '../../core/token-store.ts';
import { MemoryTokenStore } from '../../state/memory-token-store.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { CrewTokens } from './crew-tokens.ts';
import type { TokenAsk } from './crew-tokens.ts';
import { SupervisorTokens } from './supervisor-tokens.ts';

/** What goes over the channel of `fork` is JSON. */
function sent<T>(value: T): T {
  const text: string | undefined = JSON.stringify(value);
  return text === undefined ? value : (JSON.parse(text) as T);
}

function rig() {
  const shared = new CrewTokens(new MemoryTokenStore(new VirtualClock()));
  const worker = (): { tokens: SupervisorTokens; place: object } => {
    const place = {};
    const tokens: SupervisorTokens = new SupervisorTokens((id: number, ask: TokenAsk) => {
      void shared.answer(place, sent(ask)).then((value) => tokens.hear(id, sent(value)));
    });
    return { tokens, place };
  };
  return { shared, one: worker(), two: worker() };
}

const token: StoredToken = { text: 'a', expiresAtWall: 9_000, version: 1, refreshToken: 'r1' };

describe('the tokens of several workers', () => {
  it('are the same for all', async () => {
    const { one, two } = rig();
    assert.equal(await two.tokens.read('up'), undefined);
    assert.equal(await one.tokens.write('up', token), true);
    assert.deepEqual(await two.tokens.read('up'), token);
    assert.equal(await two.tokens.write('up', token), false);
  });

  it('are renewed by one at a time', async () => {
    const { shared, one, two } = rig();
    const lease = await one.tokens.lease('up', 1_000);
    assert.equal(await two.tokens.lease('up', 1_000), undefined);
    await lease?.release();
    assert.equal(shared.held, 0);
    assert.notEqual(await two.tokens.lease('up', 1_000), undefined);
    // Whoever had it before cannot take it away.
    await lease?.release();
    assert.equal(await one.tokens.lease('up', 1_000), undefined);
  });

  it('are free again when the worker that renews them is gone', async () => {
    const { shared, one, two } = rig();
    await one.tokens.lease('up', 60_000);
    const late = one.tokens.lease('other', 60_000);
    shared.left(one.place);
    assert.equal(await late, undefined);
    assert.equal(shared.held, 0);
    assert.notEqual(await two.tokens.lease('up', 1_000), undefined);
    assert.notEqual(await two.tokens.lease('other', 1_000), undefined);
  });

  it('give no worker the lease of another one', async () => {
    const { shared, one, two } = rig();
    await one.tokens.lease('up', 60_000);
    await shared.answer(two.place, { op: 'release', lease: 1 });
    assert.equal(shared.held, 1);
  });

  it('are out of reach without the supervisor', async () => {
    const silent = new SupervisorTokens(() => {});
    const asked = silent.read('up');
    silent.close();
    await assert.rejects(asked, /supervisor is gone/);
    await assert.rejects(silent.lease('up', 1), /supervisor is gone/);
  });
});
