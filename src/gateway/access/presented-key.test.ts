import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../../core/header-list.ts';
import { presentedKey } from './presented-key.ts';
import type { KeyField } from './presented-key.ts';

describe('the key a request presents', () => {
  const table: readonly (readonly [KeyField, string, string | undefined])[] = [
    ['x-holdfast-key', 'abc', 'abc'],
    ['x-holdfast-key', '', undefined],
    ['x-api-key', 'abc', 'abc'],
    ['x-api-key', 'Bearer abc', 'Bearer abc'],
    ['authorization', 'Bearer abc', 'abc'],
    ['authorization', 'bEARER   abc', 'abc'],
    ['authorization', 'Bearer abc def', 'abc def'],
    ['authorization', 'Bearer', undefined],
    ['authorization', 'Bearerabc', undefined],
    ['authorization', 'Basic YWJj', undefined],
    ['authorization', 'abc', undefined],
    ['authorization', '', undefined],
  ];
  for (const [field, value, key] of table) {
    it(`is ${JSON.stringify(key)} in ${field}: ${value}`, () => {
      assert.equal(presentedKey(HeaderList.of([[field, value]]), field), key);
      assert.equal(presentedKey(HeaderList.of([[field.toUpperCase(), value]]), field), key);
      assert.equal(presentedKey(HeaderList.of([['x-other', value]]), field), undefined);
    });
  }
});
