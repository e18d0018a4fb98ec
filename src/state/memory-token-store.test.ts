import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { MemoryTokenStore } from './memory-token-store.ts';

const token = (version: number) => ({ text: `t${version}`, expiresAtWall: 5_000, version });

describe('tokens shared within a process', () => {
  it('keeps the newest version and says so', async () => {
    const store = new MemoryTokenStore(new VirtualClock());
    assert.equal(await store.read('a'), undefined);
    assert.equal(await store.write('a', token(2)), true);
    assert.equal(await store.write('a', token(2)), false);
    assert.equal(await store.write('a', token(1)), false);
    assert.equal((await store.read('a'))?.text, 't2');
    assert.equal(await store.write('a', token(3)), true);
    assert.equal((await store.read('a'))?.text, 't3');
    assert.equal(await store.read('b'), undefined);
  });

  it('gives the right to renew to one at a time', async () => {
    const store = new MemoryTokenStore(new VirtualClock());
    const first = await store.lease('a', 1_000);
    assert.notEqual(first, undefined);
    assert.equal(await store.lease('a', 1_000), undefined);
    assert.notEqual(await store.lease('b', 1_000), undefined);
    await first?.release();
    assert.notEqual(await store.lease('a', 1_000), undefined);
  });

  it('takes the right back after its time, and the late holder takes nobody else’s', async () => {
    const clock = new VirtualClock();
    const store = new MemoryTokenStore(clock);
    const late = await store.lease('a', 1_000);
    clock.advance(1_000);
    assert.notEqual(await store.lease('a', 1_000), undefined);
    await late?.release();
    assert.equal(await store.lease('a', 1_000), undefined);
  });

  it('is bounded', async () => {
    const store = new MemoryTokenStore(new VirtualClock(), 2);
    for (const name of ['a', 'b', 'c']) await store.write(name, token(1));
    assert.equal(store.size, 2);
    assert.equal(await store.read('a'), undefined);
    assert.equal((await store.read('c'))?.text, 't1');
  });

  it('lets go first of what was written longest ago', async () => {
    const store = new MemoryTokenStore(new VirtualClock(), 2);
    await store.write('a', token(1));
    await store.write('b', token(1));
    await store.write('a', token(2));
    await store.write('c', token(1));
    assert.equal((await store.read('a'))?.text, 't2');
    assert.equal(await store.read('b'), undefined);
  });
});
