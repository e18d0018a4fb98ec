import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call } from '../../core/call.ts';
import { attemptOf } from '../../core/call.ts';
import { Progress } from '../../core/dialect.ts';
import { outcomeOfEvent, outcomeOfHead } from '../../core/outcome.ts';
import type { Target } from '../../core/target.ts';
import { testHead } from '../../testing/scripted-service.ts';
import { testCall, testTarget } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { Pacer } from './pacer.ts';
import { defaultPacerOptions } from './pacer-options.ts';
import type { PacerOptions } from './pacer-options.ts';

const a = testTarget(1, { upstream: 'a' });
const b = testTarget(2, { upstream: 'b' });
const OK = { kind: 'ok', retryAfterMs: 0, cause: 'complete' } as const;

function rig(own: Partial<PacerOptions> = {}) {
  const clock = new VirtualClock();
  const events: string[] = [];
  const observer = {
    paced: ({ upstream }: Target, kind: string) => void events.push(`${upstream} paced ${kind}`),
    closed: ({ upstream }: Target, reason: string, ms: number) =>
      void events.push(`${upstream} closed ${reason} ${Math.round(ms)}`),
  };
  const pacer = new Pacer({ clock, observer }, { ...defaultPacerOptions, ...own });
  const callFor = (options: TestCallOptions | string = {}): Call =>
    testCall(typeof options === 'string' ? { body: `{"model":"${options}"}` } : options);
  /** Sends one attempt and gives it this answer. */
  const answer = (
    target: Target,
    status: number,
    headers: Record<string, string> = {},
    options: TestCallOptions | string = {},
  ): Call => {
    const call = callFor(options);
    const attempt = attemptOf(call, 1, call.cancellation, { route: target.route });
    pacer.attemptBegan(target, attempt, clock.now());
    const head = testHead(status, headers);
    const outcome = outcomeOfHead(head, clock.wallNow());
    pacer.attemptAnswered(target, attempt, head, outcome, clock.now());
    return attempt;
  };
  /** Ms until a call may be sent, 0 = now. */
  const waitMs = (target: Target, options: TestCallOptions | string = {}): number => {
    const at = pacer.opensAt(target, callFor(options), clock.now());
    return at === 0 ? 0 : at - clock.now();
  };
  const over = (target: Target, call: Call, progress: Partial<Progress>, outcome = OK): void => {
    call.timeline.progress = Object.assign(new Progress(), progress);
    pacer.attemptOver(target, call, outcome, clock.now());
  };
  return { clock, pacer, events, answer, waitMs, over, callFor };
}

const requests = (remaining: number, reset: string, limit: number = 50) => ({
  'x-ratelimit-limit-requests': String(limit),
  'x-ratelimit-remaining-requests': String(remaining),
  'x-ratelimit-reset-requests': reset,
});

const window = (remaining: number, seconds: number) => ({
  'RateLimit-Policy': '"w";q=100;w=60',
  RateLimit: `"w";r=${remaining};t=${seconds}`,
});

