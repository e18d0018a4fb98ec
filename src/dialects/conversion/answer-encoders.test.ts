import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AnswerEvent } from './answer-events.ts';
import { asked, dataOf, encoded, fixedDeps } from './answers.fixture.ts';
import { answerEncoder } from './answer-encoders.ts';
import {
  args,
  counts,
  end,
  finish,
  start,
  text,
  thought,
  toolEnd,
  toolStart,
  typesIn,
  usage,
} from './answer-events.fixture.ts';

describe('the Messages encoder', () => {
  it('writes the events of a text in order, exactly', () => {
    const head =
      '{"id":"msg_1","type":"message","role":"assistant","model":"asked-model","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}';
    equal(
      encoded('anthropic', [start, text('Hi'), text('"'), finish('length'), usage, end]),
      [
        `event: message_start\ndata: {"type":"message_start","message":${head}}\n\n`,
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}\n\n',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\""}}\n\n',
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":5,"output_tokens_details":{"thinking_tokens":2}}}\n\n',
        'event: message_stop\ndata: {"type":"message_stop"}\n\n',
      ].join(''),
    );
  });

  it('puts interleaved calls one after the other', () => {
    const events: AnswerEvent[] = [
      start,
      toolStart('a'),
      toolStart('b'),
      args('a', '{"x"'),
      args('b', '{}'),
      args('a', ':1}'),
      toolEnd('b'),
      text('between'),
      toolEnd('a'),
      finish('tool-calls'),
      end,
    ];
    const written = dataOf(encoded('anthropic', events)).slice(1, -2);
    deepEqual(
      written.map(({ type, index }) => `${index} ${type.slice('content_block_'.length)}`),
      [
        ...['0 start', '0 delta', '0 delta', '0 stop'],
        ...['1 start', '1 delta', '1 stop'],
        ...['2 start', '2 delta', '2 stop'],
      ],
    );
    equal(written[0]?.content_block.name, 'name_a');
    equal(written[2]?.delta.partial_json, ':1}');
    equal(written[4]?.content_block.name, 'name_b');
    equal(written[8]?.delta.text, 'between');
  });

  it('streams the open call while another waits', () => {
    const encoder = answerEncoder('anthropic', asked(), fixedDeps());
    for (const event of [start, toolStart('a'), toolStart('b')]) encoder.write(event);
    equal(encoder.write(args('b', '{}')), '');
    match(encoder.write(args('a', '{}')), /input_json_delta/);
    equal(encoder.write(toolEnd('b')), '');
    match(encoder.write(toolEnd('a')), /name_b.*partial_json":"{}"/s);
  });

  it('gives up, saying so, when more waits than can be held', () => {
    const encoder = answerEncoder('anthropic', asked(), fixedDeps());
    for (const event of [start, toolStart('a'), toolStart('b')]) encoder.write(event);
    const huge = args('b', 'x'.repeat(1_048_576));
    let written = '';
    for (let round = 0; round < 20; round += 1) written += encoder.write(huge);
    match(written, /^event: error\n/);
    equal(encoder.write(toolEnd('a')) + encoder.write(end), '');
  });

  it('gives a call without arguments an empty object', () => {
    const stream = encoded('anthropic', [start, toolStart('a'), toolEnd('a'), finish(), end]);
    match(stream, /"partial_json":"{}"/);
    match(stream, /"stop_reason":"tool_use"/);
  });

  it('begins a block for each text, and for each call its own arguments', () => {
    const events: AnswerEvent[] = [
      start,
      text('a'),
      text('b', 'u'),
      toolStart('a'),
      args('a', '{}'),
    ];
    const all = [...events, toolEnd('a'), toolStart('b'), toolEnd('b'), finish(), end];
    const data = dataOf(encoded('anthropic', all));
    deepEqual(
      data.flatMap(({ delta }) => [delta?.text ?? delta?.partial_json ?? []].flat()),
      ['a', 'b', '{}', '{}'],
    );
    deepEqual(
      data.flatMap(({ type, index }) => (type === 'content_block_start' ? [index] : [])),
      [0, 1, 2, 3],
    );
  });

  it('says which sequence stopped the model, if that was the reason', () => {
    const stopped: AnswerEvent = { type: 'finish', reason: 'stop-sequence', stopSequence: 'END' };
    for (const stream of [true, false]) {
      const written = encoded('anthropic', [start, text('a'), stopped, end], { stream });
      match(written, /"stop_reason":"stop_sequence","stop_sequence":"END"/);
      const calls = [start, toolStart('a'), toolEnd('a'), stopped, end];
      match(encoded('anthropic', calls, { stream }), /"tool_use","stop_sequence":null/);
    }
  });

  it('ends a thought with its signature, whatever follows', () => {
    const half: AnswerEvent = {
      type: 'reasoning',
      key: 'r',
      delta: '\ud83d',
      signature: undefined,
    };
    const signed: AnswerEvent = { type: 'reasoning', key: 'r', delta: '', signature: 'sig' };
    const events = [start, half, signed, thought, finish(), end];
    const { content } = JSON.parse(encoded('anthropic', events, { stream: false }));
    deepEqual(content, [
      { type: 'thinking', thinking: '\ud83d', signature: 'sig' },
      { type: 'thinking', thinking: 'hm', signature: '' },
    ]);
    const deltas = dataOf(encoded('anthropic', events)).flatMap(({ delta }) => delta?.type ?? []);
    deepEqual(deltas, ['thinking_delta', 'signature_delta', 'thinking_delta']);
  });

  it('adds up what was said of tokens at different times', () => {
    const early: AnswerEvent = { type: 'usage', usage: { ...counts, output: 1 } };
    const none = { input: -1, output: -1, cacheRead: -1, cacheWrite: -1, reasoning: -1 };
    const late: AnswerEvent = { type: 'usage', usage: { ...none, output: 9 } };
    const silent: AnswerEvent = { type: 'usage', usage: none };
    const written = encoded('anthropic', [start, early, late, finish(), silent, end]);
    const { usage: told } = dataOf(written).find(({ type }) => type === 'message_delta');
    deepEqual([told.input_tokens, told.output_tokens], [10, 9]);
  });

  it('gives the estimate where nobody counted, and never null', () => {
    const [first, , , , delta] = dataOf(encoded('anthropic', [start, text('a'), finish(), end]));
    equal(first?.message.usage.input_tokens, 7);
    deepEqual(delta?.usage, {
      input_tokens: 7,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: 0,
    });
  });

  it('keeps long numbers of arguments in a document, and cut arguments as text', () => {
    const of = (written: string): unknown =>
      encoded(
        'anthropic',
        [start, toolStart('a'), args('a', written), toolEnd('a'), finish(), end],
        {
          stream: false,
        },
      );
    match(String(of('{"id":12345678901234567890}')), /"input":{"id":12345678901234567890}/);
    match(String(of('{"id":1')), /"input":{"_raw":"{\\"id\\":1"}/);
    match(String(of('[1]')), /"input":{"_raw":"\[1\]"}/);
  });
});

