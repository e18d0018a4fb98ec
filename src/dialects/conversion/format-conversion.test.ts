import { deepEqual, equal, ok } from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import type { ConvertedRequest } from '../../core/conversion.ts';
import { CallError } from '../../core/errors.ts';
import { testCall, testHead } from '../../testing/index.ts';
import { renderOpenAiError } from '../openai-error.ts';
import type { ModelDialect } from './answer-events.ts';
import { fixedDeps } from './answers.fixture.ts';
import { FormatConversion, UpstreamHabits } from './format-conversion.ts';
import type { FormatPair } from './format-conversion.ts';

function pair(from: ModelDialect, to: ModelDialect, own: Partial<FormatPair> = {}): FormatPair {
  return {
    from,
    to,
    nameOf: (asked) => asked,
    limits: { maxTokens: undefined, defaultMaxTokens: 100 },
    path: (path) => path,
    bearsKey: true,
    answers: fixedDeps(),
    ...own,
  };
}

const asks: Readonly<Record<ModelDialect, object>> = {
  anthropic: { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] },
  'openai-chat': { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
  'openai-responses': { model: 'm', input: 'Hi' },
};

const bytes = (body: object): Buffer => Buffer.from(JSON.stringify(body));
const sent = ({ body }: ConvertedRequest): Record<string, unknown> =>
  JSON.parse(Buffer.from(body).toString());

function converted(result: ConvertedRequest | CallError): ConvertedRequest {
  if (result instanceof CallError) throw new Error(result.message);
  return result;
}

describe('a request that cannot be put in other words', () => {
  it('fails with the place and the word that clients of OpenAI look at', () => {
    const body = { ...asks['openai-responses'], previous_response_id: 'resp_1' };
    for (const to of ['anthropic', 'openai-chat'] as const) {
      const conversion = new FormatConversion(pair('openai-responses', to));
      const failure = conversion.request(testCall(), bytes(body));
      ok(failure instanceof CallError);
      equal(failure.code, 'CANNOT_CONVERT');
      const { status, body: text } = renderOpenAiError(failure, 'call-1');
      const { error } = JSON.parse(text);
      equal(status, 400);
      deepEqual(
        [error.type, error.code, error.param],
        ['invalid_request_error', 'previous_response_not_found', 'previous_response_id'],
      );
    }
  });

  it('names the place alone where there is no such word', () => {
    const conversion = new FormatConversion(pair('openai-chat', 'anthropic'));
    const failure = conversion.request(testCall(), bytes({ ...asks['openai-chat'], n: 2 }));
    ok(failure instanceof CallError);
    const { error } = JSON.parse(renderOpenAiError(failure, 'call-1').body);
    deepEqual([error.code, error.param], ['cannot_convert', 'n']);
  });
});

describe('what another vendor will not hear', () => {
  it('has the betas that the caller asked for', () => {
    const headers = { 'anthropic-beta': 'a-2025,b-2026' };
    const one = new FormatConversion(pair('anthropic', 'openai-chat'));
    const { dropped, counted } = converted(
      one.request(testCall({ headers }), bytes(asks.anthropic)),
    );
    deepEqual([dropped, counted], [['anthropic-beta'], ['anthropic-beta']]);
    const none = converted(one.request(testCall(), bytes(asks.anthropic)));
    deepEqual(none.dropped, []);
  });

  const cases: readonly (readonly [ModelDialect, ModelDialect, object, object, string[]])[] = [
    ['openai-chat', 'anthropic', { temperature: 1.7 }, { temperature: 1 }, ['temperature']],
    ['openai-chat', 'anthropic', { temperature: 1 }, { temperature: 1 }, []],
    ['openai-chat', 'anthropic', { stop: ['END', ' '] }, { stop_sequences: ['END'] }, ['stop']],
    ['openai-chat', 'anthropic', { stop: ['END'] }, { stop_sequences: ['END'] }, []],
    ['anthropic', 'openai-chat', { stop_sequences: ['', 'END'] }, { stop: ['END'] }, ['stop']],
    [
      'anthropic',
      'openai-chat',
      { output_config: { effort: 'max' } },
      { reasoning_effort: 'high' },
      ['reasoning_effort'],
    ],
    [
      'anthropic',
      'openai-chat',
      { output_config: { effort: 'low' } },
      { reasoning_effort: 'low' },
      [],
    ],
  ];
  for (const [from, to, said, told, lost] of cases) {
    it(`has what is said in another way, and nothing else: ${JSON.stringify(said)}`, () => {
      const conversion = new FormatConversion(pair(from, to, { nameOf: () => 'o3' }));
      const request = converted(conversion.request(testCall(), bytes({ ...asks[from], ...said })));
      deepEqual(request.dropped, lost);
      deepEqual({ ...sent(request), ...told }, sent(request));
    });
  }
});

