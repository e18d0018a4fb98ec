// Which answers are read, by their head alone.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerForm } from './answer-form.ts';
import { dialectByName, dialectNames } from './dialects.ts';
import { bytesOf, headWith } from './scan.fixture.ts';

const events = { 'content-type': 'text/event-stream' };
const modelDialects = ['anthropic', 'openai-chat', 'openai-responses'];

describe('the form of an answer', () => {
  it('follows its content type, whatever its case and parameters', () => {
    const forms: [string, string][] = [
      ['text/event-stream', 'events'],
      ['Text/Event-Stream; charset=UTF-8', 'events'],
      ['application/json', 'json'],
      ['application/problem+json; charset=utf-8', 'json'],
      ['application/x-ndjson', 'lines'],
      ['application/x-jsonl', 'lines'],
      ['text/html; charset=utf-8', 'text'],
      ['application/octet-stream', 'binary'],
      ['audio/mpeg', 'binary'],
    ];
    for (const [type, form] of forms) {
      assert.equal(answerForm(headWith({ 'Content-Type': type })), form, type);
    }
    assert.equal(answerForm(headWith({})), 'text');
  });

  it('is none where the end of the body says nothing', () => {
    for (const status of [100, 204, 205, 301, 304, 400, 429, 500, 529]) {
      assert.equal(answerForm(headWith(events, { status })), 'none', String(status));
    }
    assert.equal(answerForm(headWith(events, { framing: 'none' })), 'none');
  });

  it('is unreadable when it is compressed', () => {
    assert.equal(answerForm(headWith({ ...events, 'content-encoding': 'gzip' })), 'encoded');
    assert.equal(answerForm(headWith({ ...events, 'content-encoding': 'Identity' })), 'events');
  });
});

describe('an answer of a foreign type', () => {
  const judged = (type: string | undefined, strict: boolean, status = 200) =>
    modelDialects.map((name) => {
      const fields = type === undefined ? {} : { 'content-type': type };
      return dialectByName(name)?.judgeHead?.(headWith(fields, { status }), 'POST', strict)?.code;
    });
  const refused = modelDialects.map(() => 'UNEXPECTED_TYPE');
  const taken = modelDialects.map(() => undefined);

  it('is none to a completion: a page of a proxy is no words of a model', () => {
    assert.deepEqual(judged('text/html; charset=utf-8', true), refused);
    assert.deepEqual(judged('application/octet-stream', true), refused);
  });

  it('is one where other calls are made, or the upstream is lenient', () => {
    assert.deepEqual(judged('audio/mpeg', false), taken);
  });

  it('is taken by its words when it is an error, and for JSON when it may be', () => {
    assert.deepEqual(judged('text/html', true, 503), taken);
    for (const type of [undefined, 'text/plain', 'application/json', 'text/event-stream']) {
      assert.deepEqual(judged(type, true), taken);
    }
  });
});

describe('the scanner of a head', () => {
  it('exists for no error and no answer without a body, in any dialect', () => {
    for (const name of dialectNames) {
      const dialect = dialectByName(name);
      for (const status of [204, 304, 404, 500]) {
        assert.equal(dialect?.scannerFor(headWith(events, { status }), false), undefined);
      }
      const head = headWith(events, { framing: 'none' });
      assert.equal(dialect?.scannerFor(head, true), undefined);
    }
  });

  it('sees an empty 200 even where it can read nothing', () => {
    const unreadable = [
      { ...events, 'content-encoding': 'br' },
      { 'content-type': 'text/html' },
      {},
    ];
    for (const name of [...modelDialects, 'sse', 'ndjson']) {
      for (const fields of unreadable) {
        for (const lenient of [false, true]) {
          const scanner = dialectByName(name)?.scannerFor(headWith(fields), lenient);
          assert.equal(scanner?.finish(), 'EMPTY_ANSWER', `${name} ${JSON.stringify(fields)}`);
          assert.equal(scanner?.progress.atBoundary, false);
          scanner?.scan(bytesOf('x'), 0, 1);
          assert.equal(scanner?.finish(), undefined);
          assert.equal(scanner?.progress.atBoundary, false);
        }
      }
    }
  });

  it('calls an empty 201 or 202 complete', () => {
    for (const status of [201, 202]) {
      for (const fields of [{}, { 'content-type': 'application/json' }]) {
        const scanner = dialectByName('anthropic')?.scannerFor(headWith(fields, { status }), false);
        assert.equal(scanner?.finish(), undefined);
      }
    }
  });

  it('leaves everything but event streams and JSON lines alone in plain HTTP', () => {
    for (const type of ['text/html', 'application/json', 'image/png']) {
      const head = headWith({ 'content-type': type });
      assert.equal(dialectByName('plain')?.scannerFor(head, false), undefined);
    }
    assert.notEqual(dialectByName('plain')?.scannerFor(headWith(events), false), undefined);
  });
});
