import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { objectText, rawItems, rawMembers } from './json-slices.ts';
import { fittedNativeRequest, nativeRequest } from './native-request.ts';
import type { NativeRequest, NativeRequestOptions } from './native-request.ts';
import { isRequestProblem } from './request-problem.ts';

const ALIAS = 'sfdc_ai__DefaultBedrockAnthropicClaude45Sonnet';

function convert(
  body: string | object,
  betas?: string,
  options: Partial<NativeRequestOptions> = {},
): NativeRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const made = nativeRequest(text, ALIAS, betas, { ...fittedNativeRequest, ...options });
  ok(!isRequestProblem(made), JSON.stringify(made));
  return made;
}

const hello = { role: 'user', content: 'Hello' };

describe('a request for the native surface', () => {
  it('asks for no more tokens than the model takes', () => {
    const asked = { max_tokens: 128_000, messages: [hello] };
    const of = (maxTokens: number | undefined): unknown =>
      JSON.parse(convert(asked, undefined, { maxTokens }).body).max_tokens;
    equal(of(64_000), 64_000);
    equal(of(200_000), 128_000);
    equal(of(undefined), 128_000);
  });

  it('names the model in its path and nowhere else', () => {
    const made = convert({
      model: 'claude-sonnet-4-5',
      max_tokens: 9,
      stream: true,
      messages: [hello],
    });
    equal(made.path, `/ai/gpt/v1/model/${ALIAS}/invoke-with-response-stream`);
    deepEqual(JSON.parse(made.body), {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 9,
      messages: [hello],
    });
    equal(made.stream, true);
    deepEqual(made.dropped, []);
  });

  it('goes to another path when it asks for no stream', () => {
    equal(convert({ messages: [hello] }).path, `/ai/gpt/v1/model/${ALIAS}/invoke`);
    equal(convert({ messages: [hello], stream: false }).stream, false);
  });

  it('cannot leave its path by the name of its model', () => {
    const made = nativeRequest('{"messages":[]}', '../../secret?x=1', undefined);
    ok(!isRequestProblem(made));
    equal(made.path, '/ai/gpt/v1/model/..%2F..%2Fsecret%3Fx%3D1/invoke');
  });

  it('passes everything else byte for byte', () => {
    const body =
      '{ "model":"m", "new_field" : {"big":12345678901234567890, "one":1.0,"s":"\\u00e9\\"}"},' +
      '"messages":[{"role":"user","content":[{"type":"text","text":"a", "n":1e400}]}],"stream":true}';
    equal(
      convert(body).body,
      '{"anthropic_version":"bedrock-2023-05-31",' +
        '"new_field":{"big":12345678901234567890, "one":1.0,"s":"\\u00e9\\"}"},' +
        '"messages":[{"role":"user","content":[{"type":"text","text":"a", "n":1e400}]}]}',
    );
  });

  it('carries the betas of header and body, each once', () => {
    const made = convert({ messages: [], anthropic_beta: ['b', 'c'] }, 'a, b,,');
    deepEqual((JSON.parse(made.body) as { anthropic_beta: unknown }).anthropic_beta, [
      'a',
      'b',
      'c',
    ]);
    const some = convert({ messages: [] }, 'a,x', { betas: ['a'] });
    deepEqual((JSON.parse(some.body) as { anthropic_beta: unknown }).anthropic_beta, ['a']);
    deepEqual(some.dropped, ['anthropic-beta']);
  });

  it('leaves out with a beta what it would have unlocked', () => {
    const asked = { messages: [], context_management: { edits: [] }, mcp_servers: [] };
    const betas = 'context-management-2025-06-27,mcp-client-2025-11-20';
    equal(convert(asked, betas).body.includes('mcp_servers'), true);
    const made = convert(asked, betas, { betas: ['context-management-2025-06-27'] });
    deepEqual(Object.keys(JSON.parse(made.body) as object), [
      'anthropic_version',
      'messages',
      'context_management',
      'anthropic_beta',
    ]);
    deepEqual(made.dropped, ['anthropic-beta', 'mcp_servers']);
  });

  it('keeps sampling from models that refuse it', () => {
    const asked = { temperature: 0.5, top_p: 0.9, top_k: 3, messages: [] };
    deepEqual(convert(asked).dropped, []);
    const made = convert(asked, undefined, { sampling: false });
    deepEqual(made.dropped, ['temperature', 'top_k', 'top_p']);
    equal(made.body, '{"anthropic_version":"bedrock-2023-05-31","messages":[]}');
  });

  it('does not tell another vendor what Claude Code tells Anthropic for its books', () => {
    const block = (text: string): object => ({ type: 'text', text });
    const attribution = block('x-anthropic-billing-header: cc_version=2.1.329;');
    const prompt = '{"type":"text" , "text":"You are an agent.", "n":1.0}';
    const body = `{"system":[${JSON.stringify(attribution)}, ${prompt}],"messages":[]}`;
    const made = convert(body);
    equal(
      made.body,
      `{"anthropic_version":"bedrock-2023-05-31","system":[${prompt}],"messages":[]}`,
    );
    deepEqual(made.dropped, []);
    equal(convert({ system: [attribution], messages: [] }).body.includes('system'), false);
    const texts = { system: 'x-anthropic-billing-header: a text of one’s own', messages: [] };
    equal(convert(texts).body.includes('own'), true);
  });

  it('is refused when its body is no request', () => {
    for (const body of ['', '[]', '{', '{"messages":"x"}', 'null']) {
      ok(isRequestProblem(nativeRequest(body, ALIAS, undefined)), body);
    }
  });

  it('says of thinking what the model takes, and leaves the rest of the members alone', () => {
    const made = convert(
      '{"messages":[],"output_config":{"format":{"n":1.0},"effort":"max"},' +
        '"thinking":{"type":"adaptive"},"max_tokens":100000}',
      undefined,
      { thinking: { form: 'budget', efforts: [], isSure: true }, maxTokens: 20_000 },
    );
    equal(
      made.body,
      '{"anthropic_version":"bedrock-2023-05-31","messages":[],' +
        '"output_config":{"format":{"n":1.0}},' +
        '"thinking":{"type":"enabled","budget_tokens":16000},"max_tokens":20000}',
    );
    deepEqual(made.dropped, []);
  });

  it('adds an effort where a budget was, with or without a place for it', () => {
    const thinking = { form: 'adaptive', efforts: ['low', 'medium'], isSure: true } as const;
    const body = { messages: [], thinking: { type: 'enabled', budget_tokens: 10_000 } };
    const config = (more: object): unknown => {
      const made = convert({ ...body, ...more }, undefined, { thinking });
      deepEqual(made.dropped, ['thinking.budget_tokens']);
      return (JSON.parse(made.body) as { output_config: unknown }).output_config;
    };
    deepEqual(config({}), { effort: 'medium' });
    deepEqual(config({ output_config: { format: {} } }), { format: {}, effort: 'medium' });
    deepEqual(config({ output_config: { effort: 'low' } }), { effort: 'low' });
  });
});

