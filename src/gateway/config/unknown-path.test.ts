import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unknownPath } from './unknown-path.ts';

const known = [
  'listen',
  'limits.headBytes',
  'limits.bodyBytes',
  'upstreams.open.ai.timeouts.total',
  'upstreams.open.ai.proxy',
  ...Array.from({ length: 40 }, (_, at) => `routes[${at}].match.path`),
];

const cases: readonly (readonly [asked: string, told: string])[] = [
  ['lisen', 'did you mean "listen"?'],
  ['limts.headBytes', 'did you mean "limits.headBytes"?'],
  ['limits.headbyte', 'did you mean "limits.headBytes"?'],
  ['limts.nothing', 'did you mean "limits"?'],
  ['limits.other', 'at limits are headBytes, bodyBytes'],
  ['upstreams.open.ai.timeout.total', 'did you mean "upstreams.open.ai.timeouts.total"?'],
  ['routes[99].match', 'the list has routes[0] to routes[39]'],
  ['routes[7].mach.path', 'did you mean "routes[7].match.path"?'],
  ['zzz', 'there are listen, limits, upstreams, routes'],
];

describe('a path at which nothing stands', () => {
  for (const [asked, told] of cases) {
    it(`${asked}: ${told}`, () => {
      assert.equal(unknownPath(asked, known), `nothing stands at ${asked}; ${told}`);
    });
  }

  it('is answered shortly, however many names there are', () => {
    const many = Array.from({ length: 500 }, (_, at) => `upstreams.name${at * 7_919}.proxy`);
    const told = unknownPath('upstreams.x', many);
    assert.match(told, / and 488 more$/);
    assert.ok(told.length < 400);
  });
});
