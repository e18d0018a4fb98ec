import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isExpectedHost } from './host-check.ts';

const loopback = { host: '127.0.0.1', port: 1 };

describe('host check', () => {
  it('takes names of this machine and addresses', () => {
    for (const host of [
      '127.0.0.1:1',
      'localhost',
      'LOCALHOST:9',
      'app.localhost:1',
      '[::1]:1',
      '',
    ]) {
      assert.equal(isExpectedHost(host, loopback), true, host);
    }
    assert.equal(isExpectedHost(undefined, loopback), true);
  });

  it('refuses a name that a page could have bound to this machine', () => {
    for (const host of [
      'evil.example',
      'evil.example:1',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
    ]) {
      assert.equal(isExpectedHost(host, loopback), false, host);
    }
  });

  it('takes any name where other machines may come', () => {
    assert.equal(isExpectedHost('gateway.corp', { host: '0.0.0.0', port: 1 }), true);
  });
});
