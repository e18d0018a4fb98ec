import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeChatRequest } from './decode-chat-request.ts';
import { encodeAnthropicRequest } from './encode-anthropic-request.ts';
import { encodeChatRequest } from './encode-chat-request.ts';
import { convert, problem, roomy, whole, type Body } from './requests.fixture.ts';

const chat = (messages: readonly unknown[], more: object = {}): object => ({
  model: 'm',
  messages,
  ...more,
});
const call = (id: string, args: unknown = '{}', name = 'f'): object => ({
  id,
  type: 'function',
  function: { name, arguments: args },
});
const calls = (...ids: string[]): object => ({
  role: 'assistant',
  content: null,
  tool_calls: ids.map((id) => call(id)),
});
const result = (id: string, content: unknown = 'r'): object => ({
  role: 'tool',
  tool_call_id: id,
  content,
});
const user = { role: 'user', content: 'hi' };
const toAnthropic = (...messages: object[]): Body =>
  convert('chat', 'anthropic', chat(messages)).body;

describe('messages of Chat as those of Anthropic', () => {
  it('merge equal roles, results first', () => {
    const { messages } = toAnthropic(
      user,
      {
        role: 'user',
        content: [
          { type: 'text', text: '' },
          { type: 'text', text: 'you' },
        ],
      },
      calls('a', 'b'),
      { role: 'user', content: 'late' },
      result('b'),
      result('a', [{ type: 'text', text: 'x' }]),
    );
    assert.deepEqual(messages, [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'hi' },
          { type: 'text', text: 'you' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'a', name: 'f', input: {} },
          { type: 'tool_use', id: 'b', name: 'f', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'x' },
          { type: 'tool_result', tool_use_id: 'b', content: 'r' },
          { type: 'text', text: 'late' },
        ],
      },
    ]);
  });

  it('begin with the user even where they began otherwise', () => {
    for (const first of [
      { role: 'assistant', content: 'yes ' },
      { role: 'system', content: 's' },
    ]) {
      const { messages } = toAnthropic(first);
      assert.deepEqual(messages[0], { role: 'user', content: [{ type: 'text', text: 'Begin.' }] });
    }
  });

  it('end without white space where the model shall go on', () => {
    const { messages } = toAnthropic(user, { role: 'assistant', content: 'So: \n' });
    assert.equal(messages[1].content[0].text, 'So:');
  });

  it('give a call without result one, and a result without call to the user as text', () => {
    const { messages } = toAnthropic(user, calls('a'), user, result('zz'));
    assert.deepEqual(messages[2].content, [
      { type: 'tool_result', tool_use_id: 'a', content: 'no result', is_error: true },
      { type: 'text', text: 'hi' },
      { type: 'text', text: 'Result of tool call zz:' },
      { type: 'text', text: 'r' },
    ]);
  });

  const leading = { role: 'developer', content: 'lead' };
  it('keep later system turns in place, marked where the upstream knows none', () => {
    const json = chat([leading, user, { role: 'system', content: 'late' }]);
    const kept = convert('chat', 'anthropic', json, { laterSystem: true }).body;
    assert.deepEqual(kept.messages[1], {
      role: 'system',
      content: [{ type: 'text', text: 'late' }],
    });
    const { body } = convert('chat', 'anthropic', json, { laterSystem: false });
    assert.deepEqual(body.system, [{ type: 'text', text: 'lead' }]);
    assert.equal(body.messages[0].content[1].text, '<system>\nlate\n</system>');
  });

  const argumentRows: readonly (readonly [unknown, unknown])[] = [
    ['', {}],
    ['{"a":1}', { a: 1 }],
    [{ a: 1 }, { a: 1 }],
    ['{"a":', { _raw: '{"a":' }],
    ['[1]', { _raw: '[1]' }],
    ['7', { _raw: '7' }],
  ];
  for (const [args, input] of argumentRows) {
    it(`read arguments ${JSON.stringify(args)} as ${JSON.stringify(input)}`, () => {
      const { messages } = toAnthropic(user, { role: 'assistant', tool_calls: [call('a', args)] });
      assert.deepEqual(messages[1].content[0].input, input);
    });
  }

  it('keep every digit of long numbers in arguments', () => {
    const args = '{"id":12345678901234567890,"x":0.1234567890123456789}';
    const { request } = whole(
      decodeChatRequest(chat([user, { role: 'assistant', tool_calls: [call('a', args)] }])),
    );
    const { body } = whole(encodeAnthropicRequest(request, roomy));
    assert.ok(body.includes(`"input":${args}`), body);
  });

  it('have legal ids, each once', () => {
    const { messages } = toAnthropic(
      user,
      calls('call:1', 'call:1'),
      result('call:1', 'x'),
      result('call:1', 'y'),
      calls('call:1'),
      result('call:1', 'z'),
    );
    const ids = [1, 3].flatMap((at) => messages[at].content.map((block: Body) => block.id));
    const answered = [2, 4].flatMap((at) => messages[at].content);
    assert.equal(new Set(ids).size, 3);
    for (const id of ids) assert.match(id, /^[\w-]+$/);
    assert.deepEqual(
      answered.map((block: Body) => [block.tool_use_id, block.content]),
      [
        [ids[0], 'x'],
        [ids[1], 'y'],
        [ids[2], 'z'],
      ],
    );
  });

  it('of the older form pair functions by name', () => {
    const { messages } = toAnthropic(
      user,
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'x' },
    );
    assert.equal(messages[1].content[0].id, 'call_1');
    assert.deepEqual(messages[2].content, [
      { type: 'tool_result', tool_use_id: 'call_1', content: 'x' },
    ]);
  });

  it('carry images and files', () => {
    const { messages } = toAnthropic({
      role: 'user',
      content: [
        { type: 'image_url', image_url: { url: 'https://a/b.png', detail: 'auto' } },
        { type: 'image_url', image_url: { url: 'data:image/GIF;base64,AA' } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,BB' } },
        { type: 'file', file: { file_data: 'data:text/plain;base64,aGk=' } },
      ],
    });
    assert.deepEqual(messages[0].content, [
      { type: 'image', source: { type: 'url', url: 'https://a/b.png' } },
      { type: 'image', source: { type: 'base64', media_type: 'image/gif', data: 'AA' } },
      {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'BB' },
        title: 'a.pdf',
      },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'hi' } },
    ]);
  });
});

