import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameHint, nearestName } from './nearest-name.ts';

const options = ['listen', 'admin', 'limits', 'upstreams', 'routes', 'simulator'];

const guesses: readonly (readonly [string, string | undefined])[] = [
  ['listne', 'listen'],
  ['Listen', 'listen'],
  ['upstream', 'upstreams'],
  ['up-streams', 'upstreams'],
  ['simulater', 'simulator'],
  ['admim', 'admin'],
  ['workers', undefined],
  ['x', undefined],
];

describe('nearest name', () => {
  it('finds what was meant, and nothing where nothing is near', () => {
    for (const [name, meant] of guesses) assert.equal(nearestName(name, options), meant, name);
  });

  it('lists what there is when nothing is near', () => {
    assert.equal(nameHint('zzz', ['a1', 'b2']), 'known: a1, b2');
    assert.equal(nameHint('lisen', options), 'did you mean "listen"?');
    assert.equal(nameHint('x', []), 'there are none');
  });
});
