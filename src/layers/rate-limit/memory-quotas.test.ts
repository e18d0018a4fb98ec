import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryQuotas } from './memory-quotas.ts';

const minute = { count: 60, perMs: 60_000 };

describe('quotas in memory', () => {
  it('have one account for each key and tenant, apart from each other', () => {
    const quotas = new MemoryQuotas();
    const key = quotas.account('key', 'a');
    assert.equal(quotas.account('key', 'a'), key);
    assert.notEqual(quotas.account('tenant', 'a'), key);
    assert.notEqual(quotas.account('key', 'b'), key);
    assert.equal(quotas.size, 3);
  });

  it('are bounded, and forget last the accounts whose calls still run', () => {
    const quotas = new MemoryQuotas(100);
    const busy = quotas.account('key', 'busy');
    busy.running = 1;
    const idle = quotas.account('key', 'idle');
    for (let index = 0; index < 10_000; index += 1) quotas.account('key', `k${index}`);
    assert.ok(quotas.size <= 100, `${quotas.size}`);
    assert.equal(quotas.account('key', 'busy'), busy);
    assert.notEqual(quotas.account('key', 'idle'), idle);
  });

  it('show what is left and what runs, tenants first', () => {
    const quotas = new MemoryQuotas();
    const key = quotas.account('key', 'ci');
    key.quota = { requests: minute, burst: 10, tokens: { count: 1_000, perMs: 60_000 } };
    key.requests.take(minute, 4, 0);
    key.tokens.take({ count: 1_000, perMs: 60_000 }, 1_500, 0);
    quotas.account('tenant', 'qa').running = 2;
    assert.deepEqual(quotas.view(0), [
      { scope: 'tenant', name: 'qa', running: 2, requestsLeft: undefined, tokensLeft: undefined },
      { scope: 'key', name: 'ci', running: 0, requestsLeft: 6, tokensLeft: -500 },
    ]);
    assert.equal(quotas.view(2_000)[1]?.requestsLeft, 8);
    assert.equal(quotas.view(0, 1).length, 1);
  });
});
