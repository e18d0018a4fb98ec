import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from './errors.ts';
import type { BodyReader, BodySource } from './replay-body.ts';
import { BufferBudget, ReplayBody } from './replay-body.ts';

/** Takes what `takes` allows; `takes` counts down. */
class Reader implements BodyReader {
  readonly got: string[] = [];
  takes: number;
  onBytes: (() => void) | undefined = undefined;

  constructor(takes = Number.POSITIVE_INFINITY) {
    this.takes = takes;
  }

  bodyBytes(bytes: Uint8Array): boolean {
    this.got.push(Buffer.from(bytes).toString());
    this.takes -= 1;
    this.onBytes?.();
    return this.takes > 0;
  }

  bodyEnd(): void {
    this.got.push('END');
  }

  bodyFailed(error: CallError): void {
    this.got.push(error.code);
  }
}

class Source implements BodySource {
  readonly told: string[] = [];
  onResume: (() => void) | undefined = undefined;

  pauseBody(): void {
    this.told.push('pause');
  }

  resumeBody(): void {
    this.told.push('resume');
    this.onResume?.();
  }
}

function setUp(keepBytesMax = 1_000_000, budgetBytes = 1_000_000) {
  const budget = new BufferBudget(budgetBytes);
  const source = new Source();
  const body = new ReplayBody(-1, keepBytesMax, budget, source);
  return { budget, source, body };
}

const bytes = (text: string): Buffer => Buffer.from(text);
const large = Buffer.alloc(100 * 1024, 0x61);