const thought = { type: 'thinking', thinking: 'hm', signature: 'x==' };
const hidden = { type: 'redacted_thinking', data: 'y' };
const call = { type: 'tool_use', id: 't1', name: 'f', input: { id: 1 } };
const result = { type: 'tool_result', tool_use_id: 't1', content: 'ok' };
const history = [
  hello,
  { role: 'assistant', content: [thought, { type: 'text', text: 'Hi' }] },
  hello,
  { role: 'assistant', content: [hidden, thought] },
  { role: 'user', content: [{ type: 'text', text: 'use "thinking"' }] },
  { role: 'assistant', content: [thought, call] },
  { role: 'user', content: [result] },
];

describe('thoughts of earlier turns', () => {
  it('are left out, except those of the tool calls under way', () => {
    const made = convert({ messages: history });
    deepEqual((JSON.parse(made.body) as { messages: unknown }).messages, [
      hello,
      { role: 'assistant', content: [{ type: 'text', text: 'Hi' }] },
      hello,
      { role: 'user', content: [{ type: 'text', text: 'use "thinking"' }] },
      { role: 'assistant', content: [thought, call] },
      { role: 'user', content: [result] },
    ]);
    deepEqual(made.dropped, ['messages.thinking']);
  });

  it('leave the turns around them byte for byte', () => {
    const odd = '{"role" : "user", "content":[{"type":"text", "text":"x", "n":9007199254740993}]}';
    const signed = JSON.stringify(thought);
    const turn = `{"role":"assistant","content":[${signed}, {"type":"text","n":1.0}]}`;
    const made = convert(`{"messages":[${odd},${turn},${odd}]}`);
    equal(
      made.body,
      '{"anthropic_version":"bedrock-2023-05-31","messages":[' +
        `${odd},{"role":"assistant","content":[{"type":"text","n":1.0}]},${odd}]}`,
    );
  });
});

describe('slices of JSON', () => {
  it('give back every object and list, printed in any way', () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.json());
    const indent = fc.constantFrom(0, 1, '\t');
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), indent, (object, space) => {
        const text = JSON.stringify(object, undefined, space);
        deepEqual(JSON.parse(objectText(rawMembers(text))), JSON.parse(text));
        const list = Object.values(object);
        const items = rawItems(JSON.stringify(list, undefined, space));
        deepEqual(
          items.map((item) => JSON.parse(item) as unknown),
          JSON.parse(JSON.stringify(list)),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('take the later of two members with one name, as JSON.parse does', () => {
    equal(objectText(rawMembers('{"a":1,"\\u0061":2}')), '{"a":2}');
  });

  it('end on anything', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',') }),
        (text) => {
          rawItems(text);
        },
      ),
    );
  });
});
