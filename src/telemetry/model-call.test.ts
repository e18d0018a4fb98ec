import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stubDialect, testCall } from '../testing/test-call.ts';
import { asksModel, operationAt } from './model-call.ts';

describe('what a call asks of a model', () => {
  const table = [
    ['/v1/messages?beta=true', 'chat'],
    ['/v1/chat/completions', 'chat'],
    ['/v1/responses', 'chat'],
    ['/v1/completions', 'text_completion'],
    ['/api/generate', 'text_completion'],
    ['/v1/embeddings', 'embeddings'],
    ['/api/embed', 'embeddings'],
    ['/v1/messages/count_tokens?beta=true', 'count_tokens'],
  ] as const;
  for (const [path, operation] of table) {
    it(`is ${operation} at ${path}`, () => assert.equal(operationAt(path), operation));
  }

  it('is nothing for lists, other methods and services that are no models', () => {
    const dialect = { ...stubDialect, name: 'anthropic' };
    assert.equal(asksModel(testCall({ route: { dialect } })), true);
    assert.equal(asksModel(testCall({ route: { dialect }, method: 'GET' })), false);
    assert.equal(asksModel(testCall({ route: { dialect, kind: 'other' } })), false);
    assert.equal(asksModel(testCall()), false);
  });
});
