import { equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorRow } from './error-row.ts';
import { errorTable } from './error-table.ts';
import type { ErrorCode } from './errors.ts';
import { CallError } from './errors.ts';

const rows = Object.entries(errorTable) as [ErrorCode, ErrorRow][];

describe('error table', () => {
  for (const [code, row] of rows) {
    it(`describes ${code} so that a stranger knows what to do`, () => {
      match(code, /^[A-Z]+(_[A-Z]+)*$/);
      match(row.meaning, /^[A-Z].*\.$/);
      ok(row.advice.length > 20 || row.advice.startsWith('Nothing'), row.advice);
      match(row.advice, /\.$/);
    });

    it(`gives ${code} a status that tells whose fault it is`, () => {
      // Nothing is rendered for a caller who left, nor for what the upstream has said itself, nor
      // for an attempt that was replaced.
      const unsaid =
        row.origin === 'caller' ||
        ['UPSTREAM_ERROR_EVENT', 'UPSTREAM_REFUSED', 'SUPERSEDED'].includes(code);
      if (row.status === 0) ok(unsaid, 'somebody is left without an answer');
      // The one refusal of upstreams that is passed on under its own status.
      else if (code === 'PACED') equal(row.status, 429);
      else equal(row.status < 500 || row.status === 501, row.origin === 'caller');
    });
  }

  it('calls a replay safe only where nothing was sent, and never after the answer began', () => {
    for (const [code, row] of rows) {
      if (row.replay === 'safe') equal(row.phase, 'connect', code);
      if (row.phase === 'stream') equal(row.replay, 'never', code);
      if (row.origin !== 'upstream') equal(row.replay, 'never', code);
    }
  });

  it('says that the gateway closed wherever a limit of its own has struck', () => {
    const limits = rows.filter(([code]) => /_TIMEOUT$|_STALLED$|_IDLE$|_TOO_LARGE$/.test(code));
    ok(limits.length > 10);
    for (const [code, row] of limits) equal(row.closedBy, 'gateway', code);
  });

  it('says that the caller closed only where it has left', () => {
    const byCaller = rows.filter(([, row]) => row.closedBy === 'caller');
    equal(byCaller.map(([code]) => code).join(), 'CALLER_GONE');
  });

  it('says that the upstream closed only what it has caused', () => {
    for (const [code, row] of rows) {
      if (row.closedBy === 'upstream') equal(row.origin, 'upstream', code);
    }
    equal(errorTable.STREAM_CUT.closedBy, 'upstream');
  });

  it('has one meaning per code', () => {
    equal(new Set(rows.map(([, row]) => row.meaning)).size, rows.length);
  });
});

describe('call error', () => {
  it('takes from the table what it is not told', () => {
    const error = new CallError('RESET');
    const { origin, phase, replay, status, retryAfterMs, cause } = error;
    equal([origin, phase, replay, status].join(), 'upstream,wait,uncertain,502');
    equal(retryAfterMs, undefined);
    equal(cause, undefined);
    equal(error.message, errorTable.RESET.meaning);
  });

  it('says more when more is known', () => {
    const cause = new Error('boom');
    const error = new CallError('CONNECT_FAILED', {
      detail: 'ECONNREFUSED 127.0.0.1:9.',
      phase: 'wait',
      replay: 'never',
      retryAfterMs: 5,
      cause,
    });
    equal([error.phase, error.replay, error.retryAfterMs].join(), 'wait,never,5');
    equal(error.cause, cause);
    match(error.message, /could be made\. ECONNREFUSED 127\.0\.0\.1:9\.$/);
  });

  it('is a value without a stack', () => {
    equal(new CallError('BUG') instanceof Error, false);
    equal('stack' in new CallError('BUG'), false);
  });
});
