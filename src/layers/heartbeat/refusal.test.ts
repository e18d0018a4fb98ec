import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dialect } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import { dialectByName } from '../../dialects/dialects.ts';
import { refusalEvents } from './refusal.ts';

const timedOut = new CallError('FIRST_BYTE_TIMEOUT');

function dialect(name: string): Dialect {
  const found = dialectByName(name);
  assert.ok(found);
  return found;
}

/** One event as a client reads it. */
interface Told {
  readonly name: string | undefined;
  readonly data: {
    readonly error?: { readonly message?: string };
    readonly response?: { readonly status?: string; readonly error?: object };
  };
}

/** The events said for this error body. */
function told(name: string, text: string): Told[] {
  const events = refusalEvents(dialect(name), timedOut, 'call-1', text) ?? '';
  return events
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const lines = event.split('\n');
      const field = (name: string) =>
        lines.find((line) => line.startsWith(name))?.slice(name.length);
      return { name: field('event: '), data: JSON.parse(field('data: ') ?? '') as Told['data'] };
    });
}

const tooLong = {
  message: 'prompt is too long: 208310 tokens > 200000 maximum',
  type: 'invalid_request_error',
};

describe('the events of a refusal', () => {
  it('carry an Anthropic error to the letter', () => {
    const body = { type: 'error', error: tooLong, request_id: 'req_1' };
    assert.deepEqual(told('anthropic', JSON.stringify(body)), [{ name: 'error', data: body }]);
  });

  it('carry an OpenAI error to the letter, without a name', () => {
    const error = { ...tooLong, param: 'messages', code: 'context_length_exceeded' };
    assert.deepEqual(told('openai-chat', JSON.stringify({ error })), [
      { name: undefined, data: { error } },
    ]);
  });

  it('tell the SDKs and Codex apart in the Responses form, with the code in both', () => {
    const error = { ...tooLong, code: 'context_length_exceeded' };
    const [first, second] = told('openai-responses', JSON.stringify({ error }));
    assert.equal(first?.name, 'error');
    assert.deepEqual(first?.data.error, error);
    assert.equal(second?.name, 'response.failed');
    const response = second?.data.response;
    assert.equal(response?.status, 'failed');
    assert.deepEqual(response?.error, { code: error.code, message: error.message });
  });

  it('find the words of servers that put them elsewhere', () => {
    const bodies = [
      { object: 'error', message: 'no room', type: 'BadRequestError', code: 400 },
      { error: 'no room' },
      { detail: 'no room' },
    ];
    for (const body of bodies) {
      const [said] = told('openai-chat', JSON.stringify(body));
      assert.equal(said?.data.error?.message, 'no room');
    }
    const [said] = told('anthropic', '{"detail":"no room"}');
    assert.deepEqual(said?.data, {
      type: 'error',
      error: { type: 'api_error', message: 'no room' },
    });
  });

  it('are worded by the dialect where the body has no words', () => {
    for (const text of [
      '',
      '<html>',
      'null',
      '[]',
      '{"error":null}',
      '{"error":{"code":1}}',
      '7',
    ]) {
      assert.match(JSON.stringify(told('anthropic', text)), /timeout_error/, text);
    }
  });

  it('are not there for dialects without a form', () => {
    for (const name of ['sse', 'plain', 'ndjson']) {
      assert.deepEqual(told(name, '{"error":"x"}'), []);
    }
  });

  it('stay one event each, whatever the words contain', () => {
    const message = 'a\n\ndata: [DONE]\r\r\u2028é';
    const [said, ...more] = told('openai-chat', JSON.stringify({ error: { message } }));
    assert.deepEqual(said?.data, { error: { message } });
    assert.deepEqual(more, []);
  });
});
