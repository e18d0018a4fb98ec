import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  chunkFrame,
  eventStreamFrame,
  exceptionFrame,
} from '../../simulator/salesforce/event-stream-frames.ts';
import { anthropicEvents } from '../samples.ts';
import type { AnswerDecoder, AnswerError, AnswerEvent } from '../conversion/answer-events.ts';
import { NativeAnswerDecoder, nativeDocument, NativeStream } from './native-answer.ts';
import type { NativeEnding } from './native-answer.ts';

interface Heard {
  readonly text: string;
  readonly errors: readonly AnswerError[];
  readonly ending: NativeEnding;
}

function read(parts: readonly Uint8Array[]): Heard {
  let text = '';
  const errors: AnswerError[] = [];
  const stream = new NativeStream({
    events(said) {
      equal(errors.length, 0, 'events after a failure');
      ok(said.endsWith('\n\n'), 'whole events only');
      text += said;
    },
    failed: (error) => errors.push(error),
  });
  for (const part of parts) {
    const lent = Uint8Array.from(part);
    stream.push(lent);
    lent.fill(0xee);
  }
  return { text, errors, ending: stream.finish() };
}

/** The data of each sample event, as a model's host wraps it. */
const eventTexts = anthropicEvents.map((event) => /data: (.*)\n\n$/.exec(event)?.[1] ?? '');
const frames = eventTexts.map((text) => chunkFrame(text));
const body = Buffer.concat(frames);

