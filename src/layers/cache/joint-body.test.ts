import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../../core/errors.ts';
import { BufferBudget, ReplayBody } from '../../core/replay-body.ts';
import type { BodyReader, BodySource } from '../../core/replay-body.ts';
import { testHead } from '../../testing/scripted-service.ts';
import { JointBody } from './joint-body.ts';
import { TwinsRig } from './twins.fixture.ts';

const RULES = { keepBytesMax: 1024 * 1024, bodyBytesMax: 1024 * 1024, unorderedMembers: [] };

class Reader implements BodyReader {
  text = '';
  ended = false;
  takesMore = true;

  bodyBytes(bytes: Uint8Array): boolean {
    this.text += Buffer.from(bytes).toString();
    return this.takesMore;
  }

  bodyEnd(): void {
    this.ended = true;
  }

  bodyFailed(): void {}
}

class Source implements BodySource {
  paused = false;

  pauseBody(): void {
    this.paused = true;
  }

  resumeBody(): void {
    this.paused = false;
  }
}

/** A body on its way from a caller. */
function upload(declaredLength: number, source?: BodySource) {
  const budget = new BufferBudget(1024 * 1024);
  return { budget, body: new ReplayBody(declaredLength, 1024 * 1024, budget, source) };
}

describe('the body of a joint call', () => {
  it('can still be read, again and again, when the body of its caller is gone', () => {
    const { body, budget } = upload(11);
    body.push(Buffer.from('first '));
    const joint = new JointBody(body, budget, RULES);
    joint.begin();
    body.push(Buffer.from('last '));
    body.finish();
    body.fail(new CallError('CALLER_GONE'));
    body.release();
    for (let reading = 0; reading < 2; reading += 1) {
      const reader = new Reader();
      joint.body.open(reader);
      deepEqual([reader.text, reader.ended], ['first last ', true]);
    }
    equal(budget.usedBytes, 11, 'kept once');
    joint.release();
    equal(budget.usedBytes, 0);
  });

  it('holds the caller back while the upstream does not read', () => {
    const source = new Source();
    const { body, budget } = upload(-1, source);
    const joint = new JointBody(body, budget, { ...RULES, keepBytesMax: 1024 });
    joint.begin();
    const reader = new Reader();
    reader.takesMore = false;
    joint.body.open(reader);
    for (let count = 0; count < 10 && !source.paused; count += 1) {
      body.push(Buffer.alloc(128 * 1024, 'x'));
    }
    equal(source.paused, true);
    equal(budget.usedBytes, 0, 'what is too long is not kept');
    reader.takesMore = true;
    joint.body.resume(reader);
    equal(source.paused, false);
    body.finish();
    deepEqual([reader.text.length, reader.ended], [body.receivedBytes, true]);
    equal(joint.digest, undefined);
  });

  it('has one digest however it came', () => {
    const digests = ['abcdef', 'abc|def', 'a|b|c|d|e|f'].map((pieces) => {
      const { body, budget } = upload(6);
      const joint = new JointBody(body, budget, RULES);
      joint.begin();
      for (const piece of pieces.split('|')) body.push(Buffer.from(piece));
      equal(joint.digest, undefined);
      body.finish();
      return joint.digest;
    });
    equal(new Set(digests).size, 1);
    equal(typeof digests[0], 'string');
  });
});

describe('a joint call', () => {
  it('keeps its request until the head of its answer, and no longer', () => {
    const rig = new TwinsRig();
    const { body, budget } = upload(11, undefined);
    body.push(Buffer.from('hello world'));
    body.finish();
    rig.send({ body });
    deepEqual([budget.usedBytes, rig.bodies.usedBytes], [0, 11]);
    rig.upstream.last.start({ ...testHead(), provisional: true });
    equal(rig.bodies.usedBytes, 11);
    const other = new TwinsRig();
    other.send();
    other.upstream.last.start();
    equal(other.bodies.usedBytes, 0);
  });
});

