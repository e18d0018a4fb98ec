// What each dialect says to callers: errors, errors inside streams, heartbeats.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Dialect } from '../core/dialect.ts';
import { Progress } from '../core/dialect.ts';
import { errorTable } from '../core/error-table.ts';
import type { ErrorCode } from '../core/errors.ts';
import { CallError } from '../core/errors.ts';
import { anthropicErrorType } from './anthropic.ts';
import { dialectByName, dialectNames } from './dialects.ts';
import { anthropicEvents, chatEvents, responsesEvents } from './samples.ts';
import { bytesOf, scannerOf } from './scan.fixture.ts';

const EVENTS = 'text/event-stream';
const cut = new CallError('STREAM_CUT', { cause: new Error('secret at 10.0.0.1') });

function named(name: string): Dialect {
  const dialect = dialectByName(name);
  if (dialect === undefined) throw new Error(`no dialect ${name}`);
  return dialect;
}

/** Progress after the first `count` events. */
function after(dialect: string, events: readonly string[], count: number): Progress {
  const scanner = scannerOf(dialect, EVENTS);
  const bytes = bytesOf(events.slice(0, count).join(''));
  scanner.scan(bytes, 0, bytes.length);
  return scanner.progress;
}

function dataOf(event: string | undefined): Record<string, unknown> {
  const data = /^data: (.*)$/m.exec(event ?? '')?.[1] ?? '{}';
  assert.match(event ?? '', /^(event: [\w.]+\n)?data: [^\n]+\n\n$/);
  return JSON.parse(data) as Record<string, unknown>;
}

describe('the registry', () => {
  it('knows every dialect by its own name', () => {
    assert.deepEqual(dialectNames, [
      'anthropic',
      'openai-chat',
      'openai-responses',
      'servicenow',
      'ndjson',
      'sse',
      'plain',
    ]);
    for (const name of dialectNames) assert.equal(named(name).name, name);
    assert.equal(dialectByName('Anthropic'), undefined);
  });
});

describe('an error as an answer', () => {
  it('is JSON with a sendable status, the advice and the call, in every dialect', () => {
    for (const name of dialectNames) {
      for (const code of Object.keys(errorTable) as ErrorCode[]) {
        const error = new CallError(code, { detail: 'Detail "x".', cause: new Error('secret') });
        const { status, contentType, body } = named(name).renderError(error, 'call-7');
        assert.ok(status >= 400 && status <= 599, `${name} ${code}: ${status}`);
        assert.equal(contentType, 'application/json');
        assert.doesNotThrow(() => JSON.parse(body));
        assert.ok(body.includes('call-7') && body.includes('Detail'), body);
        assert.ok(body.includes(JSON.stringify(errorTable[code].advice).slice(1, -1)), body);
        assert.ok(!body.includes('secret'), body);
      }
    }
  });

  it('ends what a platform said of it with a full stop, and nothing twice', () => {
    for (const name of ['anthropic', 'openai-chat', 'servicenow']) {
      for (const detail of ['connect ECONNREFUSED ::1:80', 'connect ECONNREFUSED ::1:80.']) {
        const error = new CallError('CONNECT_FAILED', { detail });
        assert.match(named(name).renderError(error, 'c').body, /ECONNREFUSED ::1:80\. Check/);
      }
    }
  });

  it('has the type that Anthropic clients know for its status', () => {
    const types: [number, string][] = [
      [400, 'invalid_request_error'],
      [401, 'authentication_error'],
      [403, 'permission_error'],
      [404, 'not_found_error'],
      [408, 'invalid_request_error'],
      [413, 'request_too_large'],
      [429, 'rate_limit_error'],
      [500, 'api_error'],
      [502, 'api_error'],
      [503, 'api_error'],
      [504, 'timeout_error'],
      [529, 'overloaded_error'],
    ];
    for (const [status, type] of types) assert.equal(anthropicErrorType(status), type);
    const { body } = named('anthropic').renderError(new CallError('NO_ROUTE'), 'call-7');
    const told = JSON.parse(body);
    assert.deepEqual(
      [told.type, told.error.type, told.request_id],
      ['error', 'not_found_error', 'call-7'],
    );
  });

  it('has the type and code that OpenAI clients act on', () => {
    const codes: [ErrorCode, string, string][] = [
      ['NO_ROUTE', 'invalid_request_error', 'model_not_found'],
      ['BUG', 'server_error', 'server_error'],
      ['CONNECT_FAILED', 'server_error', 'connect_failed'],
      ['FIRST_BYTE_TIMEOUT', 'server_error', 'first_byte_timeout'],
    ];
    for (const name of ['openai-chat', 'openai-responses']) {
      for (const [code, type, told] of codes) {
        const { error } = JSON.parse(named(name).renderError(new CallError(code), 'c').body);
        assert.deepEqual([error.type, error.code, error.param], [type, told, null]);
      }
    }
  });
});

