// What a running gateway says of its limits before they hurt: in the log, in the metrics and to
// whoever asks for readiness.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { LogOutput } from '../../src/gateway/process-log.ts';
import { MisbehavingUpstream, VirtualClock } from '../../src/testing/index.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { stalling } from '../../src/testing/misbehaving-upstream/behaviours.ts';

interface Said {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** Keeps warnings alone. */
function keeping(warnings: Said[]): () => LogOutput {
  const none = (): void => {};
  const warn = (facts: Said['facts'], text: string): void => void warnings.push({ facts, text });
  const log = { debug: none, info: none, error: none, warn } as unknown as LogOutput['log'];
  return () => ({ log, lines: { write: none }, end: () => Promise.resolve() });
}

const configFor = (upstream: MisbehavingUpstream, guard: boolean) => ({
  listen: '127.0.0.1:0',
  admin: '127.0.0.1:0',
  guard,
  upstreams: {
    u: {
      endpoints: [upstream.url],
      profile: 'rest',
      limit: { algorithm: 'fixed', max: 5, soft: '60%' },
    },
  },
  routes: [{ match: { path: '/**' }, upstreams: ['u'] }],
});

/** Keeps the event loop of this very process from doing anything else. */
function blockLoop(ms: number): void {
  const until = systemClock.now() + ms;
  while (systemClock.now() < until);
}

describe('a gateway near its limits', () => {
  let gateway: Gateway;
  let upstream: MisbehavingUpstream;
  afterEach(async () => {
    gateway.destroy();
    await upstream.close();
  });

  it('warns of an upstream that fills up', async () => {
    const warnings: Said[] = [];
    upstream = await MisbehavingUpstream.listen(stalling('before-head'));
    gateway = await startGateway({
      config: configFor(upstream, true),
      openLog: keeping(warnings),
    });
    const leaving = new AbortController();
    const calls = Array.from({ length: 5 }, () =>
      fetch(`${gateway.url}/x`, { signal: leaving.signal }).catch(() => {}),
    );
    await eventually(() => warnings.length >= 2, 'two warnings');
    assert.deepEqual(
      warnings.map(({ facts }) => facts),
      [
        { upstream: 'u', occupied: 3, soft: 3 },
        { upstream: 'u', occupied: 4, limit: 5 },
      ],
    );
    assert.match(warnings[0]?.text ?? '', /soft limit is reached/);
    assert.match(warnings[1]?.text ?? '', /80% of the limit are in use/);
    assert.match(await gateway.metricsText(), /^gw_limit_near_total\{upstream="u"\} 1$/m);
    leaving.abort();
    await Promise.all(calls);
    const slots = (): number =>
      gateway.leases.oldest(Infinity).filter(({ kind }) => kind === 'slot').length;
    await eventually(() => slots() === 0, 'all slots to be free');
  });

  it('warns of itself, and tells whoever asks whether it is ready', async () => {
    const warnings: Said[] = [];
    const clock = new VirtualClock();
    upstream = await MisbehavingUpstream.listen({});
    gateway = await startGateway({
      config: configFor(upstream, true),
      openLog: keeping(warnings),
      clock,
    });
    const readiness = async (): Promise<string> => {
      const answer = await fetch(`${gateway.adminUrl}/readyz`);
      return `${answer.status} ${(await answer.text()).trim()}`;
    };
    assert.equal(await readiness(), '200 ready');
    assert.match(await gateway.metricsText(), /^gw_guard_level 0$/m);
    // Five looks, each after a second of which a good part was spent in one piece.
    for (let look = 0; look < 5; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      blockLoop(300);
      await new Promise((resolve) => setTimeout(resolve, 40));
      clock.advance(1_000);
    }
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]?.text ?? '', /near its limits: calls of class batch are refused/);
    assert.ok(Number(warnings[0]?.facts['loopDelayP99Ms']) > 200);
    assert.match(await gateway.metricsText(), /^gw_guard_level 1$/m);
    assert.match(await readiness(), /^200 ready, but this process is near its limits.* ms late/);
  });

  it('has no level of a guard that is switched off', async () => {
    upstream = await MisbehavingUpstream.listen({});
    gateway = await startGateway({ config: configFor(upstream, false) });
    assert.doesNotMatch(await gateway.metricsText(), /^gw_guard_level \d/m);
  });
});