describe('a server that refuses stream_options', () => {
  const streaming = (from: ModelDialect): Buffer => bytes({ ...asks[from], stream: true });
  const hasOptions = (request: ConvertedRequest): boolean =>
    Object.hasOwn(sent(request), 'stream_options');

  it('is asked without, and from then on by all who share what is known of it', () => {
    const habits = new UpstreamHabits();
    const one = new FormatConversion(pair('anthropic', 'openai-chat', { habits }));
    const other = new FormatConversion(pair('openai-responses', 'openai-chat', { habits }));
    const first = converted(one.request(testCall(), streaming('anthropic')));
    ok(hasOptions(first));
    const { plainer } = first;
    equal(plainer?.isAskedBy('{"error":{"message":"no such model"}}'), false);
    equal(plainer?.isAskedBy('Unrecognized request argument supplied: stream_options'), true);
    const second = converted(plainer.request(testCall(), streaming('anthropic')));
    ok(!hasOptions(second));
    equal(second.plainer, undefined);
    ok(hasOptions(converted(other.request(testCall(), streaming('openai-responses')))));
    plainer.taken();
    for (const [conversion, from] of [
      [one, 'anthropic'],
      [other, 'openai-responses'],
    ] as const) {
      const third = converted(conversion.request(testCall(), streaming(from)));
      ok(!hasOptions(third));
      equal(third.plainer, undefined);
    }
  });

  it('is another one with another configuration', () => {
    const taught = new FormatConversion(pair('anthropic', 'openai-chat'));
    converted(taught.request(testCall(), streaming('anthropic'))).plainer?.taken();
    const fresh = new FormatConversion(pair('anthropic', 'openai-chat'));
    ok(hasOptions(converted(fresh.request(testCall(), streaming('anthropic')))));
  });

  it('has nothing to refuse where the field is not sent', () => {
    const document = new FormatConversion(pair('anthropic', 'openai-chat'));
    equal(converted(document.request(testCall(), bytes(asks.anthropic))).plainer, undefined);
    const limits = { maxTokens: undefined, defaultMaxTokens: 9, streamUsage: false };
    const told = new FormatConversion(pair('anthropic', 'openai-chat', { limits }));
    equal(converted(told.request(testCall(), streaming('anthropic'))).plainer, undefined);
    const messages = new FormatConversion(pair('openai-chat', 'anthropic'));
    equal(converted(messages.request(testCall(), streaming('openai-chat'))).plainer, undefined);
  });
});

describe('the answer to a converted request', () => {
  for (const lenient of [false, true]) {
    it(`may lack its closing only where the route is lenient: ${lenient}`, () => {
      const conversion = new FormatConversion(pair('anthropic', 'openai-chat'));
      const call = testCall({ route: { lenient } });
      const body = bytes({ ...asks.anthropic, stream: true });
      const { answer } = converted(conversion.request(call, body));
      let text = '';
      const head = testHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'r' });
      const back = answer?.(head, {
        head: ({ headers }) => equal(headers.get('request-id'), 'r'),
        text: (more) => (text += more),
      });
      const choices = [{ index: 0, delta: { content: 'a' }, finish_reason: 'stop' }];
      back?.push(Buffer.from(`data: ${JSON.stringify({ id: 'c', choices })}\n\n`));
      equal(back?.finish()?.code, lenient ? undefined : 'STREAM_TRUNCATED');
      equal(text.includes('message_stop'), lenient);
    });
  }
});