describe('reading a request of Chat', () => {
  it('names what it drops, and is silent about what says nothing', () => {
    const { dropped } = whole(
      decodeChatRequest(
        chat([{ ...user, name: 'ada' }], {
          seed: 1,
          logit_bias: {},
          presence_penalty: 0,
          frequency_penalty: null,
          logprobs: false,
          top_logprobs: 2,
          audio: { voice: 'x' },
          modalities: ['text', 'audio'],
          service_tier: 'auto',
          store: true,
          prompt_cache_key: 'k',
          n: 1,
          tools: [{ type: 'web_search' }],
        }),
      ),
    );
    assert.deepEqual(dropped, [
      'audio',
      'logit_bias',
      'modalities',
      'name',
      'presence_penalty',
      'seed',
      'top_logprobs',
      'web_search',
    ]);
  });

  it('takes tools of free text, their calls and their grammar', () => {
    const { request } = whole(
      decodeChatRequest(
        chat(
          [
            user,
            {
              role: 'assistant',
              tool_calls: [{ id: 'a', type: 'custom', custom: { name: 'p', input: 'x' } }],
            },
          ],
          {
            tools: [
              {
                type: 'custom',
                custom: {
                  name: 'p',
                  format: { type: 'grammar', grammar: { syntax: 'regex', definition: 'x+' } },
                },
              },
            ],
            tool_choice: { type: 'custom', custom: { name: 'p' } },
          },
        ),
      ),
    );
    assert.equal(request.tools[0]?.freeText, true);
    assert.deepEqual(request.tools[0].grammar, { syntax: 'regex', definition: 'x+' });
    assert.deepEqual(request.toolChoice, { kind: 'tool', name: 'p' });
    assert.deepEqual(request.turns[1]?.parts, [
      { kind: 'tool-call', id: 'a', name: 'p', argumentsJson: '{"input":"x"}' },
    ]);
  });

  it('keeps a refusal as what was said and drops thoughts by name', () => {
    const said = { role: 'assistant', content: null, reasoning_content: 'hm' };
    const { request, dropped } = whole(
      decodeChatRequest(chat([user, { ...said, refusal: 'No.' }, { ...said, refusal: '' }])),
    );
    assert.deepEqual(
      request.turns.slice(1).map(({ parts }) => parts),
      [[{ kind: 'text', text: 'No.' }], []],
    );
    assert.deepEqual(dropped, ['reasoning_content']);
  });

  it('announces a temperature that a model refuses, unless it is the default', () => {
    for (const [temperature, dropped] of [
      [0.5, ['temperature']],
      [1, []],
    ] as const) {
      const json = chat([user], { temperature });
      assert.deepEqual(convert('chat', 'chat', json, { sampling: false }).dropped, dropped);
    }
  });

  it('leaves only the tools that may be chosen', () => {
    const tools = ['f', 'g'].map((name) => ({ type: 'function', function: { name } }));
    const { request } = whole(
      decodeChatRequest(
        chat([user], {
          tools,
          tool_choice: {
            type: 'allowed_tools',
            allowed_tools: { mode: 'required', tools: [tools[1], { type: 'mcp' }] },
          },
        }),
      ),
    );
    assert.deepEqual(
      request.tools.map(({ name }) => name),
      ['g'],
    );
    assert.deepEqual(request.toolChoice, { kind: 'any' });
  });

  const faults: readonly (readonly [string, object, RegExp])[] = [
    ['several answers', { n: 2 }, /^n: this upstream gives one answer a request/],
    ['no messages', { messages: undefined }, /^messages: must be a list/],
    ['an unknown role', { messages: [{ role: 'x' }] }, /^messages\.0\.role: must be system, /],
    ['a result without id', { messages: [{ role: 'tool' }] }, /^messages\.0\.tool_call_id: must/],
    [
      'a file that is kept elsewhere',
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'f' } }] }] },
      /^messages\.0\.content\.0\.file: a file id means something/,
    ],
    [
      'audio',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] },
      /^messages\.0\.content\.0: audio cannot be sent/,
    ],
    [
      'a data url that is no base64',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,a' } }] },
        ],
      },
      /^messages\.0\.content\.0\.image_url: a data url must be in base64/,
    ],
    ['a choice that is none', { tool_choice: 'maybe' }, /^tool_choice: must be auto, none/],
    ['a tool without function', { tools: [{ type: 'function' }] }, /^tools\.0\.function: must/],
  ];
  for (const [name, more, message] of faults) {
    it(`refuses ${name}`, () => {
      assert.match(problem(decodeChatRequest(chat([user], more))).message, message);
    });
  }
});

