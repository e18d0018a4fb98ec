// The two waits of a converted answer: for its closing, and for what follows its beginning.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../core/checked.ts';
import type { AnswerConversion, Conversion, ConvertedAnswer } from '../../core/conversion.ts';
import { Progress } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import { HeaderList } from '../../core/header-list.ts';
import { stack } from '../../core/layer.ts';
import { BufferBudget } from '../../core/replay-body.ts';
import type { Head } from '../../core/sink.ts';
import { Sweep } from '../../core/sweep.ts';
import {
  RecordingSink,
  ScriptedService,
  testCall,
  testHead,
  VirtualClock,
} from '../../testing/index.ts';
import type { SinkEvent } from '../../testing/index.ts';
import { convertLayer } from './convert.ts';
import { BEGINNING_MS, CLOSING_MS } from './converting-sink.ts';

/**
 * A format of single letters: `<` begins and is held back, `.` finishes, `!` closes, `?` is an
 * error, others are content.
 */
class Letters implements AnswerConversion {
  readonly progress = new Progress();
  readonly #head: Head;
  readonly #out: ConvertedAnswer;
  #held = '';

  constructor(head: Head, out: ConvertedAnswer) {
    this.#head = head;
    this.#out = out;
  }

  push(bytes: Uint8Array): void {
    for (const letter of Buffer.from(bytes).toString()) this.#take(letter);
  }

  begin(): void {
    if (this.#held !== '') this.#say('');
  }

  close(): boolean {
    if (this.progress.errorType !== undefined) return true;
    if (this.progress.contentComplete && !this.progress.terminal) this.#take('!');
    return this.progress.terminal;
  }

  finish(): CallError | undefined {
    return this.close() ? undefined : new CallError('STREAM_TRUNCATED');
  }

  #take(letter: string): void {
    if (letter === '<') this.#held = '<';
    else if (letter === '.') this.progress.contentComplete = true;
    else if (letter === '?') {
      this.progress.errorType = 'api_error';
      this.#say('?');
    } else {
      if (letter === '!') this.progress.terminal = true;
      this.#say(letter);
    }
  }

  #say(text: string): void {
    if (this.progress.contentEvents === 0) this.#out.head(this.#head);
    this.progress.contentEvents += 1;
    this.#out.text(this.#held + text);
    this.#held = '';
  }
}

const letters: Conversion = {
  request: (_call, body) => ({
    path: '/letters',
    headers: HeaderList.empty,
    body,
    dropped: [],
    counted: [],
    answer: (head, out) => new Letters(head, out),
  }),
};

function rig(onEvent: (event: SinkEvent) => void = () => {}) {
  const clock = new VirtualClock();
  const sweep = new Sweep(clock);
  const upstream = new ScriptedService(clock, { headAfterMs: 'never' });
  const bodies = new BufferBudget(1_000);
  const layer = convertLayer({ bodies, clock, sweep });
  const service = stack([layer], upstream.service, { between: checked });
  const call = testCall({ body: 'hi', route: { conversion: letters } });
  const sink = new RecordingSink({ now: () => clock.now(), onEvent: (event) => onEvent(event) });
  service(call, sink);
  const say = (text: string): void => upstream.last.chunk(text);
  upstream.last.start(testHead());
  return { bodies, call, clock, say, sink, sweep, upstream };
}