describe('replay body', () => {
  it('passes on what comes while it comes, then the end', () => {
    const { body } = setUp();
    const reader = new Reader();
    body.open(reader);
    body.push(bytes('a'));
    body.push(bytes('b'));
    deepEqual(reader.got, ['a', 'b']);
    body.finish();
    deepEqual(reader.got, ['a', 'b', 'END']);
    equal(body.receivedBytes, 2);
  });

  it('loses nothing when more than may be kept comes between two readers', () => {
    const { body, budget, source } = setUp(3);
    const first = new Reader();
    body.open(first);
    body.push(bytes('ab'));
    body.close(first);
    body.push(bytes('cd'));
    equal(body.replayable, false);
    equal(budget.usedBytes, 0);
    const second = new Reader();
    body.open(second);
    body.push(bytes('ef'));
    body.finish();
    deepEqual(second.got, ['ab', 'cd', 'ef', 'END']);
    deepEqual(source.told, []);
  });

  it('holds the caller back when more than may be kept comes between two readers', () => {
    const { body, source } = setUp(250 * 1024);
    const first = new Reader();
    body.open(first);
    body.push(large);
    body.push(large);
    body.close(first);
    body.push(large);
    deepEqual(source.told, ['pause']);
    const second = new Reader();
    body.open(second);
    deepEqual(source.told, ['pause', 'resume']);
    equal(second.got.length, 3);
  });

  it('keeps nothing for nobody: committed after its reader has left, it lets go of all', () => {
    const { body, budget, source } = setUp(150 * 1024);
    const first = new Reader(1);
    body.open(first);
    for (let part = 0; part < 4; part += 1) body.push(large);
    deepEqual(source.told, ['pause']);
    body.close(first);
    body.commit();
    deepEqual(body.kept, []);
    equal(budget.usedBytes, 0);
    body.push(large);
    deepEqual(body.kept, []);
    equal(body.receivedBytes, 5 * large.length);
    equal(body.awaitsCaller, true);
  });

  it('is kept for the first reader when it is committed before', () => {
    const { body } = setUp();
    body.push(bytes('ab'));
    body.commit();
    const reader = new Reader();
    body.open(reader);
    deepEqual(reader.got, ['ab']);
  });

  it('does not hold back a caller whose bytes can all be kept', () => {
    const { body, source } = setUp();
    body.open(new Reader(1));
    for (let part = 0; part < 6; part += 1) body.push(large);
    deepEqual(source.told, []);
    equal(body.replayable, true);
  });

  it('gives a second reader everything from the first byte', () => {
    const { body } = setUp();
    const first = new Reader(1);
    body.push(bytes('a'));
    body.push(bytes('b'));
    body.open(first);
    body.close(first);
    body.push(bytes('c'));
    body.finish();
    const second = new Reader();
    body.open(second);
    deepEqual(first.got, ['a']);
    deepEqual(second.got, ['a', 'b', 'c', 'END']);
  });

  it('waits for a full reader and goes on when it resumes', () => {
    const { body } = setUp();
    const reader = new Reader(1);
    body.open(reader);
    body.push(bytes('a'));
    body.push(bytes('b'));
    body.finish();
    deepEqual(reader.got, ['a']);
    reader.takes = 5;
    body.resume(reader);
    deepEqual(reader.got, ['a', 'b', 'END']);
  });

  it('holds the end back while the reader is full of the last bytes', () => {
    const { body } = setUp();
    const reader = new Reader(1);
    body.open(reader);
    body.push(bytes('a'));
    body.finish();
    deepEqual(reader.got, ['a']);
    body.resume(reader);
    deepEqual(reader.got, ['a', 'END']);
  });

  it('streams through what it may not keep, and says that it cannot be replayed', () => {
    const { body, budget } = setUp(3);
    const reader = new Reader();
    body.open(reader);
    body.push(bytes('abc'));
    equal(body.replayable, true);
    equal(budget.usedBytes, 3);
    body.push(bytes('d'));
    equal(body.replayable, false);
    equal(budget.usedBytes, 0);
    equal(body.kept.length, 0);
    body.finish();
    deepEqual(reader.got, ['abc', 'd', 'END']);
  });

  it('loses nothing when it gives up keeping before anyone has read', () => {
    const { body } = setUp(3);
    body.push(bytes('ab'));
    body.push(bytes('cd'));
    body.finish();
    const reader = new Reader();
    body.open(reader);
    deepEqual(reader.got, ['ab', 'cd', 'END']);
  });

  it('gives up keeping when all bodies together have used the budget', () => {
    const budget = new BufferBudget(5);
    const one = new ReplayBody(-1, 100, budget, undefined);
    const two = new ReplayBody(-1, 100, budget, undefined);
    one.push(bytes('abc'));
    two.push(bytes('def'));
    deepEqual([one.replayable, two.replayable, budget.usedBytes], [true, false, 3]);
    one.release();
    equal(budget.usedBytes, 0);
  });

  it('holds the caller back while the reader is slower, and lets it go on', () => {
    const { body, source } = setUp(0);
    const reader = new Reader(1);
    body.open(reader);
    for (let at = 0; at < 5; at += 1) body.push(large);
    deepEqual(source.told, ['pause']);
    reader.takes = 10;
    body.resume(reader);
    deepEqual(source.told, ['pause', 'resume']);
  });

  it('does not end a body whose source hands over more while it is resumed', () => {
    const { body, source } = setUp(0);
    const reader = new Reader(1);
    body.open(reader);
    for (let at = 0; at < 5; at += 1) body.push(large);
    source.onResume = () => {
      reader.takes = 1;
      body.push(bytes('x'));
      body.push(bytes('y'));
      body.finish();
    };
    reader.got.length = 0;
    reader.takes = 10;
    body.resume(reader);
    deepEqual(reader.got.slice(4), ['x']);
    reader.takes = 10;
    body.resume(reader);
    deepEqual(reader.got.slice(4), ['x', 'y', 'END']);
  });

  it('takes the answer of a reader that has left for nobody else', () => {
    const { body } = setUp();
    const second = new Reader();
    const first = new Reader(1);
    first.onBytes = () => {
      body.close(first);
      body.open(second);
    };
    body.open(first);
    body.push(bytes('a'));
    body.push(bytes('b'));
    body.finish();
    deepEqual(second.got, ['a', 'b', 'END']);
  });

  it('fails the reader of the moment, and any that comes later', () => {
    const { body } = setUp();
    const now = new Reader();
    body.open(now);
    body.push(bytes('a'));
    body.fail(new CallError('CALLER_GONE'));
    body.fail(new CallError('UPLOAD_STALLED'));
    const later = new Reader();
    body.open(later);
    deepEqual(now.got, ['a', 'CALLER_GONE']);
    deepEqual(later.got, ['CALLER_GONE']);
  });

  it('ignores a failure once it is complete', () => {
    const body = ReplayBody.from(bytes('whole'));
    body.fail(new CallError('CALLER_GONE'));
    const reader = new Reader();
    body.open(reader);
    deepEqual(reader.got, ['whole', 'END']);
  });

  it('ends at once when there is none', () => {
    const body = ReplayBody.none();
    const reader = new Reader();
    body.open(reader);
    deepEqual(reader.got, ['END']);
    equal(body.replayable, true);
    equal(ReplayBody.from(new Uint8Array()).complete, true);
  });

  it('ignores a reader that is not the one reading', () => {
    const { body } = setUp();
    const old = new Reader(1);
    const current = new Reader(1);
    body.open(old);
    body.open(current);
    body.push(bytes('a'));
    body.push(bytes('b'));
    body.close(old);
    body.resume(old);
    deepEqual([old.got, current.got], [[], ['a']]);
  });

  it('keeps nothing of what comes after it was released', () => {
    const { body, budget } = setUp();
    body.push(bytes('a'));
    body.release();
    body.release();
    for (let at = 0; at < 5; at += 1) body.push(large);
    deepEqual([body.kept.length, budget.usedBytes], [0, 0]);
    equal(body.receivedBytes, 1 + 5 * large.length);
  });

  it('knows when it waits for the caller', () => {
    const { body } = setUp();
    equal(body.awaitsCaller, true);
    body.push(bytes('a'));
    equal(body.awaitsCaller, false);
    body.open(new Reader());
    equal(body.awaitsCaller, true);
    body.finish();
    equal(body.awaitsCaller, false);
  });
});

describe('a body that is no longer needed', () => {
  it('lets go of everything at the commit, and cannot be read again', () => {
    const budget = new BufferBudget(1_000);
    const body = new ReplayBody(5, 1_000, budget, undefined);
    body.push(Buffer.from('hello'));
    body.finish();
    body.open({ bodyBytes: () => true, bodyEnd() {}, bodyFailed() {} });
    body.commit();
    equal(budget.usedBytes, 0);
    equal(body.kept.length, 0);
    equal(body.replayable, false);
  });

  it('still delivers at the commit what its reader has not taken yet', () => {
    const body = new ReplayBody(10, 1_000, new BufferBudget(1_000), undefined);
    let got = '';
    const reader: BodyReader = {
      bodyBytes(bytes) {
        got += Buffer.from(bytes).toString();
        return false;
      },
      bodyEnd() {},
      bodyFailed() {},
    };
    body.push(Buffer.from('hello'));
    body.push(Buffer.from('world'));
    body.open(reader);
    body.commit();
    body.resume(reader);
    equal(got, 'helloworld');
  });

  it('stays replayable for the next call when it is the shared empty one', () => {
    const none = ReplayBody.none();
    none.commit();
    none.release();
    equal(none.replayable, true);
  });
});