describe('an error inside a stream', () => {
  const streams: [string, readonly string[]][] = [
    ['anthropic', anthropicEvents],
    ['openai-chat', chatEvents],
    ['openai-responses', responsesEvents],
  ];

  it('is never put inside an event, nor behind the end of an answer', () => {
    for (const [name, events] of streams) {
      const bytes = bytesOf(events.join(''));
      const scanner = scannerOf(name, EVENTS);
      for (let at = 0; at < bytes.length; at += 1) {
        scanner.scan(bytes, at, at + 1);
        const { progress } = scanner;
        if (progress.atBoundary && !progress.terminal) continue;
        assert.equal(named(name).inStreamError(cut, progress), undefined, `${name} at ${at}`);
        assert.equal(named(name).heartbeat(progress, true), undefined, `${name} at ${at}`);
      }
    }
  });

  it('is told to Messages callers only once a block is complete', () => {
    const stop = anthropicEvents.findIndex((event) => event.includes('content_block_stop'));
    for (let count = 0; count < anthropicEvents.length; count += 1) {
      const words = named('anthropic').inStreamError(
        cut,
        after('anthropic', anthropicEvents, count),
      );
      assert.equal(words !== undefined, count > stop, `after ${count} events`);
      if (words === undefined) continue;
      assert.match(words, /^event: error\n/);
      const { type, error } = dataOf(words) as { type: string; error: { type: string } };
      assert.deepEqual([type, error.type], ['error', 'api_error']);
    }
  });

  it('is told to Chat callers at any point, and never as [DONE]', () => {
    for (let count = 0; count < chatEvents.length - 1; count += 1) {
      const words = named('openai-chat').inStreamError(
        cut,
        after('openai-chat', chatEvents, count),
      );
      const { error } = dataOf(words) as { error: { type: string; code: string } };
      assert.deepEqual([error.type, error.code], ['server_error', 'stream_cut']);
      assert.ok(!words?.includes('DONE'));
    }
  });

  it('is told to Responses callers as a failed response with the next number', () => {
    const dialect = named('openai-responses');
    assert.equal(dialect.inStreamError(cut, new Progress()), undefined);
    const words = dialect.inStreamError(cut, after('openai-responses', responsesEvents, 5));
    const event = dataOf(words) as { sequence_number: number; response: Record<string, unknown> };
    assert.match(words ?? '', /^event: response\.failed\n/);
    assert.equal(event.sequence_number, 5);
    assert.equal(event.response['id'], 'resp_68af4030baa48193b0b43b4c2a176a1a0e5adff9');
    assert.equal(event.response['model'], 'gpt-5-codex');
    assert.equal(event.response['status'], 'failed');
  });

  it('never tells causes, and ends no stream as if it were whole', () => {
    for (const [name, events] of streams) {
      for (let count = 1; count < events.length; count += 1) {
        const progress = after(name, events, count);
        const words = named(name).inStreamError(cut, progress);
        if (words === undefined) continue;
        assert.ok(!words.includes('secret'));
        const scanner = scannerOf(name, EVENTS);
        const bytes = bytesOf(events.slice(0, count).join('') + words);
        scanner.scan(bytes, 0, bytes.length);
        assert.notEqual(scanner.progress.errorType, undefined);
        assert.equal(scanner.progress.atBoundary, true);
      }
    }
  });

  it('is a destroyed connection where no form is agreed', () => {
    for (const name of ['sse', 'ndjson', 'plain']) {
      assert.equal(named(name).inStreamError(cut, new Progress()), undefined);
    }
  });
});

describe('a heartbeat', () => {
  it('is a comment before the first event, and in chats and generic streams always', () => {
    for (const name of ['anthropic', 'openai-chat', 'openai-responses', 'sse']) {
      assert.equal(named(name).heartbeat(new Progress(), false), ': hb\n', name);
    }
    const started = after('openai-chat', chatEvents, 2);
    assert.equal(named('openai-chat').heartbeat(started, true), ': hb\n');
    assert.equal(named('sse').heartbeat(new Progress(), true), ': hb\n');
  });

  it('is a ping in a Messages stream', () => {
    const words = named('anthropic').heartbeat(after('anthropic', anthropicEvents, 1), true);
    assert.deepEqual(dataOf(words), { type: 'ping' });
  });

  it('is a keepalive with the last number in a Responses stream', () => {
    const dialect = named('openai-responses');
    const words = dialect.heartbeat(after('openai-responses', responsesEvents, 4), true);
    assert.deepEqual(dataOf(words), { type: 'keepalive', sequence_number: 3 });
    assert.equal(dialect.heartbeat(new Progress(), true), ': hb\n');
  });

  it('changes nothing in how the stream is read on', () => {
    const streams: [string, readonly string[]][] = [
      ['anthropic', anthropicEvents],
      ['openai-chat', chatEvents],
      ['openai-responses', responsesEvents],
    ];
    for (const [name, events] of streams) {
      const plain = after(name, events, events.length);
      const beaten = events.map((event, at) => {
        const beat = named(name).heartbeat(after(name, events, at), at > 0) ?? '';
        return beat + event;
      });
      const found = after(name, beaten, beaten.length);
      assert.deepEqual({ ...found, pings: 0 }, { ...plain, pings: 0 });
      assert.equal(found.pings, plain.pings + events.length);
    }
  });

  it('is nothing where nothing is safe', () => {
    for (const name of ['ndjson', 'plain']) {
      assert.equal(named(name).heartbeat(new Progress(), true), undefined);
    }
    const inside = new Progress();
    inside.atBoundary = false;
    assert.equal(named('sse').heartbeat(inside, true), undefined);
  });
});