describe('an answer whose content is whole', () => {
  it('is closed when nothing else has come for two seconds', () => {
    const { clock, say, sink, upstream } = rig();
    say('a.');
    clock.advance(CLOSING_MS - 200);
    assert.deepEqual(sink.story, ['start 200', 'chunk 1']);
    clock.advance(300);
    assert.equal(sink.text, 'a!');
    assert.equal(sink.ended, true);
    assert.equal(upstream.last.cancelledWith?.code, 'SUPERSEDED');
  });

  it('is closed in time although the upstream shows signs of life', () => {
    const { clock, say, sink } = rig();
    say('a.');
    for (let second = 0; second < 4; second += 1) {
      clock.advance(500);
      if (!sink.ended) say('.');
    }
    clock.advance(200);
    assert.equal(sink.text, 'a!');
    assert.equal(sink.ended, true);
  });

  it('gives everything back, the upstream first, and hears no more of it', () => {
    const atEnd: boolean[] = [];
    const { bodies, call, clock, say, sink, sweep, upstream } = rig((event) => {
      if (event.type === 'end') atEnd.push(upstream.last.over);
    });
    say('a.');
    clock.advance(CLOSING_MS + 200);
    assert.deepEqual(atEnd, [true]);
    assert.equal(sweep.size, 0);
    assert.equal(bodies.usedBytes, 0);
    assert.equal(call.cancellation.reason, undefined, 'the call itself is not cancelled');
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.deepEqual(sink.story, ['start 200', 'chunk 1', 'chunk 1', 'end']);
    assert.equal(upstream.last.call.cancellation.reason?.code, 'SUPERSEDED');
  });

  it('ends although the upstream keeps its connection open behind the closing event', () => {
    const { clock, say, sink, upstream } = rig();
    say('a.!');
    assert.equal(sink.ended, false, 'its end is awaited, so that the connection can serve again');
    clock.advance(CLOSING_MS + 200);
    assert.deepEqual(sink.story, ['start 200', 'chunk 2', 'end']);
    assert.equal(upstream.last.cancelledWith?.code, 'SUPERSEDED');
  });

  it('ends behind an error that was told inside it', () => {
    const { clock, say, sink } = rig();
    say('a?');
    clock.advance(CLOSING_MS + 200);
    assert.deepEqual(sink.story, ['start 200', 'chunk 2', 'end']);
  });

  it('ends with its upstream when that ends in time', () => {
    const { call, clock, say, sink, sweep, upstream } = rig();
    say('a.');
    clock.advance(1_000);
    say('!');
    upstream.last.end();
    assert.equal(sink.text, 'a!');
    assert.equal(sink.ended, true);
    assert.equal(upstream.last.cancelledWith, undefined);
    assert.equal(sweep.size, 0);
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    const { reason } = upstream.last.call.cancellation;
    assert.equal(reason, undefined, 'a finished attempt is not held by its call');
  });

  it('is not closed when its upstream breaks in that time', () => {
    const { clock, say, sink, sweep, upstream } = rig();
    say('a.');
    clock.advance(1_000);
    upstream.last.fail('STREAM_CUT');
    assert.deepEqual(sink.story, ['start 200', 'chunk 1', 'fail STREAM_CUT']);
    assert.equal(sweep.size, 0);
  });

  it('does not count the time in which the caller holds the upstream back', () => {
    const { clock, say, sink } = rig();
    say('a.');
    sink.pause();
    clock.advance(3 * CLOSING_MS);
    assert.equal(sink.ended, false);
    sink.resume();
    clock.advance(CLOSING_MS - 300);
    assert.equal(sink.ended, false);
    clock.advance(500);
    assert.equal(sink.ended, true);
  });

  it('says no end to a caller who leaves at the closing', () => {
    const { call, clock, say, sink } = rig((event) => {
      const isClosing = event.type === 'chunk' && event.bytes.toString() === '!';
      if (isClosing) call.cancellation.cancel(new CallError('CALLER_GONE'));
    });
    say('a.');
    clock.advance(CLOSING_MS + 200);
    assert.deepEqual(sink.story.slice(-2), ['chunk 1', 'fail CALLER_GONE']);
  });

  it('waits without end while content is missing', () => {
    const { clock, say, sink, sweep } = rig();
    say('a');
    clock.advance(BEGINNING_MS + CLOSING_MS);
    assert.deepEqual(sink.story, ['start 200', 'chunk 1']);
    assert.equal(sweep.size, 0);
  });
});

describe('the beginning of an answer', () => {
  it('waits for what follows', () => {
    const { clock, say, sink } = rig();
    say('<');
    clock.advance(BEGINNING_MS - 200);
    assert.deepEqual(sink.story, []);
    say('a');
    assert.deepEqual(sink.story, ['start 200', 'chunk 2']);
  });

  it('goes to a caller who was given a head meanwhile', () => {
    const { call, clock, say, sink } = rig();
    say('<');
    clock.advance(1_000);
    call.timeline.committedAt = clock.now();
    clock.advance(200);
    assert.equal(sink.text, '<');
  });

  it('goes at once where that head was given before', () => {
    const { call, clock, say, sink } = rig();
    call.timeline.committedAt = clock.now();
    clock.advance(5_000);
    say('<');
    clock.advance(200);
    assert.equal(sink.text, '<');
  });

  it('is not held for longer than silence can last', () => {
    const { clock, say, sink, sweep } = rig();
    say('<');
    clock.advance(BEGINNING_MS + 200);
    assert.equal(sink.text, '<');
    clock.advance(200);
    assert.equal(sweep.size, 0);
  });

  it('is nothing to who leaves before', () => {
    const { call, say, sink, sweep } = rig();
    say('<');
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
    assert.equal(sweep.size, 0);
  });

  it('is nothing where a layer below has a defect', () => {
    const clock = new VirtualClock();
    const sweep = new Sweep(clock);
    const layer = convertLayer({ bodies: new BufferBudget(1_000), clock, sweep });
    const service = layer.wrap((_call, sink) => {
      sink.start(testHead(), { pause() {}, resume() {} });
      sink.chunk(Buffer.from('<'));
      throw new TypeError('a defect below');
    });
    const sink = new RecordingSink();
    assert.throws(
      () => service(testCall({ body: 'hi', route: { conversion: letters } }), sink),
      /a defect below/,
    );
    assert.equal(sweep.size, 0);
    assert.deepEqual(sink.story, []);
  });
});
