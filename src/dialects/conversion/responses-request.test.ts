import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeResponsesRequest } from './decode-responses-request.ts';
import { encodeResponsesRequest } from './encode-responses-request.ts';
import { codexBody, convert, problem, roomy, whole } from './requests.fixture.ts';

const body = (input: unknown, more: object = {}): object => ({ model: 'm', input, ...more });
const turnsOf = (...items: object[]) => whole(decodeResponsesRequest(body(items))).request.turns;
const message = (role: string, text: string): object => ({ role, content: text });
const call = (id: string): object => ({
  type: 'function_call',
  call_id: id,
  name: 'f',
  arguments: '{}',
});
const output = (id: string, text: unknown = 'r'): object => ({
  type: 'function_call_output',
  call_id: id,
  output: text,
});
const text = (words: string): object => ({ kind: 'text', text: words });

describe('reading a request of Responses', () => {
  it('takes plain text as one turn, behind the instructions', () => {
    const { request } = whole(decodeResponsesRequest(body('hi', { instructions: 'be' })));
    assert.deepEqual(request.turns, [
      { role: 'system', parts: [text('be')] },
      { role: 'user', parts: [text('hi')] },
    ]);
  });

  it('makes one turn of what the model said and called in a row', () => {
    const turns = turnsOf(
      message('user', 'go'),
      message('assistant', 'ok'),
      call('a'),
      { type: 'reasoning', id: 'r', summary: [] },
      call('b'),
      output('a'),
      output('b', [{ type: 'input_image', image_url: 'data:image/png;base64,AA' }]),
      message('assistant', 'done'),
    );
    assert.deepEqual(
      turns.map(({ role, parts }) => [role, parts.map(({ kind }) => kind)]),
      [
        ['user', ['text']],
        ['assistant', ['text', 'tool-call', 'tool-call']],
        ['user', ['tool-result', 'tool-result']],
        ['assistant', ['text']],
      ],
    );
  });

  const fields: readonly (readonly [object, object])[] = [
    [{ max_output_tokens: 5 }, { maxTokens: 5 }],
    [{ reasoning: { effort: 'xhigh' } }, { effort: 'xhigh', wantsReasoning: false }],
    [{ reasoning: { summary: 'auto' } }, { effort: undefined, wantsReasoning: true }],
    [{ text: { format: { type: 'text' } } }, { format: undefined }],
    [{ text: { format: { type: 'json_object' } } }, { format: { kind: 'json-object' } }],
    [
      { text: { format: { type: 'json_schema', name: 'n', schema: {}, strict: true } } },
      { format: { kind: 'json-schema', name: 'n', schema: {}, strict: true } },
    ],
    [{ tool_choice: { type: 'function', name: 'f' } }, { toolChoice: { kind: 'tool', name: 'f' } }],
    [{ tool_choice: 'required' }, { toolChoice: { kind: 'any' } }],
    [{ safety_identifier: 's' }, { user: 's' }],
    [{ stream: true }, { stream: true }],
    [
      { tools: [{ type: 'function', name: 'f', parameters: null, strict: null }] },
      {
        tools: [
          {
            name: 'f',
            description: undefined,
            schema: undefined,
            strict: undefined,
            freeText: false,
          },
        ],
      },
    ],
  ];
  for (const [more, expected] of fields) {
    it(`reads ${JSON.stringify(more)}`, () => {
      const { request } = whole(decodeResponsesRequest(body('hi', more)));
      for (const [field, value] of Object.entries(expected)) {
        assert.deepEqual(request[field as keyof typeof request], value, field);
      }
    });
  }

  it('is silent about storing and caching, and names the rest', () => {
    const { dropped } = whole(decodeResponsesRequest(codexBody()));
    assert.deepEqual(dropped, ['local_shell', 'reasoning', 'verbosity', 'web_search']);
    const { dropped: more } = whole(
      decodeResponsesRequest(
        body('hi', {
          truncation: 'auto',
          background: true,
          service_tier: 'flex',
          max_tool_calls: 2,
          tool_choice: { type: 'web_search' },
        }),
      ),
    );
    assert.deepEqual(more, [
      'background',
      'max_tool_calls',
      'service_tier',
      'tool_choice',
      'truncation',
    ]);
  });

  it('answers a reference to an earlier response in the words that clients know', () => {
    const found = problem(decodeResponsesRequest(body('hi', { previous_response_id: 'resp_1' })));
    assert.equal(found.code, 'previous_response_not_found');
    assert.equal(found.param, 'previous_response_id');
    assert.match(found.message, /send the whole conversation in input$/);
    whole(decodeResponsesRequest(body('hi', { previous_response_id: null })));
  });

  const faults: readonly (readonly [string, object, RegExp])[] = [
    ['no input', { input: undefined }, /^input: must be a string or a list/],
    ['a conversation', { conversation: 'conv_1' }, /^conversation: responses are not kept/],
    ['a stored prompt', { prompt: { id: 'p' } }, /^prompt: .* send the text of the prompt/],
    ['a reference', { input: [{ type: 'item_reference', id: 'x' }] }, /^input\.0: items are not/],
    ['a role', { input: [{ role: 'tool', content: '' }] }, /^input\.0\.role: must be user/],
    ['a call without id', { input: [{ ...call('a'), call_id: 1 }] }, /^input\.0\.call_id: must/],
    [
      'an image that is kept elsewhere',
      { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] },
      /^input\.0\.content\.0\.image_url: a file id means something/,
    ],
  ];
  for (const [name, more, expected] of faults) {
    it(`refuses ${name}`, () => {
      const found = problem(decodeResponsesRequest(body('hi', more)));
      assert.match(found.message, expected);
    });
  }
});

