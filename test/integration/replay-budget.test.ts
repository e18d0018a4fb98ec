// Upstreams that close connections under their second or third request, without a word before. The
// replay ladder hides that at the price of one more request each time, and the retry budget has to
// bound that price like any other retry. `slow` = the close comes too late for an idle race (L3).

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { LeakCheck } from '../../src/testing/leak-check.ts';
import { MisbehavingUpstream } from '../../src/testing/index.ts';

/** Replays without calls that earn them: so many at once are lent, and one more each second ... */
const LENT = 10;
/** ... and as many are given away where the request was not read. */
const GIVEN = 10;

/** What callers were given, and what the upstream was asked. */
interface Tally {
  readonly statuses: readonly number[];
  readonly requests: number;
  readonly seconds: number;
}

describe('an upstream that closes connections under their requests', () => {
  const leaks = LeakCheck.begin();
  let gateway: Gateway | undefined;
  let upstream: MisbehavingUpstream | undefined;

  afterEach(async () => {
    await gateway?.close();
    await upstream?.close();
    await leaks.assertClean();
  });

  /** Sends calls one after the other; each connection serves `servesMax` of them and breaks. */
  async function run(calls: number, servesMax: number, afterMs: number): Promise<Tally> {
    upstream = await MisbehavingUpstream.listen(({ indexOnConnection }) =>
      indexOnConnection < servesMax
        ? {}
        : {
            faults: [
              { do: 'wait', at: 'before-head', forMs: afterMs },
              { do: 'fin', at: 'before-head' },
            ],
          },
    );
    gateway = await startGateway({
      config: {
        listen: '127.0.0.1:0',
        admin: 'off',
        simulator: false,
        guard: false,
        log: { level: 'silent' },
        upstreams: { api: { dialect: 'plain', profile: 'rest', endpoints: [upstream.url] } },
        routes: [{ match: { path: '/**' }, upstreams: ['api'] }],
      },
      env: {},
      accessLog: { write() {} },
    });
    const began = performance.now();
    const statuses: number[] = [];
    for (let n = 0; n < calls; n += 1) {
      const answer = await fetch(`${gateway.url}/thing`);
      await answer.arrayBuffer();
      statuses.push(answer.status);
    }
    const seconds = (performance.now() - began) / 1_000;
    return { statuses, requests: upstream.seen.requests.length, seconds };
  }

  const shown = ({ statuses }: Tally): number => statuses.filter((status) => status !== 200).length;
  const most = ({ statuses, seconds }: Tally, reserve: number): number =>
    1.2 * statuses.length + reserve * (1 + seconds / 10);

  it('at their second is asked little more, and its callers see nothing', async () => {
    const tally = await run(200, 1, 0);
    assert.equal(shown(tally), 0);
    assert.ok(tally.requests > 200, 'something was replayed');
    assert.ok(tally.requests <= 1.1 * 200, `${tally.requests} requests`);
  });

  it('at their third is asked no more than the budget allows, and callers are told', async () => {
    const tally = await run(200, 2, 0);
    assert.ok(tally.requests > 200 + LENT + GIVEN, `the budget was used: ${tally.requests}`);
    assert.ok(tally.requests <= most(tally, LENT + GIVEN), `${tally.requests} requests`);
    // Without a budget it were half as many again, and nobody would see a thing.
    assert.ok(shown(tally) > 0);
  });

  it('so late that they may have been read is lent every replay', async () => {
    const tally = await run(70, 2, 90);
    assert.ok(tally.requests > 70 + LENT, `the budget was used: ${tally.requests}`);
    assert.ok(tally.requests <= most(tally, LENT), `${tally.requests} requests`);
  });
});
