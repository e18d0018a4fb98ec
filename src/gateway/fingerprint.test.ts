import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../core/header-list.ts';
import { fingerprintOf } from './fingerprint.ts';

function of(fields: Record<string, string>): string {
  return fingerprintOf(HeaderList.of(Object.entries(fields)));
}

describe('the fingerprint of a key', () => {
  it('is the same for the same key and differs between keys', () => {
    const one = of({ authorization: 'Bearer one' });
    assert.equal(of({ Authorization: 'Bearer one' }), one);
    assert.notEqual(of({ authorization: 'Bearer two' }), one);
    assert.notEqual(of({ 'x-api-key': 'one' }), of({ 'x-api-key': 'two' }));
  });

  it('holds nothing of the key and is empty without one', () => {
    assert.match(of({ 'x-api-key': 'sk-secret' }), /^[0-9a-z]{1,7}$/);
    assert.equal(of({ accept: '*/*' }), '');
  });
});
