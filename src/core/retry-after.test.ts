import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from './header-list.ts';
import { retryAfterMs } from './retry-after.ts';

const NOON = Date.parse('2026-11-21T12:00:00Z');

function waitOf(fields: Record<string, string>): number {
  return retryAfterMs(HeaderList.of(Object.entries(fields)), NOON);
}

describe('the wait a response asks for', () => {
  it('is read from every form in use', () => {
    assert.equal(waitOf({ 'Retry-After': '3' }), 3_000);
    assert.equal(waitOf({ 'retry-after': '1.5' }), 1_500);
    assert.equal(waitOf({ 'retry-after-ms': '250' }), 250);
    assert.equal(waitOf({ 'Retry-After': 'Sat, 21 Nov 2026 12:00:07 GMT' }), 7_000);
  });

  it('prefers the exact form', () => {
    assert.equal(waitOf({ 'retry-after': '1', 'retry-after-ms': '40' }), 40);
    assert.equal(waitOf({ 'retry-after': '1', 'retry-after-ms': 'soon' }), 1_000);
  });

  it('takes a date relative to the clock of whoever wrote it', () => {
    const skewed = {
      Date: 'Sat, 21 Nov 2026 11:00:00 GMT',
      'Retry-After': 'Sat, 21 Nov 2026 11:00:09 GMT',
    };
    assert.equal(waitOf(skewed), 9_000);
  });

  it('is nothing when it is missing, past or not understood', () => {
    for (const text of ['', '-3', 'later', '0x10', '1e3', 'Sat, 21 Nov 2026 11:59:00 GMT']) {
      assert.equal(waitOf({ 'retry-after': text }), 0, text);
    }
    assert.equal(waitOf({}), 0);
  });

  it('is believed up to a day', () => {
    assert.equal(waitOf({ 'retry-after': '99999999' }), 86_400_000);
  });
});
