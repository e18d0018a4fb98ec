import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HeadFault, Progress, Scanner } from '../../core/dialect.ts';
import { errorTable } from '../../core/error-table.ts';
import { CallError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { outcomeOfEvent } from '../../core/outcome.ts';
import { bytesOf, headWith, lend, lendCut, slots } from '../scan.fixture.ts';
import { ServiceNowScanner } from './service-now-scanner.ts';
import { serviceNowDialect } from './service-now.ts';

const JSON_TYPE = { 'content-type': 'application/json;charset=UTF-8' };

function scanner(fields: Record<string, string> = JSON_TYPE, status: number = 200): Scanner {
  const found = serviceNowDialect.scannerFor(headWith(fields, { status }), false);
  if (found === undefined) throw new Error('no scanner');
  return found;
}

interface Reading {
  readonly progress: Progress;
  readonly verdict: ReturnType<Scanner['finish']>;
  readonly fault: HeadFault | undefined;
}

function read(text: string): Reading {
  const reader = new ServiceNowScanner(true);
  lend(reader, bytesOf(text));
  return { progress: reader.progress, verdict: reader.finish(), fault: reader.fault };
}

const failure = (message: string): object => ({
  error: { message, detail: 'no more' },
  status: 'failure',
});
const row = { sys_id: '0a1b', error: { message: 'a row’s own' }, status: 'failure' };
const CANCELLED = 'Transaction cancelled: maximum execution time exceeded';

/** Documents and the failure in them. */
const documents: readonly (readonly [string, unknown, string | undefined])[] = [
  ['rows, whatever stands in them', { result: [row, row] }, undefined],
  ['a record', { result: row }, undefined],
  ['no rows', { result: [] }, undefined],
  ['rows and a failure', { result: [row], ...failure(CANCELLED) }, 'transaction_cancelled'],
  ['a failure in front of rows', { ...failure('Odd'), result: [row] }, 'failure'],
  ['a failure alone', failure('No Record found'), 'failure'],
  ['an error without a status', { result: [], error: { message: 'Odd' } }, 'failure'],
  ['a status without an error', { result: [], status: 'failure' }, 'failure'],
  ['a rate rule', failure('Rate limit exceeded'), 'rate_limit_exceeded'],
  ['an empty error object', { result: [], error: {} }, 'failure'],
  ['an error that is a word', { error: 'access_denied' }, 'failure'],
  ['errors that are none', { result: [], error: null, status: 'success' }, undefined],
  ['an error that is empty', { result: [], error: '' }, undefined],
  ['an error that is false', { result: [], error: false }, undefined],
  ['a list', [failure('in a list')], undefined],
];

describe('a ServiceNow document', () => {
  for (const [name, value, type] of documents) {
    const text = JSON.stringify(value);
    it(`is read at every split: ${name}`, () => {
      const whole = read(text);
      assert.equal(whole.verdict, type === undefined ? undefined : 'STREAM_TRUNCATED');
      assert.equal(whole.progress.errorType, type);
      assert.equal(whole.progress.falseEnd, type !== undefined);
      assert.equal(whole.fault === undefined, type === undefined);
      assert.equal(whole.progress.terminal, true);
      const bytes = bytesOf(text);
      for (let cut = 1; cut < bytes.length; cut += 1) {
        const split = scanner();
        lendCut(split, bytes, [cut]);
        assert.deepEqual(slots(split.progress), { ...slots(whole.progress), contentEvents: 2 });
      }
    });

    it(`is never whole when it is cut, and tells no failure before its end: ${name}`, () => {
      const bytes = bytesOf(text);
      for (let cut = 0; cut < bytes.length; cut += 1) {
        const reader = new ServiceNowScanner(true);
        lend(reader, bytes.subarray(0, cut));
        assert.equal(reader.finish(), cut === 0 ? 'EMPTY_ANSWER' : 'STREAM_TRUNCATED');
        assert.equal(reader.progress.errorType, undefined);
        assert.equal(reader.progress.falseEnd, false);
        assert.equal(reader.fault, undefined);
      }
    });
  }

  it('of any content is a failure exactly when its top level says so', () => {
    const rows = fc.array(fc.oneof(fc.jsonValue(), fc.constant(row)), { maxLength: 5 });
    const cuts = fc.array(fc.nat(2_000), { maxLength: 6 });
    fc.assert(
      fc.property(rows, fc.boolean(), cuts, (result, fails, at) => {
        const bytes = bytesOf(JSON.stringify(fails ? { result, ...failure('x') } : { result }));
        const reader = scanner();
        lendCut(
          reader,
          bytes,
          at.map((cut) => cut % bytes.length).toSorted((a, b) => a - b),
        );
        assert.equal(reader.finish(), fails ? 'STREAM_TRUNCATED' : undefined);
        assert.equal(reader.progress.errorType, fails ? 'failure' : undefined);
      }),
      { numRuns: 500 },
    );
  });

  it('takes failures for what they say of the instance', () => {
    const kinds = ['transaction_cancelled', 'failure', 'rate_limit_exceeded'].map(
      (type) => outcomeOfEvent(type).kind,
    );
    assert.deepEqual(kinds, ['failed', 'failed', 'throttled']);
  });

  it('is a failure in the words of the instance, with a code for a work cut short', () => {
    const told = (value: unknown): HeadFault | undefined => read(JSON.stringify(value)).fault;
    const rows = { result: [row] };
    const more = `${CANCELLED} Check logs for error trace`;
    const spoken = { error: { message: CANCELLED, detail: more }, status: 'failure' };
    const code = 'TRANSACTION_CANCELLED';
    assert.deepEqual(told({ ...rows, ...spoken }), { code, detail: `The instance said: ${more}` });
    const other = (detail: string): HeadFault => ({ code: 'REPORTED_FAILURE', detail });
    assert.deepEqual(told(failure('Odd')), other('The instance said: Odd - no more'));
    assert.deepEqual(told({ error: 'access_denied' }), other('The instance said: access_denied'));
    assert.deepEqual(told({ ...rows, status: 'failure' }), other('It did not say why.'));
    assert.deepEqual(told({ error: true }), other('It did not say why.'));
    assert.equal(told(rows), undefined);
  });

  it('is taken at its word of failure for a write as well, whatever its status of success', () => {
    for (const status of [200, 201]) {
      const reader = scanner(JSON_TYPE, status);
      lend(reader, bytesOf(JSON.stringify(failure('Odd'))));
      assert.equal(reader.finish(), 'STREAM_TRUNCATED');
    }
  });

  it('may be missing where a write asked for none, but not where one was announced', () => {
    assert.equal(serviceNowDialect.scannerFor(headWith({}, { status: 201 }), false), undefined);
    assert.equal(serviceNowDialect.scannerFor(headWith({}, { status: 200 }), false), undefined);
    assert.equal(scanner().finish(), 'EMPTY_ANSWER');
    assert.equal(scanner(JSON_TYPE, 201).finish(), undefined);
  });

  it('is not read where it is compressed, XML or a refusal', () => {
    const encoded = scanner({ ...JSON_TYPE, 'content-encoding': 'gzip' });
    assert.equal(encoded.finish(), 'EMPTY_ANSWER');
    lend(encoded, bytesOf('x'));
    assert.equal(encoded.finish(), undefined);
    const xml = headWith({ 'content-type': 'application/xml' });
    assert.equal(serviceNowDialect.scannerFor(xml, false), undefined);
    const refusal = headWith(JSON_TYPE, { status: 404 });
    assert.equal(serviceNowDialect.scannerFor(refusal, false), undefined);
  });
});

const judge = (status: number, fields: Record<string, string>, method: string = 'GET') =>
  serviceNowDialect.judgeHead?.(headWith(fields, { status }), method, false);

describe('the head of a ServiceNow answer', () => {
  it('is no answer to a read when it says 202', () => {
    for (const method of ['GET', 'HEAD']) {
      assert.match(judge(202, JSON_TYPE, method)?.detail ?? '', /^read_dropped: .* 202/);
    }
    for (const method of ['POST', 'PATCH', 'PUT', 'DELETE']) {
      assert.equal(judge(202, JSON_TYPE, method), undefined);
    }
  });

  it('is no answer when a page comes in place of data', () => {
    for (const type of ['text/html', 'Text/HTML;charset=UTF-8', 'application/xhtml+xml ; a=b']) {
      for (const method of ['GET', 'POST']) {
        const asleep = judge(200, { 'content-type': type }, method);
        assert.match(asleep?.detail ?? '', /^instance_unavailable: 200 /);
        assert.equal(asleep?.replay, undefined);
        assert.equal(judge(503, { 'content-type': type }, method)?.replay, 'safe');
      }
    }
  });

  it('is taken at its word otherwise', () => {
    const page = { 'content-type': 'text/html' };
    for (const status of [302, 401, 404, 429, 500, 502]) {
      assert.equal(judge(status, page), undefined);
    }
    for (const type of ['application/json', 'application/xml', 'text/html5', 'image/png', '']) {
      assert.equal(judge(200, { 'content-type': type }), undefined);
      assert.equal(judge(503, { 'content-type': type }), undefined);
    }
    const file = { ...page, 'content-disposition': 'attachment; filename=report.html' };
    assert.equal(judge(200, file), undefined);
  });
});

describe('an error of the gateway', () => {
  it('has the form of ServiceNow’s own, whatever it is', () => {
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      const error = new CallError(code, { detail: 'Seen "here".', cause: 'secret' });
      const { status, contentType, body } = serviceNowDialect.renderError(error, 'c-1');
      assert.ok(status >= 400, code);
      assert.equal(contentType, 'application/json');
      assert.ok(!body.includes('secret'));
      const told = JSON.parse(body) as { error: { message: string; detail: string } };
      assert.deepEqual(Object.keys(told), ['error', 'status']);
      assert.equal(told.error.message, errorTable[code].meaning);
      assert.ok(told.error.detail.startsWith(`${code}: Seen "here". `), told.error.detail);
      assert.ok(told.error.detail.endsWith(' (call c-1)'), told.error.detail);
    }
  });

  it('is never written into an answer that has begun', () => {
    const { progress } = scanner();
    assert.equal(serviceNowDialect.inStreamError(new CallError('RESET'), progress), undefined);
    assert.equal(serviceNowDialect.heartbeat(progress, true), undefined);
  });
});
