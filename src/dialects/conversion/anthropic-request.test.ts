import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeAnthropicRequest } from './decode-anthropic-request.ts';
import { encodeAnthropicRequest } from './encode-anthropic-request.ts';
import type { Turn } from './model-request.ts';
import { convert, problem, roomy, whole } from './requests.fixture.ts';

const user = (content: unknown): object => ({ role: 'user', content });
const assistant = (content: unknown): object => ({ role: 'assistant', content });
const body = (messages: readonly unknown[], more: object = {}): object => ({
  model: 'm',
  max_tokens: 100,
  messages,
  ...more,
});
const turnsOf = (...messages: readonly unknown[]): readonly Turn[] =>
  whole(decodeAnthropicRequest(body(messages))).request.turns;
const requestOf = (more: object) => whole(decodeAnthropicRequest(body([user('hi')], more))).request;

describe('reading a request of Anthropic', () => {
  it('keeps the system prompt in blocks and drops the attribution of Claude Code', () => {
    const system = [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=1;' },
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ];
    const { request, dropped } = whole(decodeAnthropicRequest(body([user('hi')], { system })));
    assert.deepEqual(request.turns[0], {
      role: 'system',
      parts: [
        { kind: 'text', text: 'a' },
        { kind: 'text', text: 'b' },
      ],
    });
    assert.deepEqual(dropped, []);
  });

  const contents: readonly (readonly [string, unknown, unknown])[] = [
    ['a string', 'hi', [{ kind: 'text', text: 'hi' }]],
    [
      'an image by url',
      [{ type: 'image', source: { type: 'url', url: 'https://a/b.png' } }],
      [{ kind: 'image', source: { kind: 'url', url: 'https://a/b.png' } }],
    ],
    [
      'a PDF',
      [
        {
          type: 'document',
          title: 'a.pdf',
          source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
        },
      ],
      [
        {
          kind: 'document',
          source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBE' },
          fileName: 'a.pdf',
        },
      ],
    ],
    [
      'a document that is text, as text',
      [
        {
          type: 'document',
          title: 'T',
          source: { type: 'text', media_type: 'text/plain', data: 'words' },
        },
      ],
      [{ kind: 'text', text: 'T\n\nwords' }],
    ],
    [
      'a document of blocks, as its blocks',
      [
        {
          type: 'document',
          context: 'why',
          source: { type: 'content', content: [{ type: 'text', text: 'words' }] },
        },
      ],
      [
        { kind: 'text', text: 'why' },
        { kind: 'text', text: 'words' },
      ],
    ],
    [
      'a search result, as text',
      [
        {
          type: 'search_result',
          title: 'T',
          source: 'https://a',
          content: [{ type: 'text', text: 'words' }],
        },
      ],
      [{ kind: 'text', text: 'T\n\nhttps://a\n\nwords' }],
    ],
    [
      'a result of a tool with its image',
      [
        {
          type: 'tool_result',
          tool_use_id: 't',
          is_error: true,
          content: [
            { type: 'text', text: 'x' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } },
          ],
        },
      ],
      [
        {
          kind: 'tool-result',
          id: 't',
          isError: true,
          content: [
            { kind: 'text', text: 'x' },
            { kind: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } },
          ],
        },
      ],
    ],
    [
      'a result of a tool without content',
      [{ type: 'tool_result', tool_use_id: 't' }],
      [{ kind: 'tool-result', id: 't', isError: false, content: [] }],
    ],
  ];
  for (const [name, content, parts] of contents) {
    it(`reads ${name}`, () => {
      assert.deepEqual(turnsOf(user(content)), [{ role: 'user', parts }]);
    });
  }

  it('reads calls with their input as JSON text, and none as none', () => {
    const call = { type: 'tool_use', id: 't', name: 'f' };
    const turns = turnsOf(
      user('go'),
      assistant([{ ...call, input: { a: [1] } }, { ...call, input: {} }, call]),
    );
    const read = { kind: 'tool-call', id: 't', name: 'f' };
    assert.deepEqual(turns[1], {
      role: 'assistant',
      parts: [
        { ...read, argumentsJson: '{"a":[1]}' },
        { ...read, argumentsJson: '{}' },
        { ...read, argumentsJson: '' },
      ],
    });
  });

  it('names what it drops, each once and sorted, and keeps odd names out of headers', () => {
    const blocks = [
      { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } },
      { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      { type: 'redacted_thinking', data: 'x' },
      { type: 'evil\r\nset-cookie: a', cache_control: { type: 'ephemeral' } },
    ];
    const { dropped } = whole(
      decodeAnthropicRequest(
        body([user('hi'), assistant(blocks)], {
          tools: [{ type: 'web_search_20250305', name: 'web_search' }],
          container: null,
          speed: 'fast',
        }),
      ),
    );
    assert.deepEqual(dropped, [
      'cache_control',
      'other',
      'redacted_thinking',
      'server_tool_use',
      'speed',
      'web_search_20250305',
    ]);
  });

  const efforts: readonly (readonly [object, string | undefined, boolean])[] = [
    [{}, undefined, false],
    [{ thinking: { type: 'disabled' }, output_config: { effort: 'low' } }, 'none', false],
    [{ thinking: { type: 'adaptive' } }, 'high', true],
    [{ thinking: { type: 'adaptive', display: 'omitted' } }, 'high', false],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, 'max', true],
    [{ thinking: { type: 'enabled', budget_tokens: 1024 } }, 'minimal', true],
    [{ thinking: { type: 'enabled', budget_tokens: 4000 } }, 'low', true],
    [{ thinking: { type: 'enabled', budget_tokens: 10_000 } }, 'medium', true],
    [{ thinking: { type: 'enabled', budget_tokens: 31_999 } }, 'high', true],
    [{ output_config: { effort: 'medium' } }, 'medium', false],
    [{ output_config: { effort: 'toString' } }, undefined, false],
  ];
  for (const [said, effort, wantsReasoning] of efforts) {
    it(`reads ${JSON.stringify(said)} as effort ${effort}`, () => {
      const request = requestOf(said);
      assert.deepEqual([request.effort, request.wantsReasoning], [effort, wantsReasoning]);
    });
  }

  const faults: readonly (readonly [string, object, RegExp])[] = [
    ['no model', { model: undefined }, /^model: must be/],
    ['an empty model', { model: '' }, /^model: must be/],
    ['no messages', { messages: [] }, /^messages: must be a list with at least one/],
    ['a message that is none', { messages: [null] }, /^messages\.0: must be an object/],
    ['an unknown role', { messages: [{ role: 'tool', content: '' }] }, /^messages\.0\.role: must/],
    ['no content', { messages: [{ role: 'user' }] }, /^messages\.0\.content: must be a string or/],
    [
      'a file id',
      { messages: [user([{ type: 'image', source: { type: 'file', file_id: 'f' } }])] },
      /^messages\.0\.content\.0\.source: a file id cannot be sent to/,
    ],
    [
      'a file in a container',
      { messages: [user([{ type: 'container_upload', file_id: 'f' }])] },
      /^messages\.0\.content\.0: a file in a container/,
    ],
    [
      'a document with a hole',
      {
        messages: [user([{ type: 'document', source: { type: 'content', content: [null] } }])],
      },
      /^messages\.0\.content\.0\.source\.content\.0: must be an object/,
    ],
    ['a temperature that is text', { temperature: '1' }, /^temperature: must be a number/],
    ['half a token', { max_tokens: 1.5 }, /^max_tokens: must be a whole number/],
    ['a stream that is text', { stream: 'true' }, /^stream: must be true or false/],
    ['stop that is text', { stop_sequences: 'a' }, /^stop_sequences: must be a list/],
    ['a tool without name', { tools: [{ input_schema: {} }] }, /^tools\.0\.name: must be/],
    ['a choice of nothing', { tool_choice: { type: 'some' } }, /^tool_choice\.type: must be auto/],
  ];
  for (const [name, more, message] of faults) {
    it(`refuses ${name}`, () => {
      const found = problem(decodeAnthropicRequest({ ...body([user('hi')]), ...more }));
      assert.match(found.message, message);
      assert.equal(found.status, 400);
      assert.equal(found.message.startsWith(`${found.param}: `), true);
    });
  }
});

