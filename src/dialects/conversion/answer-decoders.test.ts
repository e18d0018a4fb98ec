import { deepEqual, equal, ok } from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { sampleAnswers } from '../sample-answers.ts';
import { sampleStreams } from '../sample-streams.ts';
import {
  anthropicEvents,
  chatChunk,
  chatEvents,
  namelessEvent,
  responsesEvents,
  typedEvent,
} from '../samples.ts';
import type { AnswerEvent, ModelDialect } from './answer-events.ts';
import { documented, fed, modelDialects, normal, shown, streamed } from './answers.fixture.ts';
import { DocumentDecoder } from './answer-reading.ts';
import { AnswerTeller } from './answer-teller.ts';

const typesOf = (events: readonly AnswerEvent[]): string =>
  events.map((event) => event.type).join(' ');
const last = (events: readonly AnswerEvent[]): string | undefined => events.at(-1)?.type;
const errorOf = (events: readonly AnswerEvent[]): unknown => {
  const event = events.at(-1);
  return event?.type === 'error' ? [event.error.class, event.error.message] : event;
};

describe('the decoders of streams', () => {
  for (const sample of sampleStreams) {
    const dialect = sample.dialect as ModelDialect;

    it(`read ${sample.name} the same at every split`, () => {
      for (const text of [sample.text, sample.text.replaceAll('\n', '\r\n')]) {
        const bytes = Buffer.from(text);
        const whole = shown(streamed(dialect, bytes));
        equal(whole, shown(streamed(dialect, sample.text)));
        for (let cut = 1; cut < bytes.length; cut += 1) {
          equal(shown(streamed(dialect, bytes, [cut])), whole, `cut at ${cut}`);
        }
        const each = Array.from({ length: bytes.length }, (_, at) => at);
        equal(shown(streamed(dialect, bytes, each)), whole);
      }
    });

    it(`find in ${sample.name} what the scanners find`, () => {
      const events = streamed(dialect, sample.text);
      const start = events.find((event) => event.type === 'start');
      equal(start?.id, sample.found.messageId);
      equal(start?.model, sample.found.model);
      const { usage } = normal(dialect, events);
      const cached = usage.cacheRead;
      equal(cached, sample.found.cachedTokens);
      equal(usage.output, sample.found.outputTokens);
      equal(usage.input + (dialect === 'anthropic' ? 0 : cached), sample.found.inputTokens);
      equal(events.filter((event) => event.type === 'ping').length, sample.found.pings);
    });

    it(`say no end of ${sample.name} before its closing event`, () => {
      const behind = sample.text.length;
      ok(sample.text.endsWith(sample.closing));
      for (let length = 0; length < behind - 1; length += 1) {
        const events = streamed(dialect, sample.text.slice(0, length));
        ok(
          events.every(({ type }) => type !== 'end' && type !== 'error'),
          `${length}`,
        );
      }
      equal(last(streamed(dialect, sample.text)), 'end');
      const more = streamed(dialect, `${sample.text}${sample.text}data: {\n\n`);
      equal(shown(more), shown(streamed(dialect, sample.text)));
    });
  }

  it('read the content of a Messages stream', () => {
    deepEqual(normal('anthropic', streamed('anthropic', anthropicEvents.join(''))).blocks, [
      {
        kind: 'reasoning',
        text: 'The "type":"message_stop" in a text, é, 😀',
        signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl',
      },
      { kind: 'text', text: 'I will look.\n\ndata: [DONE]\n\n', signature: undefined },
      {
        kind: 'tool',
        id: 'toolu_01T1x1fJ34qAmk2tNTrN7Up6',
        name: 'Read',
        text: '{"path":"a\\\\b","usage":{"x":1}}',
      },
    ]);
  });

  it('read the content of a Chat stream', () => {
    const answer = normal('openai-chat', streamed('openai-chat', chatEvents.join('')));
    deepEqual(answer.blocks, [
      {
        kind: 'text',
        text: 'Hello "quoted" \\ and ,"finish_reason":"stop"}]} é 😀\n\ndata: [DONE]\n\n',
        signature: undefined,
      },
      { kind: 'tool', id: 'call_9rZ', name: 'f', text: '{"a":"b"}' },
    ]);
    equal(answer.finish, 'tool-calls');
  });

  it('read the content of a Responses stream', () => {
    const events = streamed('openai-responses', responsesEvents.join(''));
    equal(typesOf(events), 'start text ping text usage finish end');
    deepEqual(normal('openai-responses', events).blocks, [
      { kind: 'text', text: 'Hi "you"\n', signature: undefined },
    ]);
  });

  it('take what is no JSON object for an error of the server', () => {
    for (const dialect of modelDialects) {
      for (const data of ['{"a":', '[1]', 'hello', '"x"']) {
        const events = streamed(dialect, `data: ${data}\n\ndata: {}\n\n`);
        equal(last(events), 'error');
        ok(events.at(-1)?.type === 'error' && JSON.stringify(events.at(-1)).includes('server'));
      }
    }
  });

  it('say nothing of an empty stream, nor of a lone mark of its end', () => {
    for (const dialect of modelDialects) {
      deepEqual(streamed(dialect, ''), []);
      deepEqual(streamed(dialect, 'data: [DONE]\n\n'), []);
      deepEqual(streamed(dialect, 'event: message_stop\ndata: {"type":"message_stop"}\n\n'), []);
    }
  });

  it('know the errors inside streams, in their own words', () => {
    const message = 'Overloaded, "really"';
    const anthropic = { type: 'error', error: { type: 'overloaded_error', message } };
    deepEqual(errorOf(streamed('anthropic', typedEvent(anthropic))), ['overloaded', message]);
    const rate = { message, type: 'tokens', code: 'rate_limit_exceeded' };
    deepEqual(errorOf(streamed('openai-chat', namelessEvent({ error: rate }))), [
      'rate-limit',
      message,
    ]);
    deepEqual(errorOf(streamed('openai-chat', namelessEvent({ error: 'no more' }))), [
      'server',
      'no more',
    ]);
    const flat = { type: 'error', code: 'context_length_exceeded', message, param: null };
    deepEqual(errorOf(streamed('openai-responses', typedEvent(flat))), [
      'context-overflow',
      message,
    ]);
    const failed = {
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'insufficient_quota', message } },
    };
    deepEqual(errorOf(streamed('openai-responses', typedEvent(failed))), ['quota', message]);
  });

  it('take a choice that finished with an error for one', () => {
    const choices = [{ index: 0, delta: { content: 'a' }, finish_reason: 'error' }];
    const chunk = { id: 'c', choices, error: { code: 502, message: 'upstream died' } };
    deepEqual(errorOf(streamed('openai-chat', namelessEvent(chunk))), ['server', 'upstream died']);
    equal(last(streamed('openai-chat', chatChunk({ content: 'a' }, 'error'))), 'error');
  });

  it('read only the first alternative of a Chat stream', () => {
    const text = chatChunk({ content: 'no' }, 'stop', 1) + chatChunk({ content: 'a' }, 'length', 0);
    const events = streamed('openai-chat', text);
    equal(normal('openai-chat', events).finish, 'length');
    deepEqual(
      normal('openai-chat', events).blocks.map((block) => block.text),
      ['a'],
    );
  });

  it('take refusals as text and as the reason', () => {
    const chat = chatChunk({ refusal: 'I cannot' }, null) + chatChunk({}, 'stop');
    const answer = normal('openai-chat', streamed('openai-chat', chat));
    equal(answer.finish, 'refusal');
    equal(answer.blocks[0]?.text, 'I cannot');
    const item = { type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] };
    const responses = streamed(
      'openai-responses',
      typedEvent({ type: 'response.completed', response: { id: 'resp_1', output: [item] } }),
    );
    equal(typesOf(responses), 'start text finish end');
    equal(normal('openai-responses', responses).finish, 'refusal');
  });

  it('add what a Responses stream gives only in whole items', () => {
    const call = {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'call_1',
      name: 'f',
      arguments: '{"a":1}',
    };
    const at = { item_id: 'fc_1', output_index: 0 };
    const text = [
      typedEvent({ type: 'response.created', response: { id: 'resp_1', model: 'm' } }),
      typedEvent({
        type: 'response.output_item.added',
        output_index: 0,
        item: { ...call, arguments: '' },
      }),
      typedEvent({ type: 'response.function_call_arguments.delta', ...at, delta: '{"a"' }),
      typedEvent({ type: 'response.output_item.done', output_index: 0, item: call }),
      typedEvent({
        type: 'response.output_item.done',
        output_index: 1,
        item: { type: 'message', content: [{ type: 'output_text', text: 'Hi' }] },
      }),
      typedEvent({ type: 'response.completed', response: { output: [call] } }),
    ].join('');
    deepEqual(normal('openai-responses', streamed('openai-responses', text)).blocks, [
      { kind: 'tool', id: 'call_1', name: 'f', text: '{"a":1}' },
      { kind: 'text', text: 'Hi', signature: undefined },
    ]);
  });

  it('take the fragments of a Responses call that was not announced from its item', () => {
    const call = { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{"a":1}' };
    const text = [
      typedEvent({ type: 'response.created', response: { id: 'resp_1', model: 'm' } }),
      typedEvent({
        type: 'response.function_call_arguments.delta',
        output_index: 0,
        delta: '{"a"',
      }),
      typedEvent({ type: 'response.output_item.done', output_index: 0, item: call }),
      typedEvent({ type: 'response.completed', response: {} }),
    ].join('');
    deepEqual(normal('openai-responses', streamed('openai-responses', text)).blocks, [
      { kind: 'tool', id: 'call_1', name: 'f', text: '{"a":1}' },
    ]);
  });

  it('end calls that the server left open before the finish', () => {
    const item = { type: 'function_call', call_id: 'call_1', name: 'f' };
    const text = [
      typedEvent({ type: 'response.output_item.added', output_index: 0, item }),
      typedEvent({ type: 'response.completed', response: {} }),
    ].join('');
    equal(typesOf(streamed('openai-responses', text)), 'start tool-start tool-end finish end');
    const late = chatChunk({ tool_calls: [{ index: 0, function: { name: 'f' } }] }, null);
    const done = `${late}${chatChunk({}, 'stop')}data: [DONE]\n\n`;
    equal(typesOf(streamed('openai-chat', done)), 'start tool-start tool-end finish end');
  });

  it('take the input of a call from its beginning, unless fragments follow', () => {
    const input = { a: 1 };
    const block = { type: 'tool_use', id: 'toolu_1', name: 'f', input };
    const fragment = typedEvent({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json: '{"b":2}' },
    });
    for (const [middle, text] of [
      ['', '{"a":1}'],
      [fragment, '{"b":2}'],
    ] as const) {
      const stream = [
        anthropicEvents[0],
        typedEvent({ type: 'content_block_start', index: 0, content_block: block }),
        middle,
        typedEvent({ type: 'content_block_stop', index: 0 }),
        ...anthropicEvents.slice(-2),
      ].join('');
      equal(normal('anthropic', streamed('anthropic', stream)).blocks[0]?.text, text);
    }
  });

  it('pass over blocks that run on the server', () => {
    const block = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} };
    const text = [
      anthropicEvents[0],
      typedEvent({ type: 'content_block_start', index: 0, content_block: block }),
      typedEvent({
        type: 'content_block_delta',
        index: 0,
        delta: { type: 'input_json_delta', partial_json: '{"q":1}' },
      }),
      typedEvent({ type: 'content_block_stop', index: 0 }),
      ...anthropicEvents.slice(-2),
    ].join('');
    equal(typesOf(streamed('anthropic', text)), 'start usage usage finish end');
  });
});