describe('a call whose body is still on its way', () => {
  const text = '{"test":true}';
  const begin = (declaredLength: number = text.length) => {
    const rig = new TwinsRig();
    const first = rig.send();
    rig.upstream.last.start();
    const { body } = upload(declaredLength);
    const second = rig.send({ body });
    return { rig, first, body, second };
  };

  it('waits for it when it may be a twin, and joins', () => {
    for (const declared of [text.length, -1]) {
      const { rig, body, second } = begin(declared);
      body.push(Buffer.from(text.slice(0, 5)));
      equal(rig.upstream.calls.length, 1);
      body.push(Buffer.from(text.slice(5)));
      body.finish();
      equal(rig.upstream.calls.length, 1);
      deepEqual(second.sink.story, ['start 200']);
    }
  });

  it('goes its own way when the body turns out to be another', () => {
    const { rig, body, second } = begin();
    body.push(Buffer.from('{"test":null}'));
    body.finish();
    equal(rig.upstream.calls.length, 2);
    equal(rig.upstream.last.bodyText, '{"test":null}');
    rig.upstream.last.start();
    rig.upstream.last.end();
    equal(second.sink.ended, true);
  });

  it('goes its own way when the first one ended meanwhile', () => {
    const { rig, body } = begin();
    rig.upstream.last.end();
    body.push(Buffer.from(text));
    body.finish();
    equal(rig.upstream.calls.length, 2);
    equal(rig.upstream.last.bodyText, text);
  });

  it('does not wait when its length tells that it is another', () => {
    const { rig, body } = begin(text.length + 1);
    equal(rig.upstream.calls.length, 2);
    body.push(Buffer.from(text));
    equal(rig.upstream.last.bodyText, text, 'it streams through');
  });

  it('stops waiting when it is longer than what can be a twin', () => {
    const rig = new TwinsRig({ options: { bodyBytesMax: 20 } });
    rig.send();
    const { body } = upload(-1);
    rig.send({ body });
    body.push(Buffer.from(text));
    equal(rig.upstream.calls.length, 1);
    body.push(Buffer.from(text));
    equal(rig.upstream.calls.length, 2);
    equal(rig.upstream.last.bodyText, text + text);
  });

  it('is failed once when its caller leaves meanwhile', () => {
    const { rig, first, second } = begin();
    second.leave();
    deepEqual(second.sink.story, ['fail CALLER_GONE']);
    rig.upstream.last.end();
    equal(first.sink.ended, true);
    rig.assertNothingLeft();
  });

  it('does not wait beyond its deadline, though its body may still come', () => {
    const { rig, body, second } = begin();
    second.call.cancellation.cancel(new CallError('DEADLINE_EXCEEDED'));
    deepEqual(second.sink.story, ['fail DEADLINE_EXCEEDED']);
    body.push(Buffer.from(text));
    body.finish();
    equal(rig.upstream.calls.length, 1);
    equal(second.sink.story.length, 1);
  });

  it('hears of its leaving once, after it has joined or begun', () => {
    for (const sent of [text, '{"test":null}']) {
      const { body, second } = begin();
      body.push(Buffer.from(sent));
      body.finish();
      second.leave();
      equal(second.sink.story.at(-1), 'fail CALLER_GONE');
    }
  });

  it('is failed once when its body breaks', () => {
    const { rig, body, second } = begin();
    body.fail(new CallError('UPLOAD_STALLED'));
    second.call.cancellation.cancel(new CallError('UPLOAD_STALLED'));
    deepEqual(second.sink.story, ['fail UPLOAD_STALLED']);
    rig.upstream.last.end();
    rig.assertNothingLeft();
  });

  it('is nothing to join: who sends the same is sent on', () => {
    const rig = new TwinsRig();
    const { body } = upload(text.length);
    rig.send({ body });
    body.push(Buffer.from(text.slice(0, 5)));
    rig.send();
    equal(rig.upstream.calls.length, 2);
    body.push(Buffer.from(text.slice(5)));
    body.finish();
    equal(rig.upstream.calls[0]?.bodyText, text);
  });

  it('can not be joined when it was answered before it had come', () => {
    const rig = new TwinsRig();
    const { body } = upload(text.length);
    rig.send({ body });
    rig.upstream.last.start(testHead());
    body.push(Buffer.from(text));
    body.finish();
    rig.upstream.last.chunk('an early answer');
    equal(rig.calls.memory.usedBytes, 0, 'nothing is kept for twins that can not come');
    rig.send();
    equal(rig.upstream.calls.length, 2);
  });

  it('does not linger: nobody could send the rest', () => {
    const rig = new TwinsRig({ options: { lingerMs: 1_000 } });
    const { body } = upload(text.length);
    const { leave } = rig.send({ body });
    leave();
    equal(rig.upstream.last.over, true);
    deepEqual(rig.said, []);
    rig.assertNothingLeft();
  });

  it('breaks with a defect below, of which its own caller is told', () => {
    let calls = 0;
    const rig = new TwinsRig({
      terminal: (call, sink) => {
        calls += 1;
        if (calls > 1) throw new Error('a defect');
        rig.upstream.service(call, sink);
      },
    });
    rig.send();
    const { body } = upload(text.length);
    const second = rig.send({ body });
    body.push(Buffer.from('{"test":null}'));
    try {
      body.finish();
    } catch {
      // It is on its way to whoever logs defects.
    }
    deepEqual(second.sink.story, ['fail BUG']);
    rig.upstream.last.start();
    rig.upstream.last.end();
    rig.assertNothingLeft();
  });
});