describe('the pacer', () => {
  it('holds nothing back where nothing was said, or much is left', () => {
    const { waitMs, answer, events } = rig();
    assert.equal(waitMs(a), 0);
    answer(a, 200);
    answer(a, 200, requests(10, '40s'));
    answer(a, 500, { 'retry-after': '5' });
    assert.equal(waitMs(a), 0);
    assert.deepEqual(events, []);
  });

  it('closes for as long as a refusal asks, on that target alone, and then opens', () => {
    for (const status of [429, 503, 529]) {
      const { waitMs, answer, events, clock } = rig();
      answer(a, status, { 'retry-after': '7' });
      assert.equal(waitMs(a), 7_000);
      assert.equal(waitMs(b), 0);
      assert.deepEqual(events, ['a closed told 7000']);
      clock.advance(6_999);
      assert.equal(waitMs(a), 1);
      clock.advance(1);
      assert.equal(waitMs(a), 0);
    }
  });

  it('does not shorten a wait by a shorter one, nor believe one without end', () => {
    const { waitMs, answer } = rig();
    answer(a, 429, { 'retry-after': '7' });
    answer(a, 429, { 'retry-after': '2' });
    assert.equal(waitMs(a), 7_000);
    answer(a, 429, { 'retry-after': '80000' });
    assert.equal(waitMs(a), 3_600_000);
  });

  it('closes for the credential that was refused, and for no other', () => {
    const { waitMs, answer } = rig();
    answer(a, 429, { 'retry-after': '7' }, { fingerprint: 'one' });
    assert.equal(waitMs(a, { fingerprint: 'one' }), 7_000);
    assert.equal(waitMs(a, { fingerprint: 'two' }), 0);
    const stored = testTarget(1, { upstream: 'a', route: { credential: 'ours' } });
    assert.equal(waitMs(stored, { fingerprint: 'one' }), 0);
    answer(stored, 429, { 'retry-after': '3' }, { fingerprint: 'one' });
    assert.equal(waitMs(stored, { fingerprint: 'two' }), 3_000);
  });

  it('closes for the model that was refused, and for no other', () => {
    const { waitMs, answer } = rig();
    answer(a, 429, { 'retry-after': '7' }, 'large');
    assert.equal(waitMs(a, 'large'), 7_000);
    assert.equal(waitMs(a, 'small'), 0);
    assert.equal(waitMs(a, { method: 'GET' }), 0);
  });

  it('takes the model that a target puts in place of the one asked for', () => {
    const { waitMs, answer } = rig();
    const edit = {
      fits: () => true,
      headers: <T>(same: T): T => same,
      body: <T>(same: T): T => same,
      model: 'own',
    };
    const edited = testTarget(1, { upstream: 'a', edit });
    answer(edited, 429, { 'retry-after': '7' }, 'large');
    assert.equal(waitMs(edited, 'small'), 7_000);
    assert.equal(waitMs(a, 'large'), 0);
    assert.equal(waitMs(a, 'own'), 7_000);
  });

  it('paces by the second while little is left, and says so once', () => {
    const { waitMs, answer, events, clock } = rig();
    // 10 left for 50 s: one call each 5 s; the answered call itself went before it was known.
    answer(a, 200, window(10, 50));
    assert.equal(waitMs(a), 0);
    answer(a, 200, window(10, 50));
    assert.equal(waitMs(a), 5_000);
    clock.advance(4_999);
    assert.equal(waitMs(a), 1);
    clock.advance(1);
    assert.equal(waitMs(a), 0);
    assert.deepEqual(events, ['a paced requests']);
  });

  it('lets a second of calls at the pace go at once', () => {
    const { waitMs, answer } = rig();
    // 45 of 50 missing for 9 s: five a second.
    answer(a, 200, requests(5, '9s'));
    for (let sent = 0; sent < 5; sent += 1) {
      assert.equal(waitMs(a), 0);
      answer(a, 200, requests(5, '9s'));
    }
    assert.equal(Math.round(waitMs(a)), 200);
  });

  it('lets all go again when enough is left, or the reset has come', () => {
    const { waitMs, answer, clock } = rig();
    answer(a, 200, window(10, 50));
    answer(a, 200, window(10, 50));
    assert.equal(waitMs(a), 5_000);
    answer(a, 200, window(20, 50));
    assert.equal(waitMs(a), 0);
    answer(a, 200, window(1, 3));
    answer(a, 200, window(1, 3));
    assert.equal(waitMs(a), 3_000);
    clock.advance(3_000);
    for (let sent = 0; sent < 5; sent += 1) answer(a, 200);
    assert.equal(waitMs(a), 0);
  });

  it('closes until the reset when nothing is left of a window', () => {
    const { waitMs, answer, events } = rig();
    answer(a, 200, window(0, 30));
    assert.equal(waitMs(a), 30_000);
    answer(a, 200, window(0, 30));
    assert.deepEqual(events, ['a closed exhausted 30000']);
  });

  it('obeys each of several limits', () => {
    const { waitMs, answer } = rig();
    const policies = '"s";q=10;w=1,"d";q=1000;w=86400';
    answer(a, 200, { 'RateLimit-Policy': policies, RateLimit: '"s";r=0;t=1, "d";r=0;t=60' });
    assert.equal(waitMs(a), 60_000);
    answer(a, 200, { 'RateLimit-Policy': policies, RateLimit: '"s";r=0;t=1, "d";r=900;t=60' });
    assert.equal(waitMs(a), 1_000);
  });

  it('paces limits of tokens by what calls have used', () => {
    const { waitMs, answer, over, clock } = rig();
    const tokens = {
      'x-ratelimit-limit-tokens': '100000',
      'x-ratelimit-remaining-tokens': '10000',
      'x-ratelimit-reset-tokens': '54s',
    };
    const whole = { terminal: true };
    over(a, answer(a, 200), { inputTokens: 4_000, outputTokens: 1_000, ...whole });
    answer(a, 200, tokens, 'm');
    answer(a, 200, tokens, 'm');
    // 90,000 missing for 54 s: 0.6 ms a token, 3 s a call.
    assert.equal(waitMs(a, 'm'), 3_000);
    // The model's own calls are larger: the average moves by a fifth.
    const large = { inputTokens: 9_000, outputTokens: 1_000, ...whole };
    over(a, answer(a, 200, tokens, 'm'), large);
    clock.advance(6_000);
    assert.equal(waitMs(a, 'm'), 0);
    answer(a, 200, tokens, 'm');
    assert.equal(waitMs(a, 'm'), 3_600);
  });

  it('finds the rate by trial where a refusal says nothing', () => {
    const { waitMs, answer, clock, events } = rig();
    for (let sent = 0; sent < 100; sent += 1) {
      answer(a, 200);
      clock.advance(100);
    }
    answer(a, 429);
    assert.deepEqual(events, ['a closed throttled 0']);
    // 70 % of ten a second.
    assert.ok(Math.abs(waitMs(a) - 143) < 10, `${waitMs(a)}`);
    assert.equal(waitMs(b), 0);
    clock.advance(150);
    assert.equal(waitMs(a), 0);
    answer(a, 200);
    assert.ok(waitMs(a) > 100);
    clock.advance(300_000);
    for (let sent = 0; sent < 20; sent += 1) answer(a, 200);
    assert.equal(waitMs(a), 0);
  });

  it('does not try where headers have explained the refusal', () => {
    const { answer, events, pacer } = rig();
    answer(a, 429, window(0, 30));
    answer(b, 429, { 'retry-after': '5' });
    assert.deepEqual(events, ['a closed exhausted 30000', 'b closed told 5000']);
    assert.deepEqual(
      pacer.view().map(({ perSecond }) => perSecond),
      [undefined, undefined],
    );
  });

  it('tries as well when a refusal came inside a stream, and counts it once', () => {
    const { answer, over, events, waitMs } = rig();
    const call = answer(a, 200);
    over(a, call, { errorType: 'rate_limit_error' }, outcomeOfEvent('rate_limit_error') as never);
    assert.deepEqual(events, ['a closed throttled 0']);
    assert.ok(waitMs(a) > 0);
    const refused = answer(b, 429);
    const outcome = { kind: 'throttled', retryAfterMs: 0, cause: '429' };
    over(b, refused, {}, outcome as never);
    assert.equal(events.filter((event) => event.startsWith('b')).length, 1);
  });

  it('takes nothing by being asked', () => {
    const { waitMs, answer } = rig();
    answer(a, 200, window(10, 50));
    for (let asked = 0; asked < 10; asked += 1) assert.equal(waitMs(a), 0);
  });

  it('remembers a bounded number of credentials, those held back longest', () => {
    const { pacer, answer, waitMs } = rig({ credentialsMax: 100 });
    answer(a, 429, { 'retry-after': '60' }, { fingerprint: 'held' });
    answer(a, 200, {}, { fingerprint: 'free' });
    for (let index = 0; index < 1_000; index += 1) answer(a, 200, {}, { fingerprint: `f${index}` });
    assert.ok(pacer.size <= 100, `${pacer.size}`);
    assert.equal(waitMs(a, { fingerprint: 'held' }), 60_000);
  });

  it('remembers a bounded number of models', () => {
    const { pacer, answer, waitMs } = rig({ modelsMax: 8 });
    for (let index = 0; index < 100; index += 1) {
      answer(a, 429, { 'retry-after': '60' }, `m${index}`);
    }
    assert.ok(pacer.view().length <= 8);
    assert.equal(waitMs(a, 'm99'), 60_000);
    assert.equal(waitMs(a, 'm0'), 0);
  });

  it('remembers a bounded number of windows', () => {
    const { pacer, answer } = rig({ windowsMax: 2 });
    answer(a, 200, { RateLimit: '"a";r=0;t=9, "b";r=0;t=9, "c";r=0;t=9' });
    assert.equal(pacer.view()[0]?.paced.length, 2);
  });

  it('forgets targets that are gone from the configuration', () => {
    const { pacer, answer, waitMs } = rig();
    answer(a, 429, { 'retry-after': '60' });
    answer(b, 429, { 'retry-after': '60' });
    pacer.retain(new Set([b.key]));
    assert.deepEqual([waitMs(a), waitMs(b)], [0, 60_000]);
    assert.equal(pacer.size, 1);
  });

  it('shows what is held back, and nothing else', () => {
    const { pacer, answer, clock } = rig();
    answer(a, 200, window(10, 50), { fingerprint: 'f', body: '{"model":"m"}' });
    answer(b, 429, { 'retry-after': '5' });
    assert.deepEqual(pacer.view(), [
      {
        target: a.key,
        credential: 'f',
        model: 'm',
        opensInMs: 0,
        paced: ['requests'],
        perSecond: undefined,
      },
      {
        target: b.key,
        credential: '',
        model: '',
        opensInMs: 5_000,
        paced: [],
        perSecond: undefined,
      },
    ]);
    assert.equal(pacer.view(1).length, 1);
    clock.advance(50_000);
    assert.deepEqual(pacer.view(), []);
  });

  it('shows the rate of a place that is found by trial', () => {
    const { pacer, answer } = rig();
    answer(a, 429);
    assert.deepEqual(pacer.view(), [
      { target: a.key, credential: '', model: '', opensInMs: 2_000, paced: [], perSecond: 0.5 },
    ]);
  });

  it('knows what is left of each kind of limit, the least of all credentials, for a minute', () => {
    const { pacer, answer, clock } = rig();
    answer(a, 200, requests(40, '1s'), { fingerprint: 'one' });
    answer(a, 200, requests(45, '1s'), { fingerprint: 'two' });
    assert.deepEqual(pacer.remaining([a, b]), [
      { endpoint: a.endpoint.key, kind: 'requests', ratio: 0.8 },
    ]);
    clock.advance(60_001);
    assert.deepEqual(pacer.remaining([a, b]), []);
  });
});
