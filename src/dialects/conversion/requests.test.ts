import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isProblem } from './model-request.ts';
import {
  claudeCodeBody,
  codexBody,
  conversation,
  convert,
  decoders,
  formats,
} from './requests.fixture.ts';

describe('one conversation in three formats', () => {
  for (const from of formats) {
    for (const to of formats) {
      it(`of ${from} becomes that of ${to}`, () => {
        const { body } = convert(from, to, conversation[from]);
        const expected = structuredClone<unknown>(conversation[to]) as typeof body;
        // What the formats on the way cannot say: that a result is an error, stop, the split of
        // a system prompt.
        if (to === 'anthropic' && from !== 'anthropic') {
          const [first, second] = expected.messages[2].content;
          assert.equal(first.content, '21 C');
          delete second.is_error;
          second.content = 'Error: gone';
        }
        if (to === 'anthropic') {
          expected.system = [{ type: 'text', text: 'You are terse.\n\nAnswer in English.' }];
        }
        if (from === 'responses') {
          delete expected.stop;
          delete expected.stop_sequences;
        }
        if (from === 'responses' && to === 'chat') {
          expected.tools[0].function.strict = false;
        }
        assert.deepEqual(body, expected);
      });
    }
  }
});

describe('a request of Claude Code', () => {
  it('reaches a chat upstream without what only Anthropic understands, and that is said', () => {
    const { body, dropped, names } = convert('anthropic', 'chat', claudeCodeBody(), {
      model: 'gpt-5',
      maxTokens: 32_000,
      efforts: ['low', 'medium', 'high'],
    });
    // Its `xhigh` becomes `high`.
    assert.deepEqual(dropped, [
      'cache_control',
      'context_management',
      'reasoning_effort',
      'thinking',
    ]);
    assert.equal(body.model, 'gpt-5');
    assert.equal(body.max_completion_tokens, 32_000);
    assert.equal(body.reasoning_effort, 'high');
    assert.deepEqual(
      body.messages.map((message: { role: string }) => message.role),
      ['system', 'user', 'system', 'assistant', 'tool'],
    );
    assert.match(body.messages[0].content, /^You are an agent for the command line\.\n\nRead/);
    assert.equal(body.messages[2].content, 'The plan mode is off.');
    assert.equal(names.length, 1);
    assert.equal(body.tools[0].function.name, names[0]?.[0]);
    assert.equal(names[0]?.[1], claudeCodeBody().tools?.[0]?.['name' as never]);
    assert.doesNotMatch(JSON.stringify(body), /billing|user_1_account|signed/);
  });

  it('is near the size that was seen on the wire', () => {
    const size = JSON.stringify(claudeCodeBody()).length;
    assert.ok(size > 70_000 && size < 90_000, String(size));
  });
});

describe('a request of Codex', () => {
  it('reaches a chat upstream with its patch tool as a function of one text', () => {
    const { body, dropped } = convert('responses', 'chat', codexBody());
    assert.deepEqual(dropped, ['local_shell', 'reasoning', 'verbosity', 'web_search']);
    assert.deepEqual(body.tools[1], {
      type: 'function',
      function: {
        name: 'apply_patch',
        description: 'Edits files.\n\nThe input must match this lark grammar:\nstart: "x"',
        parameters: {
          type: 'object',
          properties: { input: { type: 'string' } },
          required: ['input'],
          additionalProperties: false,
        },
      },
    });
    assert.equal(body.tools.length, 2);
    const [, , , answer, ...results] = body.messages;
    assert.deepEqual(
      answer.tool_calls.map((call: { function: unknown }) => call.function),
      [
        { name: 'exec_command', arguments: '{"cmd":"ls"}' },
        { name: 'apply_patch', arguments: '{"input":"*** Begin Patch\\n*** End Patch"}' },
      ],
    );
    assert.deepEqual(results, [
      { role: 'tool', tool_call_id: 'call_a', content: 'a.ts' },
      { role: 'tool', tool_call_id: 'call_b', content: 'Done' },
    ]);
  });

  it('reaches Anthropic with both calls in one turn and both results in the next', () => {
    const { body } = convert('responses', 'anthropic', codexBody());
    assert.deepEqual(
      body.messages.map((message: { role: string; content: { type: string }[] }) => [
        message.role,
        message.content.map(({ type }) => type),
      ]),
      [
        ['user', ['text', 'text']],
        ['assistant', ['tool_use', 'tool_use']],
        ['user', ['tool_result', 'tool_result']],
      ],
    );
    assert.deepEqual(
      body.system.map(({ text }: { text: string }) => text),
      ['You are Codex.', '<permissions>all</permissions>'],
    );
    assert.deepEqual(body.thinking, { type: 'adaptive', display: 'summarized' });
    assert.deepEqual(body.output_config, { effort: 'medium' });
    assert.equal(body.max_tokens, 4096);
    assert.equal(body.tool_choice.type, 'auto');
  });
});

describe('a body that is no object', () => {
  for (const body of [null, [], 'text', 7, true, undefined]) {
    it(`${JSON.stringify(body)} is refused`, () => {
      for (const format of formats) assert.ok(isProblem(decoders[format](body)));
    });
  }
});
