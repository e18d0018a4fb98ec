import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from './load.ts';

const KEY = 'k-0123456789abcdef';

function linesOf(access: unknown, more: Record<string, unknown> = {}): readonly string[] {
  const source = { value: { access, ...more } };
  return loadConfig(source, { env: {}, readText: () => '' }).lines;
}

describe('keys and tenants', () => {
  it('are complete: the tenant is the name of the key unless told', () => {
    const value = { access: { keys: [{ name: 'ci', key: KEY, quota: { requests: '60/m' } }] } };
    const { settings } = loadConfig({ value }, { env: {}, readText: () => '' });
    const [key] = settings?.access.keys ?? [];
    assert.deepEqual([key?.tenant, key?.priority], ['ci', 'default']);
    assert.deepEqual(key?.quota?.requests, { count: 60, perMs: 60_000 });
  });

  const faults: readonly (readonly [unknown, RegExp])[] = [
    [{ keys: [{ name: 'a' }] }, /access\.keys\[0\]\.key: is missing; write the key as/],
    [{ keys: [{ name: 'a', key: 'short' }] }, /access\.keys\[0\]\.key: .*is too short/],
    [{ keys: [{ name: 'a', sha256: 'zz' }] }, /sha256: "zz" is not a SHA-256 in hex/],
    [{ keys: [{ name: 'a', key: KEY, sha256: 'a'.repeat(64) }] }, /sha256: stands beside key/],
    [
      {
        keys: [
          { name: 'a', key: KEY },
          { name: 'a', key: `${KEY}2` },
        ],
      },
      /\[1\]\.name: "a" is the/,
    ],
    [
      {
        keys: [
          { name: 'a', key: KEY },
          { name: 'b', key: KEY },
        ],
      },
      /\[1\]\.key: is the key of "a"/,
    ],
    [{ keys: [{ name: 'a', key: KEY, quota: { burst: 5 } }] }, /burst: has no effect without/],
    [{ keys: [{ name: 'a', key: KEY, quota: { requests: '60' } }] }, /"60" is not a rate; write/],
    [{ tenants: { qa: { quota: { requests: '1/s' } } } }, /tenants\.qa: is the tenant of no key/],
  ];
  for (const [access, expected] of faults) {
    it(`say ${expected.source}`, () => {
      assert.match(linesOf(access).join('\n'), expected);
    });
  }

  it('never show a key', () => {
    const lines = linesOf({ keys: [{ name: 'a', key: 'tooshort' }] }).join('\n');
    assert.doesNotMatch(lines, /tooshort/);
  });

  it('allow to listen beyond this machine', () => {
    const keys = [{ name: 'a', key: KEY }];
    assert.deepEqual(linesOf({ keys }, { listen: '0.0.0.0:1' }), []);
    assert.match(linesOf({ keys }, { admin: '0.0.0.0:1' }).join(), /it asks for no key/);
  });
});
