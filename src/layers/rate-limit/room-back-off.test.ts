import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call } from '../../core/call.ts';
import { attemptOf } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import { outcomeOfError, outcomeOfHead } from '../../core/outcome.ts';
import type { Target } from '../../core/target.ts';
import { testHead } from '../../testing/scripted-service.ts';
import { stubDialect, testCall, testTarget } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { defaultPacerOptions } from './pacer-options.ts';
import { Pacer } from './pacer.ts';
import { RoomBackOff } from './room-back-off.ts';

describe('the wait for room', () => {
  const fresh = (): RoomBackOff => new RoomBackOff(defaultPacerOptions.room);

  it('is none until there was no room, and then doubles from 1 s to 30 s', () => {
    const room = fresh();
    assert.equal(room.opensAt(0), 0);
    let now = 10;
    const waits = Array.from({ length: 7 }, () => {
      assert.equal(room.refused(now), true);
      const waitMs = room.opensAt(now) - now;
      now += waitMs;
      assert.equal(room.opensAt(now), 0);
      return waitMs;
    });
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('counts refusals of the same moment once', () => {
    const room = fresh();
    assert.deepEqual([room.refused(0), room.refused(1), room.refused(999)], [true, false, false]);
    assert.equal(room.opensAt(999), 1_000);
    room.refused(1_000);
    assert.equal(room.opensAt(1_000), 3_000);
  });

  it('halves with each answer, but not with those that were under way', () => {
    const room = fresh();
    for (const now of [0, 1_000, 3_000]) room.refused(now);
    room.answered(6_999);
    room.answered(7_000);
    room.refused(7_001);
    assert.equal(room.opensAt(7_001) - 7_001, 4_000);
    for (let count = 0; count < 3; count += 1) room.answered(11_001);
    room.refused(11_002);
    assert.equal(room.opensAt(11_002) - 11_002, 1_000);
  });
});

describe('a target that refuses for want of room', () => {
  const dialect = { ...stubDialect, silentRefusal: 'room' } as const;
  const full = testTarget(1, { upstream: 'full', route: { dialect } });
  const other = testTarget(2, { upstream: 'other', route: { dialect } });
  const models = testTarget(3, { upstream: 'models' });

  function rig() {
    const clock = new VirtualClock();
    const events: string[] = [];
    const observer = {
      paced: () => {},
      closed: ({ upstream }: Target, reason: string, ms: number) =>
        void events.push(`${upstream} ${reason} ${ms}`),
    };
    const pacer = new Pacer({ clock, observer });
    const send = (target: Target, status: number, headers = {}, fingerprint = ''): void => {
      const call: Call = testCall({ fingerprint });
      const attempt = attemptOf(call, 1, call.cancellation, { route: target.route });
      pacer.attemptBegan(target, attempt, clock.now());
      const head = testHead(status, headers);
      const outcome = outcomeOfHead(head, clock.wallNow(), target.route.dialect.silentRefusal);
      pacer.attemptAnswered(target, attempt, head, outcome, clock.now());
    };
    const waitMs = (target: Target, fingerprint = ''): number => {
      const at = pacer.opensAt(target, testCall({ fingerprint }), clock.now());
      return at === 0 ? 0 : at - clock.now();
    };
    const close = (target: Target): void => {
      const call: Call = testCall({ route: target.route });
      pacer.attemptBegan(target, call, clock.now());
      const outcome = outcomeOfError(new CallError('RESET'), target.route.dialect.silentRefusal);
      pacer.attemptOver(target, call, outcome, clock.now());
    };
    return { clock, pacer, events, send, close, waitMs };
  }

  it('is left alone under all credentials, and no other target is', () => {
    const { send, waitMs, clock, events, pacer } = rig();
    clock.advance(5_000);
    send(full, 429, {}, 'one');
    send(full, 429, {}, 'two');
    assert.deepEqual([waitMs(full), waitMs(full, 'one'), waitMs(full, 'new')], [1e3, 1e3, 1e3]);
    assert.equal(waitMs(other, 'one'), 0);
    assert.deepEqual(events, ['full throttled 1000']);
    assert.deepEqual(
      pacer.view().map(({ target, opensInMs }) => [target, opensInMs]),
      [[full.key, 1_000]],
    );
    clock.advance(1_000);
    assert.equal(waitMs(full, 'one'), 0);
    assert.deepEqual(pacer.view(), []);
    send(full, 429);
    assert.equal(waitMs(full), 2_000);
    clock.advance(2_000);
    send(full, 200);
    send(full, 200);
    send(full, 429);
    assert.equal(waitMs(full), 1_000);
  });

  it('is left alone as well after it has closed a connection unanswered', () => {
    const { close, waitMs } = rig();
    close(full);
    close(models);
    assert.deepEqual([waitMs(full), waitMs(models)], [1_000, 0]);
  });

  it('is believed where it gives a reason: a rule, or a time', () => {
    const { send, waitMs } = rig();
    const rule = { 'x-ratelimit-rule': 'abc', 'x-ratelimit-reset': '1800' };
    send(full, 429, rule, 'one');
    assert.deepEqual([waitMs(full, 'one'), waitMs(full, 'two')], [1_800_000, 0]);
    send(other, 429, { 'retry-after': '7' }, 'one');
    assert.deepEqual([waitMs(other, 'one'), waitMs(other, 'two')], [7_000, 0]);
    send(other, 429, { 'x-ratelimit-rule': 'abc' }, 'three');
    assert.equal(waitMs(other, 'two'), 0);
    assert.ok(waitMs(other, 'three') > 0);
  });

  it('is another thing than a rate that is too high', () => {
    const { send, waitMs } = rig();
    send(models, 429, {}, 'one');
    assert.ok(waitMs(models, 'one') > 0);
    assert.equal(waitMs(models, 'two'), 0);
  });

  it('is forgotten with the configuration that named it', () => {
    const { send, waitMs, pacer } = rig();
    send(full, 429);
    pacer.retain(new Set([full.key]));
    assert.equal(waitMs(full), 1_000);
    pacer.retain(new Set());
    assert.equal(waitMs(full), 0);
  });
});