describe('writing a request for Chat', () => {
  const anthropic = (more: object, ...messages: object[]): object => ({
    model: 'claude',
    max_tokens: 100,
    messages: messages.length === 0 ? [user] : messages,
    ...more,
  });
  const tool = { name: 'f', input_schema: { type: 'object' } };
  const fields: readonly (readonly [string, object, object, object])[] = [
    ['the limit within the model', {}, { maxTokens: 50 }, { max_completion_tokens: 50 }],
    ['the limit by its older name', {}, { maxTokensField: 'max_tokens' }, { max_tokens: 100 }],
    ['at least one token', { max_tokens: 0 }, {}, { max_completion_tokens: 1 }],
    ['four stops', { stop_sequences: [...'abcde'] }, {}, { stop: [...'abcd'] }],
    ['no stop for none', { stop_sequences: [] }, {}, { stop: undefined }],
    ['no top_k', { top_k: 5 }, {}, { top_k: undefined }],
    [
      'no temperature to a model that thinks',
      { temperature: 0.5 },
      { sampling: false },
      { temperature: undefined },
    ],
    ['a temperature', { temperature: 0.5, top_p: 0.1 }, {}, { temperature: 0.5, top_p: 0.1 }],
    [
      'the nearest effort',
      { output_config: { effort: 'max' } },
      { efforts: ['none', 'low', 'high'] },
      { reasoning_effort: 'high' },
    ],
    [
      'no effort to a model without',
      { output_config: { effort: 'max' } },
      { efforts: [] },
      { reasoning_effort: undefined },
    ],
    [
      'nothing of no thinking to a model that knows no such word',
      { thinking: { type: 'disabled' } },
      { efforts: ['low', 'high'] },
      { reasoning_effort: undefined },
    ],
    [
      'the form of the answer',
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      {},
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'response', schema: { type: 'object' } },
        },
      },
    ],
    [
      'usage at the end of a stream',
      { stream: true },
      {},
      { stream_options: { include_usage: true } },
    ],
    [
      'no usage where that is refused',
      { stream: true },
      { streamUsage: false },
      { stream: true, stream_options: undefined },
    ],
    ['nothing of streams for a document', {}, {}, { stream: undefined, stream_options: undefined }],
    [
      'a choice only beside tools',
      { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
      {},
      { tool_choice: undefined, parallel_tool_calls: undefined },
    ],
    [
      'a tool that must be called',
      { tools: [tool], tool_choice: { type: 'any', disable_parallel_tool_use: false } },
      {},
      { tool_choice: 'required', parallel_tool_calls: undefined },
    ],
    [
      'one tool',
      { tools: [tool], tool_choice: { type: 'tool', name: 'f' } },
      {},
      { tool_choice: { type: 'function', function: { name: 'f' } } },
    ],
    ['no tool', { tools: [tool], tool_choice: { type: 'none' } }, {}, { tool_choice: 'none' }],
  ];
  for (const [name, more, limits, expected] of fields) {
    it(`says ${name}`, () => {
      const { body } = convert('anthropic', 'chat', anthropic(more), limits);
      for (const [field, value] of Object.entries(expected)) {
        assert.deepEqual(body[field], value, field);
      }
    });
  }

  const used = (id: string): object => ({
    role: 'assistant',
    content: [{ type: 'tool_use', id, name: 'f', input: {} }],
  });
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA' } };

  it('moves images of results into the user message behind all results', () => {
    const { messages } = convert(
      'anthropic',
      'chat',
      anthropic({}, user, used('a'), {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: [image], is_error: true },
          { type: 'text', text: 'See?' },
        ],
      }),
    ).body;
    assert.deepEqual(messages.slice(1), [
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      {
        role: 'tool',
        tool_call_id: 'a',
        content: 'Error: The result is in the next user message.',
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Result of tool call a:' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
          { type: 'text', text: 'See?' },
        ],
      },
    ]);
  });

  it('folds later system turns into the user where the server knows only a first one', () => {
    const { messages } = convert(
      'anthropic',
      'chat',
      anthropic({}, user, { role: 'system', content: 's' }, user, { role: 'system', content: 't' }),
      { laterSystem: false },
    ).body;
    assert.deepEqual(messages, [
      { role: 'user', content: 'hi' },
      { role: 'user', content: '<system>\ns\n</system>\n\nhi' },
      { role: 'user', content: '<system>\nt\n</system>' },
    ]);
  });

  it('refuses a document by url', () => {
    const { request } = whole(
      decodeChatRequest(
        chat([{ role: 'user', content: [{ type: 'input_file', file_url: 'https://a/b.pdf' }] }]),
      ),
    );
    assert.match(
      problem(encodeChatRequest(request, roomy)).message,
      /^messages: a document by url cannot be sent .*base64$/,
    );
  });
});