describe('writing a request for Responses', () => {
  const anthropic = (more: object): object => ({
    model: 'claude',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  });
  const fields: readonly (readonly [string, object, object])[] = [
    ['at least sixteen tokens', { max_tokens: 1 }, { max_output_tokens: 16 }],
    ['no stop', { stop_sequences: ['a'] }, { stop: undefined }],
    [
      'effort and thoughts',
      { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } },
      { reasoning: { effort: 'low', summary: 'auto' } },
    ],
    [
      'the form of the answer',
      { output_config: { format: { type: 'json_schema', schema: {} } } },
      { text: { format: { type: 'json_schema', name: 'response', schema: {} } } },
    ],
    ['that nothing is to be kept', {}, { store: false, instructions: undefined }],
  ];
  for (const [name, more, expected] of fields) {
    it(`says ${name}`, () => {
      const { body: written } = convert('anthropic', 'responses', anthropic(more));
      for (const [field, value] of Object.entries(expected)) {
        assert.deepEqual(written[field], value, field);
      }
    });
  }

  it('gives tools of free text back their own form', () => {
    const { request } = whole(decodeResponsesRequest(codexBody()));
    const encoded = whole(encodeResponsesRequest(request, roomy));
    const written = JSON.parse(encoded.body) as ReturnType<typeof codexBody>;
    assert.deepEqual(written.tools?.[1], codexBody().tools?.[1]);
    assert.deepEqual(written.input?.slice(-3), codexBody().input?.slice(-3));
    assert.equal(written.parallel_tool_calls, undefined);
  });

  it('chooses tools by the form they have', () => {
    for (const [name, type] of [
      ['apply_patch', 'custom'],
      ['exec_command', 'function'],
    ] as const) {
      const json = { ...codexBody(), tool_choice: { type, name } };
      assert.deepEqual(convert('responses', 'responses', json).body.tool_choice, { type, name });
    }
  });

  it('takes arguments without a text as the text of a free tool', () => {
    const { request } = whole(decodeResponsesRequest(codexBody()));
    for (const argumentsJson of ['null', '{"input":7}', 'words']) {
      const part = { kind: 'tool-call', id: 'a', name: 'apply_patch', argumentsJson } as const;
      const turns = [{ role: 'assistant', parts: [part] }] as const;
      const { body: text } = whole(encodeResponsesRequest({ ...request, turns }, roomy));
      const { input } = JSON.parse(text) as { input: { input?: string }[] };
      assert.equal(input[0]?.input, argumentsJson);
    }
  });

  it('writes results with images as parts, and what went wrong in front', () => {
    const { body: written } = convert(
      'anthropic',
      'responses',
      anthropic({
        messages: [
          { role: 'user', content: 'go' },
          { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }] },
          {
            role: 'user',
            content: [
              {
                type: 'tool_result',
                tool_use_id: 'a',
                is_error: true,
                content: [{ type: 'image', source: { type: 'url', url: 'https://a/b' } }],
              },
            ],
          },
          { role: 'system', content: 'late' },
        ],
      }),
    );
    assert.deepEqual(written.input.slice(2), [
      {
        type: 'function_call_output',
        call_id: 'a',
        output: [
          { type: 'input_text', text: 'Error:' },
          { type: 'input_image', detail: 'auto', image_url: 'https://a/b' },
        ],
      },
      {
        type: 'message',
        role: 'developer',
        content: [{ type: 'input_text', text: 'late' }],
      },
    ]);
  });
});
