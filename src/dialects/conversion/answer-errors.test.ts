import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AnswerError, ErrorClass } from './answer-events.ts';
import { modelDialects } from './answers.fixture.ts';
import { decodeError } from './decode-error.ts';
import { encodeError } from './encode-error.ts';
import { statusOfClass } from './error-classes.ts';

const openAi = (type: string | null, code: string | number | null, message = 'words'): string =>
  JSON.stringify({ error: { message, type, param: null, code } });
const anthropic = (type: string, message = 'words', more: object = {}): string =>
  JSON.stringify({ type: 'error', error: { type, message, ...more }, request_id: 'req_1' });

const errorOf = (kind: ErrorClass, message = 'words'): AnswerError => ({
  class: kind,
  message,
  status: statusOfClass[kind],
});

describe('errors of upstreams', () => {
  const cases: readonly (readonly [ErrorClass, number, string])[] = [
    ['bad-request', 400, anthropic('invalid_request_error')],
    ['authentication', 401, anthropic('authentication_error')],
    ['quota', 402, anthropic('billing_error')],
    ['permission', 403, anthropic('permission_error')],
    ['not-found', 404, anthropic('not_found_error')],
    ['conflict', 409, anthropic('conflict_error')],
    ['conflict', 409, openAi('invalid_request_error', 'conflict')],
    ['conflict', 409, openAi(null, null)],
    ['too-large', 413, anthropic('request_too_large')],
    ['rate-limit', 429, anthropic('rate_limit_error')],
    [
      'quota',
      429,
      anthropic('rate_limit_error', 'x', {
        details: { error_code: 'enforced_spend_limit_reached' },
      }),
    ],
    ['server', 500, anthropic('api_error')],
    ['overloaded', 503, anthropic('api_error')],
    ['timeout', 504, anthropic('timeout_error')],
    ['overloaded', 529, anthropic('overloaded_error')],
    [
      'context-overflow',
      400,
      anthropic('invalid_request_error', 'prompt is too long: 9 tokens > 8 maximum'),
    ],
    [
      'context-overflow',
      400,
      anthropic('invalid_request_error', 'input length and `max_tokens` exceed context limit: 1'),
    ],
    ['bad-request', 400, openAi('invalid_request_error', null)],
    ['authentication', 401, openAi('invalid_request_error', 'invalid_api_key')],
    ['authentication', 401, openAi('invalid_request_error', null)],
    ['permission', 403, openAi('request_forbidden', 'unsupported_country_region_territory')],
    ['not-found', 404, openAi('invalid_request_error', 'model_not_found')],
    ['context-overflow', 400, openAi('invalid_request_error', 'context_length_exceeded')],
    [
      'context-overflow',
      400,
      openAi('BadRequestError', 400, 'maximum context length is 4096 tokens'),
    ],
    ['rate-limit', 429, openAi('tokens', 'rate_limit_exceeded')],
    ['rate-limit', 429, openAi(null, null, 'too many tokens of your maximum context length')],
    ['quota', 429, openAi('insufficient_quota', 'insufficient_quota')],
    ['server', 502, openAi('server_error', null)],
    ['overloaded', 503, openAi('service_unavailable_error', 'server_is_overloaded')],
    ['bad-request', 422, '{"detail":[{"loc":["body"]}]}'],
    ['timeout', 408, ''],
    ['overloaded', 503, '<html><h1>503 Service Unavailable</h1></html>'],
  ];

  it('have the class that their code, words, type and status tell', () => {
    for (const [kind, status, body] of cases) {
      for (const dialect of ['anthropic', 'openai-chat'] as const) {
        if (dialect !== 'anthropic' && body.includes('details')) continue;
        const error = decodeError(dialect, status, body);
        equal(error.class, kind, `${status} ${body}`);
        equal(error.status, status);
      }
    }
  });

  it('keep their words as they were', () => {
    const words = 'Rate limit "reached"\nfor <b>gpt</b>. Please try again in 1.5s.';
    equal(decodeError('openai-chat', 429, openAi('tokens', null, words)).message, words);
    equal(decodeError('anthropic', 429, anthropic('rate_limit_error', words)).message, words);
    equal(decodeError('openai-chat', 500, JSON.stringify({ error: words })).message, words);
    equal(decodeError('openai-chat', 500, JSON.stringify({ message: words })).message, words);
    equal(decodeError('openai-chat', 500, JSON.stringify({ detail: words })).message, words);
  });

  it('that are pages are shown as text without tags', () => {
    const page = `<html><head><style>b { x: y }</style><script>if (a < b) {}</script></head>
      <body><h1>502&nbsp;Bad Gateway</h1><p>${'long '.repeat(100)}</p></body>`;
    const { class: kind, message } = decodeError('anthropic', 502, page);
    equal(kind, 'server');
    match(message, /^502&nbsp;Bad Gateway long/);
    equal(message.length, 200);
    equal(decodeError('anthropic', 502, '').message, 'The upstream answered 502 without a word.');
    ok(decodeError('anthropic', 502, '<'.repeat(1_000_000)).message.length <= 200);
  });
});

