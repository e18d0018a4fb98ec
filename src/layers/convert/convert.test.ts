import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../core/checked.ts';
import type { Call } from '../../core/call.ts';
import type { AnswerConversion, Conversion } from '../../core/conversion.ts';
import { Progress } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import { HeaderList } from '../../core/header-list.ts';
import { stack } from '../../core/layer.ts';
import { BufferBudget, ReplayBody } from '../../core/replay-body.ts';
import type { Sink } from '../../core/sink.ts';
import { Sweep } from '../../core/sweep.ts';
import { RecordingSink, ScriptedService, testCall, VirtualClock } from '../../testing/index.ts';
import type { ServiceScript, TestCallOptions } from '../../testing/index.ts';
import { convertLayer, DROPPED_FIELD } from './convert.ts';

/** A format in which everything is said loudly, and an answer is whole when it ends with `!`. */
function loud(dropped: readonly string[] = []): Conversion {
  return {
    request: (_call, body) =>
      body.length === 0
        ? new CallError('BAD_REQUEST', { detail: 'There is nothing to shout.' })
        : {
            path: '/loud',
            headers: HeaderList.of([['x-loud', 'yes']]),
            body: Buffer.from(Buffer.from(body).toString().toUpperCase()),
            dropped,
            counted: dropped.slice(0, 1),
            answer: (head, out) => {
              const answer = new QuietAnswer((text) => out.text(text));
              out.head({ ...head, status: head.status === 418 ? 503 : head.status });
              return answer;
            },
          },
  };
}

class QuietAnswer implements AnswerConversion {
  readonly progress = new Progress();
  readonly #say: (text: string) => void;
  #last = '';

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  push(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString();
    this.progress.contentEvents += 1;
    this.#last = text.at(-1) ?? this.#last;
    // Two texts of one read go out together.
    this.#say(text.toLowerCase().slice(0, 1));
    this.#say(text.toLowerCase().slice(1));
  }

