import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anonymousCaller } from '../../core/caller.ts';
import { HeaderList } from '../../core/header-list.ts';
import type { Service } from '../../core/layer.ts';
import { Leases } from '../../core/leases.ts';
import { seededRandom } from '../../core/random.ts';
import { BufferBudget } from '../../core/replay-body.ts';
import { Sweep } from '../../core/sweep.ts';
import { plainDialect } from '../../dialects/plain.ts';
import { RequestHead } from '../../http1/head.ts';
import { testRoute } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { CallIds } from './call-ids.ts';
import { Exchange } from './exchange.ts';
import type { CallerSide } from './exchange.ts';

/** One exchange whose call goes to `service`, and what its caller sees. */
function rig(service: Service, framing: RequestHead['framing'] = 'none') {
  const clock = new VirtualClock();
  const leases = new Leases(clock);
  const request = new RequestHead(HeaderList.of([]));
  request.framing = framing;
  const seen: string[] = [];
  const side: CallerSide = {
    response: {
      interim: () => {},
      head: (_request, head) => {
        seen.push(String(head.status));
        return 'length';
      },
      body: () => {},
    },
    finish: () => seen.push('finish'),
    cut: () => seen.push('cut'),
    upgrade: () => side,
    pauseBody: () => {},
    resumeBody: () => {},
  };
  const exchange = new Exchange(
    {
      clock,
      random: seededRandom(1),
      sweep: new Sweep(clock),
      leases,
      bodyBudget: new BufferBudget(1_000),
      callIds: new CallIds(),
      observer: {
        connectionOpened: () => {},
        connectionClosed: () => {},
        turnedAway: () => {},
        refused: () => {},
      },
    },
    {
      resolve: () => ({
        route: testRoute(),
        path: '/',
        headers: HeaderList.of([]),
        caller: anonymousCaller,
        fingerprint: '',
        service,
      }),
      keepBytesMax: () => 1_000,
      dialectFor: () => plainDialect,
    },
    request,
    side,
    0,
  );
  return { exchange, leases, seen };
}

describe('an exchange', () => {
  it('tells the caller of a defect in any layer, and the defect itself is heard', () => {
    const { exchange, seen } = rig(() => {
      throw new Error('planted');
    });
    assert.throws(() => exchange.dispatch(), /planted/);
    assert.deepEqual(seen, ['500', 'finish']);
    assert.equal(exchange.over, true);
  });

  it('holds a lease for what is kept of its upload, for as long as that is', () => {
    const { exchange, leases } = rig(() => {}, 'length');
    assert.equal(leases.size, 0);
    exchange.bodyBytes(Buffer.from('abc'));
    assert.deepEqual(leases.oldest(2), [{ kind: 'buffer', owner: exchange.id, ageMs: 0 }]);
    exchange.body.commit();
    assert.equal(leases.size, 0);
  });

  it('gives up what a defect has left running', () => {
    let reason: string | undefined;
    const { exchange } = rig((call) => {
      call.cancellation.listen({ cancelled: (error) => (reason = error.code) });
      throw new Error('planted');
    });
    assert.throws(() => exchange.dispatch(), /planted/);
    assert.equal(reason, 'BUG');
  });
});
