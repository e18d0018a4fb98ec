import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nameMatcher, pathMatcher } from './glob.ts';

const paths: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['/v1/messages', ['/v1/messages'], ['/v1/messages/', '/v1/messagesx', '/v1']],
  ['/v1/**', ['/v1', '/v1/', '/v1/a', '/v1/a/b'], ['/v1x', '/v2/a', '/']],
  ['/**', ['/', '/a', '/a/b'], ['*']],
  ['/v1/*/cancel', ['/v1/x/cancel', '/v1//cancel'], ['/v1/x/y/cancel', '/v1/cancel']],
  ['/v1/mod*', ['/v1/models', '/v1/mod'], ['/v1/models/x', '/v1/mo']],
  ['/a/**/z', ['/a/z', '/a/b/z', '/a/b/c/z'], ['/a/zz', '/a/b', '/az']],
  ['/*/b/**', ['/a/b', '/a/b/c'], ['/a/c/b', '/b']],
  ['/a.b', ['/a.b'], ['/aXb']],
];

const names: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['claude-*', ['claude-', 'claude-sonnet-4-5'], ['claude', 'x-claude-a']],
  ['gpt-5', ['gpt-5'], ['gpt-5-mini']],
  ['*', ['', 'anything'], []],
  ['*-mini', ['gpt-mini'], ['gpt-mini-x']],
  ['a*b*c', ['abc', 'axxbyyc'], ['acb', 'ab']],
  ['a.c', ['a.c'], ['abc']],
];

describe('patterns', () => {
  for (const [pattern, yes, no] of paths) {
    it(`path ${pattern}`, () => {
      const matcher = pathMatcher(pattern);
      for (const path of yes) assert.ok(matcher.matches(path), path);
      for (const path of no) assert.ok(!matcher.matches(path), path);
    });
  }

  for (const [pattern, yes, no] of names) {
    it(`name ${pattern}`, () => {
      const matcher = nameMatcher(pattern);
      for (const name of yes) assert.ok(matcher.matches(name), name);
      for (const name of no) assert.ok(!matcher.matches(name), name);
    });
  }
});