describe('the stream of the native surface', () => {
  it('becomes the stream of the Messages API, byte for byte', () => {
    const heard = read([body]);
    equal(heard.text, anthropicEvents.join(''));
    equal(heard.ending, 'whole');
  });

  it('is read the same at every split', () => {
    const whole = read([body]);
    for (let cut = 0; cut <= body.length; cut += 1) {
      deepEqual(read([body.subarray(0, cut), body.subarray(cut)]), whole, `${cut}`);
    }
  });

  it('is truncated wherever it is cut, inside a message or between two', () => {
    for (let end = 1; end < body.length; end += 1) {
      const heard = read([body.subarray(0, end)]);
      equal(heard.ending, 'STREAM_TRUNCATED', `${end}`);
      deepEqual(heard.errors, []);
    }
  });

  it('is an empty answer when nothing came', () => {
    equal(read([]).ending, 'EMPTY_ANSWER');
    equal(
      read([eventStreamFrame({ ':event-type': 'initial-response' }, Buffer.from('{}'))]).ending,
      'EMPTY_ANSWER',
    );
  });

  it('fails at a damaged message and keeps what came before it', () => {
    const bad = Buffer.from(frames[1] ?? []);
    bad[bad.length - 9] = (bad[bad.length - 9] ?? 0) ^ 4;
    const heard = read([Buffer.concat([frames[0] ?? bad, bad, ...frames.slice(2)])]);
    equal(heard.text, anthropicEvents[0]);
    deepEqual(
      heard.errors.map((error) => [error.class, error.status]),
      [['server', 502]],
    );
    match(heard.errors[0]?.message ?? '', /checksum of a message/);
    equal(heard.ending, 'failed');
  });

  it('does not look behind the closing event', () => {
    const heard = read([body, Buffer.from('rubbish that is no frame at all')]);
    equal(heard.ending, 'whole');
    deepEqual(heard.errors, []);
  });

  it('loses what the host added to an event, and nothing else', () => {
    const stop =
      '{"type":"message_stop","n":12345678901234567890,"amazon-bedrock-invocationMetrics":' +
      '{"inputTokenCount":8,"a":[1,"}"]},"later":1.0}';
    const { text, ending } = read([chunkFrame(stop)]);
    equal(
      text,
      'event: message_stop\ndata: {"type":"message_stop","n":12345678901234567890,"later":1.0}\n\n',
    );
    equal(ending, 'whole');
  });

  it('puts an event of several lines on one', () => {
    const { text } = read([chunkFrame('{\n  "type": "ping",\r\n "s": "a\\nb"\n}')]);
    match(text, /^event: ping\ndata: [^\n\r]+\n\n$/);
    deepEqual(JSON.parse(text.slice(text.indexOf('{'))), { type: 'ping', s: 'a\nb' });
  });

  it('fails at a chunk that is no event', () => {
    const wrap = (inner: string): Buffer =>
      eventStreamFrame({ ':event-type': 'chunk' }, Buffer.from(inner));
    const bad = [
      wrap('{}'),
      wrap('no json'),
      wrap('{"bytes":"AAAA"}'),
      wrap(`{"bytes":"${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64')}"}`),
      chunkFrame('{"type":"message_start\\nevent: x"}'),
      chunkFrame('{"type":7}'),
      chunkFrame('[]'),
    ];
    for (const frame of bad) {
      const heard = read([frame]);
      equal(heard.ending, 'failed');
      equal(heard.text, '');
      equal(heard.errors.length, 1);
    }
  });

  it('survives nesting without end', () => {
    const nest = '['.repeat(90_000) + ']'.repeat(90_000);
    const deep = `{"type":"ping","a":${nest},"amazon-bedrock-x":1}`;
    equal(read([chunkFrame(deep)]).errors.length, 0);
  });

  it('never throws on random frames', () => {
    const frame = fc
      .tuple(
        fc.dictionary(
          fc.constantFrom(':event-type', ':message-type', ':exception-type'),
          fc.constantFrom('chunk', 'exception', 'error', 'event', ''),
        ),
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
      )
      .map(([headers, payload]) => eventStreamFrame(headers, payload));
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), (all) => {
        equal(read(all).ending === 'whole', false);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('exceptions of the native surface', () => {
  const cases: readonly [string, string, string, number][] = [
    ['throttlingException', 'Too many tokens', 'rate-limit', 429],
    ['ThrottlingException', 'Too many tokens', 'rate-limit', 429],
    ['serviceUnavailableException', 'later', 'overloaded', 503],
    ['internalServerException', 'broken', 'server', 502],
    ['modelStreamErrorException', 'broken', 'server', 502],
    ['modelTimeoutException', 'slow', 'timeout', 504],
    ['validationException', 'bad field', 'bad-request', 400],
    ['accessDeniedException', 'no', 'permission', 403],
    ['resourceNotFoundException', 'no such model', 'not-found', 404],
    ['somethingNewException', 'what', 'server', 502],
    [
      'validationException',
      'prompt is too long: 210000 tokens > 200000 maximum',
      'context-overflow',
      400,
    ],
  ];
  for (const [type, message, kind, status] of cases) {
    it(`tells ${type} (${message}) as ${kind}`, () => {
      const heard = read([Buffer.concat([frames[0] ?? body, exceptionFrame(type, message)])]);
      equal(heard.text, anthropicEvents[0]);
      deepEqual(heard.errors, [{ class: kind, message, status }]);
      equal(heard.ending, 'failed');
    });
  }

  it('tell the words of the model before those of the host', () => {
    const payload = JSON.stringify({ message: 'host', originalMessage: 'model' });
    const headers = {
      ':message-type': 'exception',
      ':exception-type': 'modelStreamErrorException',
    };
    equal(read([eventStreamFrame(headers, Buffer.from(payload))]).errors[0]?.message, 'model');
  });

  it('may also come as an error in headers', () => {
    const headers = {
      ':message-type': 'error',
      ':error-code': 'throttlingException',
      ':error-message': 'slow down',
    };
    const [error] = read([eventStreamFrame(headers, new Uint8Array())]).errors;
    deepEqual(error, { class: 'rate-limit', message: 'slow down', status: 429 });
  });
});

describe('a decoder over the native surface', () => {
  /** Notes what a decoder of the Messages stream would be given. */
  class Noting implements AnswerDecoder {
    text: string = '';
    finished: boolean = false;
    push(bytes: Uint8Array): void {
      this.text += Buffer.from(bytes).toString('utf8');
    }
    finish(): void {
      this.finished = true;
    }
  }

  function decode(bytes: Uint8Array): { inner: Noting; events: AnswerEvent[] } {
    const inner = new Noting();
    const events: AnswerEvent[] = [];
    const decoder = new NativeAnswerDecoder(inner, (event) => events.push(event));
    decoder.push(bytes);
    decoder.finish();
    return { inner, events };
  }

  it('gives a decoder of the Messages API its own stream', () => {
    const { inner, events } = decode(body);
    equal(inner.text, anthropicEvents.join(''));
    deepEqual([inner.finished, events], [true, []]);
  });

  it('lets the other decoder judge a stream that was cut', () => {
    const { inner, events } = decode(body.subarray(0, body.length - 3));
    deepEqual([inner.finished, events], [true, []]);
  });

  it('tells exceptions and empty streams itself', () => {
    const thrown = decode(exceptionFrame('throttlingException', 'slow'));
    deepEqual(thrown.events, [
      { type: 'error', error: { class: 'rate-limit', message: 'slow', status: 429 } },
    ]);
    equal(thrown.inner.finished, false);
    const empty = decode(new Uint8Array());
    deepEqual(
      empty.events.map((event) => event.type),
      ['error'],
    );
  });
});

describe('a document of the native surface', () => {
  it('is passed on as it came when it is a message', () => {
    const text = '{"id":"msg_1", "type":"message","content":[],"usage":{"input_tokens":1.0}}';
    deepEqual(nativeDocument(text), { kind: 'message', text });
  });

  it('loses what the host added', () => {
    const text = '{"type":"message","amazon-bedrock-invocationMetrics":{"a":1},"id":"msg_1"}';
    deepEqual(nativeDocument(text), {
      kind: 'message',
      text: '{"type":"message","id":"msg_1"}',
    });
  });

  it('is an error when it came in place of a stream or says nothing', () => {
    for (const text of ['{"errorCode":"SERVER_BUSY","message":"busy"}', '[]', '', '<html>']) {
      const document = nativeDocument(text);
      equal(document.kind === 'error' && document.error.class, 'overloaded', text);
      equal(document.kind === 'error' && document.error.status, 503, text);
    }
    const refused = nativeDocument('{"errorCode":"BAD_ARGUMENT","message":"no"}');
    deepEqual(refused, {
      kind: 'error',
      error: { class: 'bad-request', message: 'no', status: 400 },
    });
  });
});
