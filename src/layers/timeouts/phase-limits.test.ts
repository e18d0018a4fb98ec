import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Progress } from '../../core/dialect.ts';
import { NEVER, Timeline } from '../../core/timeline.ts';
import { testLimits } from '../../testing/test-call.ts';
import { overdue } from './phase-limits.ts';

const facts = { secure: true, awaitedCallerAt: NEVER };

/** A timeline that has come this far; every slot named is at its time in ms. */
function at(slots: Partial<Timeline>): Timeline {
  return Object.assign(new Timeline(0), slots);
}

const connecting = { acquiredAt: 0 };
const shaking = { acquiredAt: 0, connectedAt: 0 };
const sending = { ...shaking, securedAt: 0, firstWriteAt: 0 };
const waiting = { ...sending, sentAt: 0 };
const streaming = { ...waiting, firstByteAt: 0, lastByteAt: 0, lastProgressAt: 0 };

describe('phase limits', () => {
  const cases: readonly (readonly [string, Partial<Timeline>, number, string])[] = [
    ['a TCP connection', connecting, testLimits.connectMs, 'CONNECT_TIMEOUT'],
    ['a TLS handshake', shaking, testLimits.tlsMs, 'TLS_TIMEOUT'],
    ['an upload that the upstream does not take', sending, testLimits.uploadMs, 'SEND_STALLED'],
    ['a first byte', waiting, testLimits.firstByteMs, 'FIRST_BYTE_TIMEOUT'],
    ['a silent answer', streaming, testLimits.byteIdleMs, 'STREAM_IDLE'],
  ];
  for (const [what, slots, limitMs, code] of cases) {
    it(`gives ${what} exactly its limit`, () => {
      assert.equal(overdue(at(slots), testLimits, facts, limitMs), undefined);
      assert.equal(overdue(at(slots), testLimits, facts, limitMs + 1)?.code, code);
    });
  }

  it('counts nothing before an attempt has begun', () => {
    assert.equal(overdue(at({}), testLimits, facts, testLimits.totalMs), undefined);
  });

  it('does not hold the upstream responsible while the caller is slow to upload', () => {
    const { uploadMs } = testLimits;
    const slow = { secure: true, awaitedCallerAt: uploadMs * 5 };
    const last = uploadMs * 6;
    assert.equal(overdue(at(sending), testLimits, slow, uploadMs * 5), undefined);
    assert.equal(overdue(at(sending), testLimits, slow, last), undefined);
    assert.equal(overdue(at(sending), testLimits, slow, last + 1)?.code, 'SEND_STALLED');
  });

  it('counts upload time from the last progress', () => {
    const timeline = at({ ...sending, uploadProgressAt: 3_000 });
    assert.equal(overdue(timeline, testLimits, facts, 3_000 + testLimits.uploadMs), undefined);
    assert.equal(
      overdue(timeline, testLimits, facts, 3_001 + testLimits.uploadMs)?.code,
      'SEND_STALLED',
    );
  });

  it('uses the shorter or longer idle limit once pings were seen', () => {
    const progress = new Progress();
    progress.pings = 1;
    const timeline = at({ ...streaming, progress });
    const { byteIdleAfterPingMs } = testLimits;
    assert.equal(overdue(timeline, testLimits, facts, byteIdleAfterPingMs), undefined);
    assert.equal(
      overdue(timeline, testLimits, facts, byteIdleAfterPingMs + 1)?.code,
      'STREAM_IDLE',
    );
  });

  it('cuts a stream that only pings after the progress limit', () => {
    const progress = new Progress();
    progress.pings = 100;
    const now = testLimits.progressIdleMs + 1;
    const timeline = at({ ...streaming, lastByteAt: now - 10, progress });
    assert.match(overdue(timeline, testLimits, facts, now)?.what ?? '', /pings/);
  });

  it('never cuts a producing stream by the total limit', () => {
    const now = testLimits.totalMs * 100;
    const timeline = at({ ...streaming, lastByteAt: now - 5, lastProgressAt: now - 5 });
    assert.equal(overdue(timeline, testLimits, facts, now), undefined);
  });

  it('applies the total to a call that has produced nothing for a while', () => {
    const limits = { ...testLimits, byteIdleMs: Infinity };
    const timeline = at(streaming);
    assert.equal(overdue(timeline, limits, facts, testLimits.totalMs), undefined);
    assert.equal(
      overdue(timeline, limits, facts, testLimits.totalMs + 1)?.code,
      'DEADLINE_EXCEEDED',
    );
  });

  it('stands still while we hold the upstream back ourselves', () => {
    const timeline = at({ ...streaming });
    timeline.pause(1_000);
    assert.equal(overdue(timeline, testLimits, facts, 90_000), undefined);
    timeline.resume(90_000);
    assert.equal(overdue(timeline, testLimits, facts, 91_000), undefined);
    assert.equal(
      overdue(timeline, testLimits, facts, 89_001 + testLimits.byteIdleMs)?.code,
      'STREAM_IDLE',
    );
  });
});
