import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelRequest, Turn } from '../conversion/model-request.ts';
import {
  defaultDocumentedRequestOptions,
  documentedRequest,
  needsNativeSurface,
} from './documented-request.ts';
import type { DocumentedRequest, DocumentedRequestOptions } from './documented-request.ts';
import { isRequestProblem } from './request-problem.ts';

const MODEL = 'sfdc_ai__DefaultGPT4Omni';

const plain: ModelRequest = {
  model: 'gpt-4o',
  turns: [],
  tools: [],
  toolChoice: undefined,
  parallelTools: undefined,
  maxTokens: undefined,
  temperature: undefined,
  topP: undefined,
  topK: undefined,
  stop: [],
  effort: undefined,
  wantsReasoning: false,
  format: undefined,
  user: undefined,
  stream: false,
  includeUsage: false,
};

const text = (said: string): { kind: 'text'; text: string } => ({ kind: 'text', text: said });
const user = (...said: string[]): Turn => ({ role: 'user', parts: said.map(text) });
const system = (...said: string[]): Turn => ({ role: 'system', parts: said.map(text) });
const assistant = (...said: string[]): Turn => ({ role: 'assistant', parts: said.map(text) });
const image = {
  kind: 'image',
  source: { kind: 'url', url: 'https://example.com/a.png' },
} as const;
const tool = {
  name: 'f',
  description: undefined,
  schema: {},
  strict: undefined,
  freeText: false,
} as const;

function convert(
  request: Partial<ModelRequest>,
  options: Partial<DocumentedRequestOptions> = {},
): ReturnType<typeof documentedRequest> {
  const all = { ...defaultDocumentedRequestOptions, ...options };
  return documentedRequest({ ...plain, ...request }, MODEL, all);
}

function made(
  request: Partial<ModelRequest>,
  options: Partial<DocumentedRequestOptions> = {},
): DocumentedRequest {
  const result = convert(request, options);
  ok(!isRequestProblem(result), JSON.stringify(result));
  return result;
}

function messages(turns: Turn[], options: Partial<DocumentedRequestOptions> = {}): unknown {
  return (JSON.parse(made({ turns }, options).body) as { messages: unknown }).messages;
}

function problem(
  request: Partial<ModelRequest>,
  options: Partial<DocumentedRequestOptions> = {},
): string {
  const result = convert(request, options);
  ok(isRequestProblem(result), JSON.stringify(result));
  equal(result.status, 400);
  return result.message;
}

describe('a request for the documented surface', () => {
  it('is a list of roles and texts', () => {
    const request = made({
      turns: [system('Be brief.'), user('a', 'b'), assistant('c'), user('d')],
    });
    equal(request.path, `/einstein/platform/v1/models/${MODEL}/chat-generations`);
    deepEqual(JSON.parse(request.body), {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'a\n\nb' },
        { role: 'assistant', content: 'c' },
        { role: 'user', content: 'd' },
      ],
    });
    deepEqual(request.dropped, []);
  });

  it('merges turns of one role and passes over empty ones', () => {
    deepEqual(messages([user('a'), assistant(''), user('b'), user('')]), [
      { role: 'user', content: 'a\n\nb' },
    ]);
  });

  it('adds members of the configuration, which never replace the conversation', () => {
    const members = { tags: { team: 'qa' }, messages: [] };
    deepEqual(JSON.parse(made({ turns: [user('a')] }, { members }).body), {
      tags: { team: 'qa' },
      messages: [{ role: 'user', content: 'a' }],
    });
  });

  it('names what only tunes the answer and leaves it out', () => {
    const request = made({
      turns: [user('a')],
      maxTokens: 5,
      temperature: 0,
      topP: 1,
      topK: 3,
      effort: 'low',
      user: 'u',
      wantsReasoning: true,
      stop: ['x'],
      stream: true,
      toolChoice: { kind: 'none' },
      tools: [tool],
      parallelTools: true,
    });
    deepEqual(request.dropped, [
      'effort',
      'max_tokens',
      'parallel_tool_calls',
      'temperature',
      'thinking',
      'tool_choice',
      'tools',
      'top_k',
      'top_p',
      'user',
    ]);
    deepEqual(Object.keys(JSON.parse(request.body) as object), ['messages']);
  });

  it('can be one prompt', () => {
    const options = { endpoint: 'generations' } as const;
    const single = made({ turns: [user('Hi')] }, options);
    equal(single.path, `/einstein/platform/v1/models/${MODEL}/generations`);
    deepEqual(JSON.parse(single.body), { prompt: 'Hi' });
    const talk = made({ turns: [system('s'), user('a'), assistant('b'), user('c')] }, options);
    deepEqual(JSON.parse(talk.body), {
      prompt: 'System: s\n\nUser: a\n\nAssistant: b\n\nUser: c\n\nAssistant:',
    });
  });
});