describe('the Chat encoder', () => {
  it('writes chunks with one head, finish, usage and mark', () => {
    const stream = encoded('openai-chat', [start, text('Hi'), finish(), usage, end]);
    const chunks = dataOf(stream);
    for (const chunk of chunks) {
      deepEqual([chunk.id, chunk.object], ['chatcmpl-1', 'chat.completion.chunk']);
      deepEqual([chunk.created, chunk.model], [1_700_000_000, 'asked-model']);
    }
    deepEqual(
      chunks.map(({ choices }) => choices[0]?.delta),
      [{ role: 'assistant', content: '' }, { content: 'Hi' }, {}, undefined],
    );
    deepEqual(
      chunks.map(({ choices }) => choices[0]?.finish_reason),
      [null, null, 'stop', undefined],
    );
    deepEqual(chunks.at(-1)?.usage, {
      prompt_tokens: 130,
      completion_tokens: 5,
      total_tokens: 135,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 20 },
      completion_tokens_details: { reasoning_tokens: 2 },
    });
    ok(stream.endsWith('}\n\ndata: [DONE]\n\n'));
  });

  it('says usage only to who asked for it', () => {
    const stream = encoded('openai-chat', [start, usage, finish(), end], { includeUsage: false });
    ok(!stream.includes('usage'));
  });

  it('counts calls by a number of their own', () => {
    const events: AnswerEvent[] = [
      start,
      text('a'),
      toolStart('k7'),
      args('k7', '{'),
      args('k7', '}'),
      toolEnd('k7'),
    ];
    const stream = encoded('openai-chat', [
      ...events,
      toolStart('k9'),
      toolEnd('k9'),
      finish(),
      end,
    ]);
    const calls = dataOf(stream).flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? []);
    deepEqual(calls, [
      { index: 0, id: 'id_k7', type: 'function', function: { name: 'name_k7', arguments: '' } },
      { index: 0, function: { arguments: '{' } },
      { index: 0, function: { arguments: '}' } },
      { index: 1, id: 'id_k9', type: 'function', function: { name: 'name_k9', arguments: '' } },
      { index: 1, function: { arguments: '{}' } },
    ]);
    match(stream, /"finish_reason":"tool_calls"/);
  });

  it('writes nothing that closes before the end', () => {
    const stream = encoded('openai-chat', [start, text('a'), finish(), usage]);
    ok(!stream.includes('"stop"') && !stream.includes('DONE'));
  });
});