describe('errors for callers', () => {
  const table: Readonly<Record<ErrorClass, readonly [number, string, number, string | null]>> = {
    'bad-request': [400, 'invalid_request_error', 400, null],
    authentication: [401, 'authentication_error', 401, 'invalid_api_key'],
    permission: [403, 'permission_error', 403, 'forbidden'],
    'not-found': [404, 'not_found_error', 404, 'model_not_found'],
    conflict: [409, 'conflict_error', 409, 'conflict'],
    'too-large': [413, 'request_too_large', 413, 'request_too_large'],
    'context-overflow': [400, 'invalid_request_error', 400, 'context_length_exceeded'],
    'rate-limit': [429, 'rate_limit_error', 429, 'rate_limit_exceeded'],
    quota: [402, 'billing_error', 429, 'insufficient_quota'],
    server: [500, 'api_error', 500, 'server_error'],
    overloaded: [529, 'overloaded_error', 503, 'service_unavailable'],
    timeout: [504, 'timeout_error', 504, 'timeout'],
  };

  for (const [kind, [status, type, openAiStatus, code]] of Object.entries(table)) {
    it(`of class ${kind} have status, type and code of their format`, () => {
      const error = errorOf(kind as ErrorClass);
      const told = encodeError('anthropic', error, 'req_9');
      equal(told.status, status);
      const body = JSON.parse(told.body);
      equal(body.type, 'error');
      equal(body.error.type, type);
      equal(body.request_id, 'req_9');
      for (const dialect of ['openai-chat', 'openai-responses'] as const) {
        const other = encodeError(dialect, error, 'req_9');
        equal(other.status, openAiStatus);
        equal(JSON.parse(other.body).error.code, code);
        equal(JSON.parse(other.body).error.message, 'words');
      }
    });
  }

  it('keep their class from format to format', () => {
    for (const kind of Object.keys(statusOfClass) as ErrorClass[]) {
      for (const dialect of modelDialects) {
        const { status, body } = encodeError(dialect, errorOf(kind), 'r');
        equal(decodeError(dialect, status, body).class, kind, `${kind} ${dialect}`);
      }
    }
  });

  it('say an overflow in the sentence that Claude Code knows', () => {
    const sentence = (message: string): string =>
      JSON.parse(encodeError('anthropic', errorOf('context-overflow', message), 'r').body).error
        .message;
    const numbers = 'prompt is too long: 140339 tokens > 128000 maximum';
    deepEqual(
      [
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 140339 tokens. Please reduce the length.",
        "This model's maximum context length is 128,000 tokens. However, you requested 140,339 tokens (139339 in the messages, 1000 in the completion).",
        "This model's maximum context length is 128000 tokens. However, your request has 140339 input tokens.",
        'The input token count (140339) exceeds the maximum number of tokens allowed (128000).',
        'request (140339 tokens) exceeds the available context size (128000 tokens), try increasing it',
        numbers,
      ].map(sentence),
      Array.from({ length: 6 }, () => numbers),
    );
    const wordsOnly = 'Your input exceeds the context window of this model.';
    equal(sentence(wordsOnly), `prompt is too long. ${wordsOnly}`);
  });
});
