import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { silentAdmissionObserver } from '../layers/admission/admission-observer.ts';
import { fixedLimitOptions } from '../layers/admission/options.ts';
import { UpstreamLimits } from '../layers/admission/upstream-limits.ts';
import { Sweep } from '../core/sweep.ts';
import { seededRandom } from '../core/random.ts';
import { testCall } from '../testing/test-call.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { admissionPace, admissionWatch } from './admission-watch.ts';
import { PacedLog } from './paced-log.ts';

/** An upstream of ten calls at a time under the watch. */
function rig() {
  const clock = new VirtualClock();
  const lines: { facts: Record<string, unknown>; text: string }[] = [];
  const heard: string[] = [];
  const warn = (facts: unknown, text?: string): void => {
    lines.push({ facts: facts as Record<string, unknown>, text: text ?? '' });
  };
  const observer = admissionWatch(
    {
      ...silentAdmissionObserver,
      shed: (upstream, cause) => void heard.push(`shed ${upstream} ${cause}`),
      softLimit: (upstream) => void heard.push(`soft ${upstream}`),
      nearLimit: (upstream) => void heard.push(`near ${upstream}`),
    },
    new PacedLog(clock, { warn }, admissionPace),
  );
  const deps = { clock, sweep: new Sweep(clock), random: seededRandom(1), observer };
  const limits = new UpstreamLimits(deps);
  limits.configure('a', { ...fixedLimitOptions(10), softShare: 0.5 });
  const limit = limits.at('a');
  const use = (calls: number): void => {
    while (limit.occupied < calls) limit.take(testCall());
    while (limit.occupied > calls) limit.release();
  };
  return { clock, lines, heard, observer, use };
}

describe('what the log says of an upstream that fills up', () => {
  it('warns when the soft limit is reached, and when the hard one is near', () => {
    const { lines, heard, use } = rig();
    use(4);
    assert.equal(lines.length, 0);
    use(5);
    assert.deepEqual(lines[0]?.facts, { upstream: 'a', occupied: 5, soft: 5 });
    assert.match(lines[0]?.text ?? '', /soft limit is reached: calls .* another upstream go there/);
    use(8);
    assert.deepEqual(lines[1]?.facts, { upstream: 'a', occupied: 8, limit: 10 });
    assert.match(lines[1]?.text ?? '', /^80% of the limit are in use; see gw_limit_headroom/);
    assert.deepEqual(heard, ['soft a', 'near a']);
  });

  it('counts every crossing and writes few where the limit flaps', () => {
    const { clock, lines, heard, use } = rig();
    // An hour of a crowd that comes and goes twice a second.
    for (let second = 0; second < 3_600; second += 0.5) {
      use(9);
      use(1);
      clock.advance(500);
    }
    assert.equal(heard.filter((word) => word === 'near a').length, 7_200);
    assert.ok(lines.length <= 10, `${lines.length} lines`);
    assert.ok(Number(lines.at(-1)?.facts['withheld']) > 1_000);
  });

  it('passes on what it has no words for', () => {
    const { heard, lines, observer } = rig();
    observer.shed('a', 'codel');
    assert.deepEqual(heard, ['shed a codel']);
    assert.deepEqual(lines, []);
  });
});