describe('the Responses encoder', () => {
  it('writes every event of message, call and thought, numbered without a gap', () => {
    const events = [start, thought, text('Hi'), text(' yo', 'u'), text('u', 'u')];
    const call = [toolStart('a'), args('a', '{}'), toolEnd('a')];
    const stream = encoded('openai-responses', [...events, ...call, finish(), usage, end]);
    const data = dataOf(stream);
    deepEqual(
      data.map((event) => event.sequence_number),
      [...data.keys()],
    );
    deepEqual(
      typesIn(stream).map((type) => type.replace('response.', '')),
      [
        ...['created', 'in_progress'],
        ...['output_item.added', 'reasoning_summary_part.added', 'reasoning_summary_text.delta'],
        ...['reasoning_summary_text.done', 'reasoning_summary_part.done', 'output_item.done'],
        ...['output_item.added', 'content_part.added', 'output_text.delta', 'output_text.done'],
        ...['content_part.done', 'content_part.added', 'output_text.delta', 'output_text.delta'],
        ...['output_text.done', 'content_part.done', 'output_item.done'],
        ...['output_item.added', 'function_call_arguments.delta', 'function_call_arguments.done'],
        ...['output_item.done', 'completed'],
      ],
    );
    const done = data.filter(({ type }) => type === 'response.output_item.done');
    deepEqual(
      data.at(-1)?.response.output,
      done.map(({ item }) => item),
    );
    deepEqual(
      done.map(({ output_index: place }) => place),
      [0, 1, 2],
    );
    deepEqual(
      done[1]?.item.content.map((part: { text: string }) => part.text),
      ['Hi', ' you'],
    );
    equal(data.at(-1)?.response.usage.total_tokens, 135);
    equal(data.at(-1)?.response.usage.input_tokens_details.cached_tokens, 100);
    for (const { type } of data) ok(stream.includes(`event: ${type}\ndata: {"type":"${type}"`));
  });

  it('unwraps the text of tools that take free text, as it comes', () => {
    const freeTextTools = new Set(['patch']);
    const toolNames = new Map([['name_a', 'patch']]);
    const fragments = ['{"inp', 'ut": "a\\', 'n\\u00', 'e9 \\ud83d', '\\ude00 \\"q', '\\""', '}'];
    const events: AnswerEvent[] = [
      start,
      toolStart('a'),
      ...fragments.map((part) => args('a', part)),
      toolEnd('a'),
    ];
    const all = [...events, finish(), end];
    const data = dataOf(encoded('openai-responses', all, { freeTextTools, toolNames }));
    const deltas = data.filter(({ type }) => type === 'response.custom_tool_call_input.delta');
    deepEqual(
      deltas.map(({ delta }) => delta),
      ['a', '\n', 'é ', '😀 "q', '"'],
    );
    const done = data.find(({ type }) => type === 'response.custom_tool_call_input.done');
    equal(done?.input, 'a\né 😀 "q"');
    const whole = { type: 'custom_tool_call', name: 'patch', call_id: 'id_a', input: done?.input };
    const [{ response } = { response: undefined }] = data.slice(-1);
    const { id, status, ...item } = response.output[0];
    deepEqual([item, status], [whole, 'completed']);
    match(id, /^ctc_/);
    const document = JSON.parse(
      encoded('openai-responses', all, { freeTextTools, toolNames, stream: false }),
    );
    equal(document.output[0].input, done?.input);
  });

  it('gives free text as it is when it was not wrapped', () => {
    for (const raw of ['*** Begin Patch', '{"other":1}', `${' '.repeat(80)}{"input":"x"}`]) {
      const events: AnswerEvent[] = [
        start,
        toolStart('a'),
        args('a', raw),
        toolEnd('a'),
        finish(),
        end,
      ];
      const more = { freeTextTools: new Set(['name_a']), stream: false };
      const { output } = JSON.parse(encoded('openai-responses', events, more));
      equal(output[0].input, raw.includes('input') ? 'x' : raw);
    }
  });

  it('is incomplete with the reason when it was cut short or refused', () => {
    for (const [reason, told] of [
      ['length', 'max_output_tokens'],
      ['refusal', 'content_filter'],
    ] as const) {
      const last: ReturnType<typeof dataOf>[number] = dataOf(
        encoded('openai-responses', [start, text('a'), finish(reason), end]),
      ).at(-1);
      equal(last?.type, 'response.incomplete');
      equal(last?.response.status, 'incomplete');
      deepEqual(last?.response.incomplete_details, { reason: told });
      equal(last?.response.output[0].status, 'incomplete');
    }
  });

  it('keeps Codex alive with numbered events', () => {
    const stream = encoded('openai-responses', [
      { type: 'ping' },
      start,
      { type: 'ping' },
      text('a'),
    ]);
    deepEqual(typesIn(stream).slice(0, 3), [
      'response.created',
      'response.in_progress',
      'keepalive',
    ]);
    equal(dataOf(stream)[2]?.sequence_number, 2);
  });
});