describe('writing a request for Anthropic', () => {
  const chat = (more: object): object => ({
    model: 'gpt',
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  });
  const tool = { type: 'function', function: { name: 'f', parameters: {} } };

  const fields: readonly (readonly [string, object, object])[] = [
    ['the default where no limit is said', {}, { max_tokens: 4096 }],
    ['a limit of the older name', { max_tokens: 7 }, { max_tokens: 7 }],
    ['a temperature over 1 as 1', { temperature: 1.7 }, { temperature: 1 }],
    [
      'temperature and not top_p',
      { temperature: 0, top_p: 0.5 },
      { temperature: 0, top_p: undefined },
    ],
    ['top_p alone', { top_p: 0.5 }, { top_p: 0.5 }],
    ['stop as a list without blanks', { stop: [' ', 'END', ''] }, { stop_sequences: ['END'] }],
    ['one stop', { stop: 'END' }, { stop_sequences: ['END'] }],
    ['an effort', { reasoning_effort: 'minimal' }, { output_config: { effort: 'low' } }],
    ['no thinking', { reasoning_effort: 'none' }, { thinking: { type: 'disabled' } }],
    [
      'a choice of tools only beside tools',
      { tool_choice: 'required' },
      { tool_choice: undefined },
    ],
    [
      'a choice that must be made',
      { tools: [tool], tool_choice: 'required', parallel_tool_calls: false },
      { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
    ],
    [
      'one call at a time without a choice',
      { tools: [tool], parallel_tool_calls: false },
      { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    ],
    [
      'a choice of one tool',
      { tools: [tool], tool_choice: { type: 'function', function: { name: 'f' } } },
      { tool_choice: { type: 'tool', name: 'f' } },
    ],
    [
      'a schema without type as that of an object',
      { tools: [tool] },
      { tools: [{ name: 'f', input_schema: { type: 'object' } }] },
    ],
    [
      'functions of the older form',
      { functions: [{ name: 'f' }], function_call: { name: 'f' } },
      {
        tools: [{ name: 'f', input_schema: { type: 'object', properties: {} } }],
        tool_choice: { type: 'tool', name: 'f' },
      },
    ],
    [
      'a schema of the answer',
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'n', strict: true, schema: { type: 'object' } },
        },
      },
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
    ],
    [
      'JSON of any shape as a hint',
      { response_format: { type: 'json_object' } },
      { system: [{ type: 'text', text: 'Answer with one JSON object and nothing else.' }] },
    ],
  ];
  for (const [name, more, expected] of fields) {
    it(`says ${name}`, () => {
      const { body } = convert('chat', 'anthropic', chat(more));
      for (const [field, value] of Object.entries(expected)) {
        assert.deepEqual(body[field], value, field);
      }
    });
  }

  it('names the user by a hash', () => {
    const { body } = convert('chat', 'anthropic', chat({ user: 'ada@example.com' }));
    assert.match(body.metadata.user_id, /^[0-9a-f]{32}$/);
  });

  it('leaves out what does not go together with thinking', () => {
    const { body, dropped } = convert(
      'chat',
      'anthropic',
      chat({ reasoning_effort: 'high', temperature: 0.2, top_p: 0.5, top_k: 3 }),
    );
    assert.deepEqual(dropped, ['temperature', 'top_k', 'top_p']);
    assert.deepEqual(Object.keys(body).toSorted(), [
      'max_tokens',
      'messages',
      'model',
      'output_config',
      'thinking',
    ]);
  });

  it('thinks although a call is asked for where there are no tools', () => {
    const { body } = convert(
      'chat',
      'anthropic',
      chat({ reasoning_effort: 'high', tool_choice: 'required' }),
    );
    assert.equal(body.thinking.type, 'adaptive');
  });

  it('prefers a call that must be made to thinking', () => {
    const { body, dropped } = convert(
      'chat',
      'anthropic',
      chat({ reasoning_effort: 'high', tools: [tool], tool_choice: 'required' }),
    );
    assert.equal(body.thinking, undefined);
    assert.deepEqual(dropped, ['reasoning_effort']);
  });

  const budgets: readonly (readonly [object, unknown, number])[] = [
    [{}, { type: 'enabled', budget_tokens: 16_384 }, 20_480],
    [{ max_tokens: 10_000 }, { type: 'enabled', budget_tokens: 8000 }, 10_000],
    [{ max_tokens: 1200 }, undefined, 1200],
  ];
  for (const [more, thinking, maxTokens] of budgets) {
    it(`gives thinking by budget its share of ${JSON.stringify(more)}`, () => {
      const { body } = convert('chat', 'anthropic', chat({ reasoning_effort: 'medium', ...more }), {
        thinking: 'budget',
      });
      assert.deepEqual(body.thinking, thinking);
      assert.equal(body.max_tokens, maxTokens);
      assert.equal(body.output_config, undefined);
    });
  }

  it('does not think by budget between a call and its answer', () => {
    const messages = [
      { role: 'user', content: 'go' },
      {
        role: 'assistant',
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: 'x' },
    ];
    const asked = chat({ reasoning_effort: 'medium', messages });
    const byBudget = convert('chat', 'anthropic', asked, { thinking: 'budget' });
    assert.equal(byBudget.body.thinking, undefined);
    assert.deepEqual(byBudget.dropped, ['reasoning_effort']);
    assert.equal(convert('chat', 'anthropic', asked).body.thinking.type, 'adaptive');
  });

  it('asks a model without thinking for none', () => {
    const { body } = convert('chat', 'anthropic', chat({ reasoning_effort: 'high' }), {
      efforts: [],
    });
    assert.equal(body.thinking ?? body.output_config, undefined);
  });

  it('sends signed thoughts back and drops those without a signature', () => {
    const { request } = whole(
      decodeAnthropicRequest(
        body([
          user('hi'),
          assistant([
            { type: 'thinking', thinking: 'a', signature: 's' },
            { type: 'thinking', thinking: 'b', signature: '' },
            { type: 'text', text: 'c' },
          ]),
          user('more'),
        ]),
      ),
    );
    const encoded = whole(encodeAnthropicRequest(request, roomy));
    const [, answer] = (JSON.parse(encoded.body) as { messages: object[] }).messages;
    assert.deepEqual(answer, {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'a', signature: 's' },
        { type: 'text', text: 'c' },
      ],
    });
    assert.deepEqual(encoded.dropped, ['thinking']);
  });
});