  finish(): CallError | undefined {
    if (this.#last !== '!') return new CallError('STREAM_TRUNCATED');
    this.#say('(end)');
    return undefined;
  }
}

function rig(script: ServiceScript, conversion: Conversion | undefined, own: TestCallOptions = {}) {
  const clock = new VirtualClock();
  const upstream = new ScriptedService(clock, script);
  const heard: string[] = [];
  const bodies = new BufferBudget(1_000);
  const observer = {
    dropped: (name: string, fields: readonly string[]) => heard.push(`${name} ${fields.join()}`),
    refused: (name: string) => heard.push(`${name} refused`),
  };
  const layer = convertLayer({ bodies, clock, sweep: new Sweep(clock), observer });
  const service = stack([layer], upstream.service, { between: checked });
  const call = testCall({ body: 'hi', ...own, route: { conversion } });
  const sink = new RecordingSink({ now: () => clock.now() });
  service(call, sink);
  return { bodies, clock, layer, upstream, call, sink, heard };
}

/** A body that is still coming. */
function coming(): ReplayBody {
  return new ReplayBody(-1, 1_000, new BufferBudget(1_000), undefined);
}

describe('the convert layer', () => {
  it('passes a call whose target takes it as it is', () => {
    const { upstream, call, sink } = rig({ chunks: ['HI!'] }, undefined);
    assert.equal(upstream.last.call, call);
    assert.equal(sink.text, 'HI!');
  });

  it('puts the call in the words of its target, and the answer back', () => {
    const { upstream, call, sink } = rig({ chunks: ['HEY', 'YOU!'] }, loud());
    const sent = upstream.last.call;
    assert.equal(sent.path, '/loud');
    assert.equal(sent.headers.get('x-loud'), 'yes');
    assert.equal(upstream.last.bodyText, 'HI');
    assert.equal(sink.text, 'heyyou!(end)');
    assert.deepEqual(sink.story, ['start 200', 'chunk 3', 'chunk 4', 'chunk 5', 'end']);
    assert.equal(call.timeline.progress?.contentEvents, 2);
  });

  it('lets the conversion decide what head the caller gets', () => {
    const { sink } = rig({ status: 418, chunks: ['!'] }, loud());
    assert.equal(sink.head?.status, 503);
  });

  it('says in the head what the target was not told, and counts it', () => {
    const script = { chunks: ['!'], headers: { [DROPPED_FIELD]: 'a lie' } };
    const { sink, heard } = rig(script, loud(['top_k', 'seed']));
    assert.deepEqual(sink.head?.headers.all(DROPPED_FIELD), ['top_k, seed']);
    assert.deepEqual(heard, ['test-upstream top_k']);
  });

  it('fails an answer that its format calls cut, although its framing was whole', () => {
    const { sink } = rig({ chunks: ['HEY'] }, loud());
    assert.deepEqual(sink.story, ['start 200', 'chunk 3', 'fail STREAM_TRUNCATED']);
  });

  it('passes a failure on as it is', () => {
    const { sink } = rig({ chunks: ['HEY'], ending: 'STREAM_CUT' }, loud());
    assert.equal(sink.error?.code, 'STREAM_CUT');
  });

  it('refuses what cannot be put that way, without an attempt', () => {
    const { sink, upstream, heard } = rig({}, loud(), { body: '' });
    assert.equal(sink.error?.code, 'BAD_REQUEST');
    assert.equal(upstream.calls.length, 0);
    assert.deepEqual(heard, ['test-upstream refused']);
  });

  it('waits for the whole body', () => {
    const body = coming();
    const { upstream, sink } = rig({ chunks: ['!'] }, loud(), { body });
    body.push(Buffer.from('one '));
    assert.equal(upstream.calls.length, 0);
    body.push(Buffer.from('two'));
    body.finish();
    assert.equal(upstream.last.bodyText, 'ONE TWO');
    assert.equal(sink.ended, true);
  });

  it('fails with the body when that does not come', () => {
    const body = coming();
    const { sink, upstream } = rig({}, loud(), { body });
    body.fail(new CallError('UPLOAD_STALLED'));
    assert.equal(sink.error?.code, 'UPLOAD_STALLED');
    assert.equal(upstream.calls.length, 0);
  });

  it('gives up when the caller leaves during the wait, and hears no more of the body', () => {
    const body = coming();
    const { sink, call, upstream } = rig({}, loud(), { body });
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.equal(sink.error?.code, 'CALLER_GONE');
    body.push(Buffer.from('late'));
    body.finish();
    assert.equal(upstream.calls.length, 0);
  });

  it('sends nothing for a caller who has left already', () => {
    const call = testCall();
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    const { sink, upstream } = rig({}, loud(), { cancellation: call.cancellation });
    assert.equal(sink.error?.code, 'CALLER_GONE');
    assert.equal(upstream.calls.length, 0);
  });

  it('converts a further attempt from the caller’s own words', () => {
    const { call, layer, upstream } = rig({ chunks: ['!'] }, loud());
    const sink = new RecordingSink();
    stack([layer], upstream.service, { between: checked })(call, sink);
    assert.equal(upstream.last.bodyText, 'HI');
    assert.equal(sink.ended, true);
  });

  it('counts the converted body with all others until its answer begins', () => {
    const { bodies, clock } = rig({ headAfterMs: 10, chunks: ['!'], ending: 'never' }, loud());
    assert.equal(bodies.usedBytes, 2);
    clock.advance(10);
    assert.equal(bodies.usedBytes, 0);
    const refused = rig({ failBeforeHead: 'RESET' }, loud());
    assert.equal(refused.bodies.usedBytes, 0);
  });

  it('refuses a body that is not kept, or callers would fill the process', () => {
    for (const [kept, code] of [
      [2, 'BODY_TOO_LARGE'],
      [1_000, 'OVERLOADED'],
    ] as const) {
      const body = new ReplayBody(-1, kept, new BufferBudget(3), undefined);
      const call = testCall({ body, route: { conversion: loud(), replayBytesMax: kept } });
      const { layer, upstream } = rig({}, loud());
      const sink = new RecordingSink();
      const before = upstream.calls.length;
      stack([layer], upstream.service, { between: checked })(call, sink);
      body.push(Buffer.from('one two'));
      assert.equal(sink.error?.code, code);
      body.push(Buffer.from('three'));
      body.finish();
      assert.equal(upstream.calls.length, before);
    }
  });

  it('ends the call when a conversion has a defect, and the defect is heard', () => {
    const broken: Conversion = {
      request() {
        throw new TypeError('a defect');
      },
    };
    const body = coming();
    const { sink, clock } = rig({}, broken, { body });
    body.finish();
    assert.equal(sink.error?.code, 'BUG');
    assert.throws(() => clock.advance(0), /a defect/);
  });

  it('gives back what it kept when a layer below has a defect, and ends a late call', () => {
    const { bodies, layer } = rig({ chunks: ['!'] }, loud());
    const kept: { sink: Sink; call: Call }[] = [];
    const service = layer.wrap((call, sink) => {
      kept.push({ call, sink });
      throw new TypeError('a defect below');
    });
    const send = (body: ReplayBody): { call: Call; sink: RecordingSink } => {
      const call = testCall({ body, route: { conversion: loud() } });
      const sink = new RecordingSink();
      service(call, sink);
      return { call, sink };
    };
    assert.throws(() => send(ReplayBody.from(Buffer.from('at once'))), /a defect below/);
    assert.equal(bodies.usedBytes, 0);
    const body = coming();
    const { call, sink } = send(body);
    body.push(Buffer.from('late'));
    assert.throws(() => body.finish(), /a defect below/);
    assert.equal(bodies.usedBytes, 0);
    assert.deepEqual(sink.story, ['fail BUG']);
    assert.equal(call.cancellation.reason?.code, 'BUG');
    kept.at(-1)?.sink.end();
    assert.deepEqual(sink.story, ['fail BUG'], 'a last word from below is for nobody');
  });

  it('lets the caller hold back the upstream', () => {
    const { sink, clock } = rig({ chunks: ['A', { afterMs: 10, bytes: 'B!' }] }, loud());
    sink.pause();
    clock.advance(50);
    assert.equal(sink.text, 'a');
    sink.resume();
    clock.advance(50);
    assert.equal(sink.text, 'ab!(end)');
  });
});