describe('what the documented surface cannot say', () => {
  const seen: Turn = { role: 'user', parts: [text('look'), image] };

  it('is refused where the answer would be another one', () => {
    match(problem({ turns: [seen] }), /^messages: .*not image blocks/);
    match(problem({ turns: [user('a')], tools: [tool] }), /^tools: /);
    const format = { kind: 'json-object' } as const;
    match(problem({ turns: [user('a')], format }), /^response_format: /);
    match(problem({ turns: [user('a'), assistant('{')] }), /^messages: the last message/);
  });

  it('is left out and named where the configuration says so', () => {
    const drop = { unsupported: 'drop', tools: 'drop' } as const;
    const request = made(
      {
        turns: [seen, assistant('{')],
        tools: [tool],
        format: { kind: 'json-object' },
      },
      drop,
    );
    deepEqual(JSON.parse(request.body), { messages: [{ role: 'user', content: 'look' }] });
    deepEqual(request.dropped, ['image', 'prefill', 'response_format', 'tools']);
  });

  it('leaves nothing to ask', () => {
    const nothing = /at least one message of the user/;
    match(problem({ turns: [] }), nothing);
    match(problem({ turns: [system('x')] }), nothing);
    match(problem({ turns: [{ role: 'user', parts: [image] }] }, { unsupported: 'drop' }), nothing);
    match(problem({ turns: [assistant('x')] }, { unsupported: 'drop' }), nothing);
  });

  it('tells requests that the native surface can answer', () => {
    const request = (members: Partial<ModelRequest>): ModelRequest => ({ ...plain, ...members });
    equal(needsNativeSurface(request({ turns: [user('a')] })), false);
    equal(needsNativeSurface(request({ tools: [tool], toolChoice: { kind: 'none' } })), false);
    equal(needsNativeSurface(request({ tools: [tool] })), true);
    equal(needsNativeSurface(request({ turns: [seen] })), true);
    const gave = (content: (typeof image | ReturnType<typeof text>)[]): Turn => ({
      role: 'user',
      parts: [{ kind: 'tool-result', id: 't1', content, isError: false }],
    });
    equal(needsNativeSurface(request({ turns: [gave([image])] })), true);
    equal(needsNativeSurface(request({ turns: [gave([text('x')])] })), false);
    equal(needsNativeSurface(request({ format: { kind: 'json-object' } })), true);
  });
});

describe('tools of earlier turns on the documented surface', () => {
  const turns: Turn[] = [
    user('What is it?'),
    {
      role: 'assistant',
      parts: [
        { kind: 'reasoning', text: 'hm', signature: undefined },
        text('I will look.'),
        { kind: 'tool-call', id: 't1', name: 'read', argumentsJson: '{"a":1}' },
      ],
    },
    {
      role: 'user',
      parts: [
        { kind: 'tool-result', id: 't1', content: [text('no'), text('such')], isError: true },
        text('Go on.'),
      ],
    },
  ];

  it('become text', () => {
    deepEqual(messages(turns), [
      { role: 'user', content: 'What is it?' },
      { role: 'assistant', content: 'I will look.\n\n[tool_use t1] read {"a":1}' },
      { role: 'user', content: '[tool_result t1] Error: no\n\nsuch\n\nGo on.' },
    ]);
    deepEqual(made({ turns }).dropped, ['thinking']);
  });

  it('are refused with images in their results', () => {
    const result: Turn = {
      role: 'user',
      parts: [{ kind: 'tool-result', id: 't1', content: [image], isError: false }],
    };
    match(problem({ turns: [result] }), /not image blocks/);
    deepEqual(messages([result], { unsupported: 'drop' }), [
      { role: 'user', content: '[tool_result t1]' },
    ]);
  });
});

describe('what the system says in mid-conversation', () => {
  const turns = [system('a'), user('b'), system('c'), assistant('d'), user('e'), system('f')];

  it('stays in its place, but the user has the last word', () => {
    deepEqual(messages(turns), [
      { role: 'system', content: 'a' },
      { role: 'user', content: 'b' },
      { role: 'system', content: 'c' },
      { role: 'assistant', content: 'd' },
      { role: 'user', content: 'e\n\n<system>f</system>' },
    ]);
  });

  it('is a beginning as long as nobody else has spoken', () => {
    const start = [system('a'), system('b'), user('c')];
    deepEqual(messages(start, { laterSystem: 'fold' }), [
      { role: 'system', content: 'a\n\nb' },
      { role: 'user', content: 'c' },
    ]);
    deepEqual(messages([user('c'), system('d'), user('e')], { laterSystem: 'fold' }), [
      { role: 'user', content: 'c\n\n<system>d</system>\n\ne' },
    ]);
  });

  it('goes into the words of the user where a model refuses it', () => {
    deepEqual(messages(turns, { laterSystem: 'fold' }), [
      { role: 'system', content: 'a' },
      { role: 'user', content: 'b\n\n<system>c</system>' },
      { role: 'assistant', content: 'd' },
      { role: 'user', content: 'e\n\n<system>f</system>' },
    ]);
  });
});
