import { deepEqual, equal, match } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { isErrorDocument, salesforceError } from './salesforce-error.ts';

const masked = 'Prompt size exceeds the token limit for when PII is enabled';
const long = 'prompt is too long: 250000 tokens > 200000 maximum';

/** Status, body, and what it comes to: class, status, message. */
const cases: readonly [string, number, string, readonly [string, number, string]][] = [
  [
    'the documented object',
    400,
    '{"errorCode":"BAD_ARGUMENT","message":"no content","messageCode":"E30020"}',
    ['bad-request', 400, 'no content'],
  ],
  [
    'snake case',
    404,
    '{"error_code":"NOT_FOUND","message":"no such model","message_code":"E1"}',
    ['not-found', 404, 'no such model'],
  ],
  [
    'a list, as the core REST API has it',
    401,
    '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
    ['authentication', 401, 'Session expired or invalid'],
  ],
  ['the limit of data masking', 400, error('BAD_ARGUMENT', masked, 'E30036'), overflow(masked)],
  [
    'its code without its words',
    400,
    error('BAD_ARGUMENT', 'too much', 'E30036'),
    overflow('too much'),
  ],
  [
    'its code in snake case',
    400,
    '{"error_code":"X","message":"too much","message_code":"E30036"}',
    overflow('too much'),
  ],
  ['its words without its code', 500, error('INTERNAL', masked), overflow(masked)],
  ['a context overflow of the provider', 400, error('BAD_ARGUMENT', long), overflow(long)],
  [
    'the error of Anthropic behind it',
    400,
    `{"type":"error","error":{"type":"invalid_request_error","message":"${long}"}}`,
    overflow(long),
  ],
  [
    'the error of OpenAI behind it',
    400,
    '{"error":{"message":"too much","type":"x","code":"context_length_exceeded"}}',
    overflow('too much'),
  ],
  [
    'an error inside the message',
    400,
    error('BAD_ARGUMENT', JSON.stringify({ error: { message: long } })),
    overflow(long),
  ],
  ['a busy server', 423, error('BUSY', 'later'), ['overloaded', 503, 'later']],
  ['a head of many fields', 431, error('LONG', 'cookies'), ['too-large', 431, 'cookies']],
  ['a limit', 429, error('LIMIT', 'slow down'), ['rate-limit', 429, 'slow down']],
  ['a daily limit', 403, '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"x"}]', quota()],
  ['a missing scope', 403, error('FORBIDDEN', 'scope'), ['permission', 403, 'scope']],
  ['a wrong type', 415, error('UNSUPPORTED', 'multipart'), ['bad-request', 415, 'multipart']],
  ['a broken server', 500, error('INTERNAL', 'oops'), ['server', 500, 'oops']],
  ['a server without capacity', 503, '', said('overloaded', 503)],
  ['a slow server', 504, ' ', said('timeout', 504)],
  [
    'a page of the edge',
    502,
    '\n<html><head><title>\nBad\n Gateway</title></head></html>',
    ['server', 502, 'The service answered with a page: Bad Gateway'],
  ],
  ['a page without a title', 502, '<html></html>', said('server', 502)],
  ['plain text', 500, ' upstream connect error ', ['server', 500, 'upstream connect error']],
  [
    'the token endpoint',
    400,
    '{"error":"invalid_grant","error_description":"no client credentials user enabled"}',
    ['bad-request', 400, 'no client credentials user enabled'],
  ],
  ['a code alone', 400, '{"error":"invalid_client"}', ['bad-request', 400, 'invalid_client']],
  ['an error in place of a success', 200, error('X', 'busy'), ['overloaded', 503, 'busy']],
  ['a refusal in its place', 200, error('BAD_ARGUMENT', 'no'), ['bad-request', 400, 'no']],
  ['a broken model', 424, error('MODEL', 'died'), ['server', 502, 'died']],
];

function error(errorCode: string, message: string, messageCode?: string): string {
  return JSON.stringify({ errorCode, message, messageCode });
}

function overflow(message: string): readonly [string, number, string] {
  return ['context-overflow', 400, message];
}

function quota(): readonly [string, number, string] {
  return ['quota', 403, 'x'];
}

function said(kind: string, status: number): readonly [string, number, string] {
  return [kind, status, `The service answered with status ${status}.`];
}

describe('a 404 of the Models API', () => {
  it('names the two things that it can mean, unless its code says which', () => {
    const bare = salesforceError(404, '{"error_code":"NOT_FOUND","message":"Not Found"}');
    equal(bare.class, 'not-found');
    match(
      bare.message,
      /^Not Found \(.* models that it does not have, and to tokens that are no JWT\)$/,
    );
    const coded = '{"errorCode":"NOT_FOUND","message":"No such model","messageCode":"E30010"}';
    equal(salesforceError(404, coded).message, 'No such model');
  });
});

describe('errors of Salesforce', () => {
  for (const [name, status, body, [kind, shown, message]] of cases) {
    it(`are understood as ${name} (${status})`, () => {
      deepEqual(salesforceError(status, body), { class: kind, status: shown, message });
    });
  }

  it('are cut when they are longer than anybody reads', () => {
    equal(salesforceError(500, 'x'.repeat(50_000)).message.length, 2_000);
  });

  it('always have a class, a status and words, whatever comes', () => {
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('<', '[', '[{}]', '{"error":{}}'),
    );
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), body, (status, text) => {
        const { status: shown, message } = salesforceError(status, text);
        equal(shown >= 400 && message !== '', true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are told from answers', () => {
    for (const text of [error('A', 'b'), `[${error('A', 'b')}]`, '{"error":"x"}', '{"error":{}}']) {
      equal(isErrorDocument(JSON.parse(text)), true, text);
    }
    for (const text of ['{"generation":{}}', '{"embeddings":[]}', '[]', '3', '{"error":null}']) {
      equal(isErrorDocument(JSON.parse(text)), false, text);
    }
  });
});
