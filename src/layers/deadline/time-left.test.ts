import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HeaderList, MARKS_PER_FIELD } from '../../core/header-list.ts';
import { testCall } from '../../testing/test-call.ts';
import { limitFields, readLimits } from './caller-limits.ts';
import { withTimeLeft } from './time-left.ts';

/** What goes upstream at `now` of a call with these fields that began at 0. */
function sent(fields: readonly (readonly [string, string])[], deadline: number, now: number) {
  const headers = HeaderList.of(fields);
  return [...withTimeLeft(testCall({ headers, deadline }), now)];
}

describe('the time left for an attempt', () => {
  const table: readonly (readonly [string, string, number, number, string])[] = [
    ['x-deadline-ms', '30000', 30_000, 12_345.6, '17654'],
    ['X-Deadline-MS', '30000', 30_000, 0, '30000'],
    ['grpc-timeout', '30S', 30_000, 12_345, '17655m'],
    ['grpc-timeout', '99999999H', 359_999_996_400_000, 0, '99999999S'],
    ['grpc-timeout', '50H', 180_000_000, 0, '180000S'],
    ['x-envoy-expected-rq-timeout-ms', '15000', 15_000, 5_000, '10000'],
    ['x-deadline-ms', '100', 100, 100, '1'],
    ['x-deadline-ms', '100', 100, 5_000, '1'],
    // A deadline from elsewhere that is longer does not lengthen what the caller said.
    ['x-deadline-ms', '100', 90_000, 0, '100'],
    // Not understood, no limit, or none of the upstream's business: passed on as it came.
    ['grpc-timeout', 'soon', 10_000, 0, 'soon'],
    ['x-envoy-expected-rq-timeout-ms', '0', 10_000, 0, '0'],
    ['x-stainless-timeout', '600', 10_000, 0, '600'],
  ];
  for (const [name, said, deadline, now, goesOn] of table) {
    it(`turns ${name}: ${said} into ${goesOn} at ${now} of ${deadline}`, () => {
      const before = ['accept', '*/*'] as const;
      const after = ['x-app', 'cli'] as const;
      const fields = sent([before, [name, said], after], deadline, now);
      assert.deepEqual(fields, [before, [name, goesOn], after]);
    });
  }

  it('costs a call without a deadline, or without a field, no list of its own', () => {
    const withoutDeadline = testCall({ headers: { 'x-stainless-timeout': '600' } });
    assert.equal(withTimeLeft(withoutDeadline, 5), withoutDeadline.headers);
    const withoutField = testCall({ deadline: 9_000 });
    assert.equal(withTimeLeft(withoutField, 5), withoutField.headers);
  });

  it('leaves the kinds of fields as they are', () => {
    const list = HeaderList.of([
      ['host', 'a'],
      ['x-deadline-ms', '900'],
      ['te', 'trailers'],
    ]);
    // As the parser does for a field that Connection names.
    const marks = [...list.marks];
    marks[MARKS_PER_FIELD + 4] = 13;
    const headers = new HeaderList(list.text, marks);
    const changed = withTimeLeft(testCall({ headers, deadline: 50 }), 0);
    assert.deepEqual(
      [0, 1, 2].map((at) => changed.kind(at)),
      [9, 13, 4],
    );
    assert.equal(changed.get('x-deadline-ms'), '50');
    assert.equal(changed.forwardable(), '');
  });

  it('never gives more than was said or is left, and touches nothing else', () => {
    const names = limitFields.map(({ name }) => name);
    const field = fc.oneof(
      fc.tuple(fc.constantFrom(...names), fc.integer({ min: 1, max: 99_999_999 }).map(String)),
      fc.integer({ min: 1, max: 99_999_999 }).map((ms) => ['grpc-timeout', `${ms}m`] as const),
      fc.tuple(fc.stringMatching(/^[a-z]{1,9}$/), fc.stringMatching(/^[a-z]{0,9}$/)),
    );
    const time = fc.double({ min: 0, max: 1e8, noNaN: true });
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), time, time, (fields, now, leftMs) => {
        const headers = HeaderList.of(fields);
        const out = withTimeLeft(testCall({ headers, deadline: now + leftMs }), now);
        const rebuilt = HeaderList.of(out);
        assert.equal(out.text, rebuilt.text);
        assert.deepEqual([...out.marks], [...rebuilt.marks]);
        for (let at = 0; at < headers.count; at += 1) {
          const [name, said] = [headers.name(at), headers.value(at)];
          assert.equal(out.name(at), name);
          const limit = readLimits(HeaderList.of([[name, said]]))?.callMs ?? Infinity;
          if (limit === Infinity) {
            assert.equal(out.value(at), said);
            continue;
          }
          const told = readLimits(HeaderList.of([[name, out.value(at)]]))?.callMs ?? Infinity;
          assert.ok(told <= Math.max(1, Math.min(limit, leftMs) + 1e-6), `${said} ${told}`);
          assert.ok(told >= 1 && told > Math.min(limit, leftMs) - 1_001);
        }
      }),
    );
  });
});
