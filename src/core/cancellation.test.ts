import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancellation } from './cancellation.ts';
import type { CancelListener } from './cancellation.ts';
import { CallError } from './errors.ts';

const gone = new CallError('CALLER_GONE');
const late = new CallError('DEADLINE_EXCEEDED');

function listener(told: string[], name: string, then?: () => void): CancelListener {
  return {
    cancelled(reason) {
      told.push(`${name} ${reason.code}`);
      then?.();
    },
  };
}

describe('cancellation', () => {
  it('tells every listener once, in the order in which they came', () => {
    const told: string[] = [];
    const scope = new Cancellation();
    for (const name of ['a', 'b', 'c']) scope.listen(listener(told, name));
    scope.cancel(gone);
    scope.cancel(late);
    deepEqual(told, ['a CALLER_GONE', 'b CALLER_GONE', 'c CALLER_GONE']);
    equal(scope.reason, gone);
  });

  it('goes down the tree and never up', () => {
    const call = new Cancellation();
    const attempt = new Cancellation(call);
    const limit = new Cancellation(attempt);
    attempt.cancel(late);
    equal(call.reason, undefined);
    equal(limit.reason, late);
    call.cancel(gone);
    equal(attempt.reason, late);
  });

  it('is cancelled from the start under a cancelled parent', () => {
    const call = new Cancellation();
    call.cancel(gone);
    equal(new Cancellation(call).reason, gone);
  });

  it('tells a listener that comes too late at once', () => {
    const told: string[] = [];
    const scope = new Cancellation();
    scope.cancel(gone);
    scope.listen(listener(told, 'late'));
    deepEqual(told, ['late CALLER_GONE']);
  });

  it('sets the reason before it tells anyone', () => {
    const scope = new Cancellation();
    let seen: CallError | undefined;
    scope.listen({ cancelled: () => (seen = scope.reason) });
    scope.cancel(gone);
    equal(seen, gone);
  });

  it('does not tell a listener that has left, wherever it stood', () => {
    for (const leaving of [0, 1, 2]) {
      const told: string[] = [];
      const scope = new Cancellation();
      const listeners = ['a', 'b', 'c'].map((name) => listener(told, name));
      for (const one of listeners) scope.listen(one);
      const left = listeners[leaving] as CancelListener;
      scope.unlisten(left);
      scope.unlisten(left);
      scope.cancel(gone);
      deepEqual(
        told.map((line) => line[0]),
        ['a', 'b', 'c'].filter((_, at) => at !== leaving),
      );
    }
  });

  it('does not tell a listener that another one removes while being told', () => {
    for (const leaving of [1, 2, 3]) {
      const told: string[] = [];
      const scope = new Cancellation();
      const others = ['b', 'c', 'd'].map((name) => listener(told, name));
      const left = others[leaving - 1] as CancelListener;
      scope.listen(listener(told, 'a', () => scope.unlisten(left)));
      for (const one of others) scope.listen(one);
      scope.cancel(gone);
      equal(told.length, 3);
      equal(told.includes(`${'abcd'[leaving]} CALLER_GONE`), false);
    }
  });

  it('lets a finished attempt go: the call no longer reaches it', () => {
    const call = new Cancellation();
    const attempt = new Cancellation(call);
    attempt.detach();
    attempt.detach();
    call.cancel(gone);
    equal(attempt.reason, undefined);
  });
});
