import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { dividedBy, partOf } from './divided-settings.ts';

function settingsOf(value: Record<string, unknown>): Settings {
  const { settings, lines } = loadConfig({ value }, { env: {}, readText: () => '' });
  assert.ok(settings !== undefined, lines.join('\n'));
  return settings;
}

const quota = { requests: '600/m', burst: 10, tokens: '100000/m', concurrent: 5 };
const settings = settingsOf({
  limits: { connections: 101, bufferBytes: '64MiB', replayBytes: '1MiB' },
  access: {
    keys: [{ name: 'ci', key: 'k'.repeat(20), tenant: 'qa', quota }],
    tenants: { qa: { quota: { requests: '1200/m', concurrent: 1 } } },
  },
});

describe('the share of a worker', () => {
  it('adds up to the whole, whatever the number of workers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.nat(100_000), (of, more) => {
        const total = of + more;
        let sum = 0;
        for (let index = 0; index < of; index += 1) sum += partOf(total, { index, of });
        assert.equal(sum, total);
      }),
    );
  });

  it('is never nothing', () => {
    assert.equal(partOf(1, { index: 3, of: 4 }), 1);
  });

  it('divides connections, buffers and every quota', () => {
    const parts = [0, 1, 2, 3].map((index) => dividedBy(settings, { index, of: 4 }));
    const connections = parts.map(({ limits }) => limits.connections);
    assert.deepEqual(connections, [26, 25, 25, 25]);
    assert.equal(parts[0]?.limits.bufferBytes, 16 * 1024 * 1024);
    const own = parts.map(({ access }) => access.keys[0]?.quota);
    assert.deepEqual(own[0], {
      requests: { count: 150, perMs: 60_000 },
      burst: 3,
      tokens: { count: 25_000, perMs: 60_000 },
      concurrent: 2,
    });
    assert.deepEqual(own[3]?.concurrent, 1);
    const tenant = parts.map(({ access }) => access.tenantQuotas.get('qa'));
    assert.deepEqual(tenant[1], { requests: { count: 300, perMs: 60_000 }, concurrent: 1 });
  });

  it('divides what an upstream is given at a time, the order of its bounds kept', () => {
    const { upstreams } = settingsOf({
      upstreams: { u: { dialect: 'anthropic', endpoints: ['https://u.test'] } },
      routes: [{ match: { path: '/**' }, upstreams: ['u'] }],
    });
    const whole = upstreams.get('u')?.limit;
    assert.ok(whole !== undefined);
    const parts = [0, 1, 2].map((index) => {
      const part = dividedBy({ ...settings, upstreams }, { index, of: 3 }).upstreams.get(
        'u',
      )?.limit;
      assert.ok(part !== undefined && part.callsMin <= part.callsStart);
      assert.ok(part.callsStart <= part.callsMax);
      return part;
    });
    const sum = (of: 'callsStart' | 'callsMax' | 'queueMin'): number =>
      parts.reduce((total, part) => total + part[of], 0);
    assert.deepEqual(
      [sum('callsStart'), sum('callsMax'), sum('queueMin')],
      [whole.callsStart, whole.callsMax, whole.queueMin],
    );
    assert.equal(partOf(Infinity, { index: 0, of: 2 }), Infinity, 'no limit stays none');
  });

  it('leaves room for one whole body, and everything else as it is', () => {
    const small = settingsOf({ limits: { bufferBytes: '2MiB', replayBytes: '1MiB' } });
    const part = dividedBy(small, { index: 0, of: 8 });
    assert.equal(part.limits.bufferBytes, 1024 * 1024);
    assert.equal(part.limits.bodyBytes, small.limits.bodyBytes);
    assert.deepEqual(part.routes, small.routes);
    assert.equal(dividedBy(small, { index: 0, of: 1 }), small);
  });
});