describe('the decoders of documents', () => {
  for (const sample of sampleAnswers.slice(0, 3)) {
    const dialect = sample.dialect as ModelDialect;

    it(`read ${sample.name} the same at every split`, () => {
      const bytes = Buffer.from(sample.text);
      const whole = shown(documented(dialect, bytes));
      for (let cut = 1; cut < bytes.length; cut += 1) {
        equal(shown(documented(dialect, bytes, [cut])), whole);
      }
      const answer = normal(dialect, documented(dialect, bytes));
      equal(answer.ended, true);
      equal(answer.usage.output, sample.found.outputTokens);
      ok(answer.blocks.length > 0);
    });

    it(`say no end of ${sample.name} when it was cut`, () => {
      for (let length = 0; length < sample.text.trimEnd().length; length += 1) {
        equal(last(documented(dialect, sample.text.slice(0, length))), 'error');
      }
    });
  }

  it('may begin with a byte order mark', () => {
    const text = `\uFEFF${sampleAnswers[0]?.text ?? ''}`;
    equal(last(documented('anthropic', text)), 'end');
  });

  it('keep long numbers in the arguments of a call', () => {
    const input = '{"id":12345678901234567890}';
    const block = `{"type":"tool_use","id":"t","name":"f","input":${input}}`;
    const text = `{"id":"msg_1","type":"message","content":[${block}]}`;
    const told = documented('anthropic', text).find((event) => event.type === 'tool-arguments');
    equal(told?.delta, input);
  });

  it('know an error that came with status 200', () => {
    const error = { error: { message: 'no capacity', type: 'overloaded_error' } };
    for (const dialect of modelDialects) {
      const events = documented(dialect, JSON.stringify(error));
      deepEqual(errorOf(events), ['overloaded', 'no capacity']);
    }
    const failed = {
      object: 'response',
      status: 'failed',
      error: { code: 'server_error', message: 'x' },
    };
    deepEqual(errorOf(documented('openai-responses', JSON.stringify(failed))), ['server', 'x']);
    deepEqual(errorOf(documented('openai-responses', '{"object":"response","status":"queued"}')), [
      'server',
      'The response is queued.',
    ]);
    equal(last(documented('openai-chat', '{"choices":[]}')), 'error');
  });

  it('are read up to a limit', () => {
    const events = fed(
      (listener) => {
        const teller = new AnswerTeller(listener);
        const reader = { event: () => {}, done: () => {}, closed: () => {}, document: () => {} };
        return new DocumentDecoder(teller, reader, 10);
      },
      '{"a":"0123456789"}',
      [8],
    );
    deepEqual(errorOf(events), ['server', "The upstream's answer is larger than 10 bytes."]);
  });
});
