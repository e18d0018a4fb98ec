import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HeaderList } from '../../core/header-list.ts';
import { limitFields, readLimits } from './caller-limits.ts';
import type { LimitFieldName } from './caller-limits.ts';

function limitsOf(...fields: (readonly [string, string])[]) {
  return readLimits(HeaderList.of(fields));
}

describe('what callers say about their time', () => {
  it('says nothing about calls without such a field, whatever the lengths of their names', () => {
    const names = [12, 13, 19, 30, 44, 45, 51, 62].map((length) => 'x'.repeat(length));
    const fields = ['content-type', 'authorization', 'x-stainless-runtime', ...names];
    assert.equal(limitsOf(...fields.map((name) => [name, '5'] as const)), undefined);
    assert.equal(limitsOf(), undefined);
  });

  const Inf = Number.POSITIVE_INFINITY;
  const bad = Number.NaN;
  const table: readonly (readonly [LimitFieldName, string, number])[] = [
    ['x-deadline-ms', '1500', 1500],
    ['x-deadline-ms', '1500.25', 1500.25],
    ['x-deadline-ms', '0', 0],
    ['x-deadline-ms', '-3', -3],
    ['x-deadline-ms', '', bad],
    ['x-deadline-ms', '1e3', bad],
    ['x-deadline-ms', '30s', bad],
    ['x-deadline-ms', '5, 6', bad],
    ['x-deadline-ms', '+5', bad],
    ['x-deadline-ms', 'NaN', bad],
    ['x-deadline-ms', 'Infinity', bad],
    ['x-deadline-ms', '0x10', bad],
    ['x-deadline-ms', '12345678901234567', bad],
    ['grpc-timeout', '2H', 7_200_000],
    ['grpc-timeout', '3M', 180_000],
    ['grpc-timeout', '5S', 5_000],
    ['grpc-timeout', '250m', 250],
    ['grpc-timeout', '1500u', 1.5],
    ['grpc-timeout', '99999999n', 99.999999],
    ['grpc-timeout', '0n', 0],
    ['grpc-timeout', '100000000m', bad],
    ['grpc-timeout', '5', bad],
    ['grpc-timeout', '5s', bad],
    ['grpc-timeout', '5h', bad],
    ['grpc-timeout', '-5S', bad],
    ['grpc-timeout', '5 S', bad],
    ['grpc-timeout', 'S', bad],
    ['grpc-timeout', '5constructor', bad],
    ['x-envoy-expected-rq-timeout-ms', '15000', 15_000],
    ['x-envoy-expected-rq-timeout-ms', '0', Inf],
    ['x-envoy-expected-rq-timeout-ms', '1.5', bad],
    ['x-envoy-expected-rq-timeout-ms', '-1', bad],
    ['x-stainless-timeout', '600', 600_000],
    ['x-stainless-timeout', '0.5', 500],
    ['x-stainless-timeout', '0', Inf],
    ['x-stainless-timeout', 'NOT_GIVEN', bad],
    ['x-stainless-timeout', '', bad],
  ];
  for (const [name, value, ms] of table) {
    it(`reads ${name}: ${value} as ${ms}`, () => {
      const limits = limitsOf(['accept', '*/*'], [name, value]);
      const isBad = Number.isNaN(ms);
      const own = name === 'x-deadline-ms';
      assert.equal(limits?.malformed, isBad && own ? value : undefined);
      assert.deepEqual(limits?.ignored, isBad && !own ? [name] : undefined);
      const read = name === 'x-stainless-timeout' ? limits?.headMs : limits?.callMs;
      const other = name === 'x-stainless-timeout' ? limits?.callMs : limits?.headMs;
      assert.equal(read, isBad ? Inf : ms);
      assert.equal(other, Inf);
    });
  }

  it('takes the shortest of several, and names the field it came from', () => {
    const limits = limitsOf(
      ['X-Envoy-Expected-Rq-Timeout-Ms', '9000'],
      ['Grpc-Timeout', '4S'],
      ['X-DEADLINE-MS', '7000'],
      ['x-deadline-ms', '5000'],
      ['X-Stainless-Timeout', '60'],
    );
    assert.equal(limits?.callMs, 4_000);
    assert.equal(limits?.callBy, 'grpc-timeout');
    assert.equal(limits?.headMs, 60_000);
    assert.equal(limits?.headBy, 'x-stainless-timeout');
  });

  it('keeps what is right beside what is not', () => {
    const limits = limitsOf(['grpc-timeout', 'soon'], ['x-deadline-ms', '80']);
    assert.equal(limits?.callMs, 80);
    assert.deepEqual(limits?.ignored, ['grpc-timeout']);
    assert.equal(limits?.malformed, undefined);
  });

  it('finds the same fields as one look-up each would, in any list', () => {
    const known = limitFields.map(({ name }) => name);
    const name = fc.oneof(
      fc.constantFrom(...known, ...known.map((each) => each.toUpperCase())),
      // Near misses: the right length and end, another beginning, and the other way round.
      fc.constantFrom(...known.map((each) => `y${each.slice(1)}`)),
      fc.constantFrom(...known.map((each) => `${each.slice(0, -1)}_`)),
      fc.stringMatching(/^[a-z-]{1,45}$/),
    );
    const number = fc.integer({ min: 0, max: 99_999_999 }).map(String);
    const value = fc.oneof(
      number,
      number.chain((digits) => fc.constantFrom(...'HMSmunx').map((unit) => digits + unit)),
      fc.stringMatching(/^[ -~]{0,12}$/).map((text) => text.trim()),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 12 }), (fields) => {
        const headers = HeaderList.of(fields);
        const limits = readLimits(headers);
        let headMs = Inf;
        let callMs = Inf;
        const ignored: string[] = [];
        for (const field of limitFields) {
          for (const said of headers.all(field.name)) {
            const ms = field.parse(said);
            if (Number.isNaN(ms)) ignored.push(field.name);
            else if (field.ends === 'head') headMs = Math.min(headMs, ms);
            else callMs = Math.min(callMs, ms);
          }
        }
        assert.equal(
          limits !== undefined,
          known.some((each) => headers.has(each)),
        );
        assert.equal(limits?.headMs ?? Inf, headMs);
        assert.equal(limits?.callMs ?? Inf, callMs);
        const foreign = ignored.filter((each) => each !== 'x-deadline-ms').toSorted();
        assert.deepEqual((limits?.ignored ?? []).toSorted(), foreign);
        assert.equal(limits?.malformed !== undefined, ignored.includes('x-deadline-ms'));
      }),
    );
  });
});
