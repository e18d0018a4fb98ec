import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callerFormatOf, convertedPath, targetFormatOf } from './wire-formats.ts';

describe('the wire format of a caller', () => {
  for (const [path, format] of [
    ['/v1/messages', 'anthropic'],
    ['/team/v1/chat/completions', 'openai-chat'],
    ['/v1/responses', 'openai-responses'],
    ['/v1/embeddings', 'openai-embeddings'],
    ['/v1/messages/batches', undefined],
    ['/v1/threads/thread_1/messages', undefined],
    ['/v1/responses/resp_1', undefined],
    ['/v1/completions', undefined],
    ['/v1/models', undefined],
  ] as const) {
    it(`of ${path} is ${format ?? 'none that can be converted'}`, () => {
      assert.equal(callerFormatOf(path), format);
    });
  }
});

describe('the wire format of an upstream', () => {
  for (const [dialect, caller, format] of [
    ['anthropic', 'openai-chat', 'anthropic'],
    ['openai', 'openai-responses', 'openai-responses'],
    ['openai', 'openai-chat', 'openai-chat'],
    ['openai', 'anthropic', 'openai-chat'],
    ['openai-responses', 'anthropic', 'openai-responses'],
    ['openai-chat', 'openai-embeddings', 'openai-embeddings'],
    ['anthropic', 'openai-embeddings', undefined],
    ['salesforce-models', 'openai-embeddings', 'salesforce-models'],
    ['plain', 'anthropic', undefined],
  ] as const) {
    it(`of ${dialect}, asked by ${caller}, is ${format ?? 'none'}`, () => {
      assert.equal(targetFormatOf(dialect, caller), format);
    });
  }

  it('is asked at the same place, without the query of the other API', () => {
    assert.equal(
      convertedPath('/team/v1/messages?beta=true', 'anthropic', 'openai-chat'),
      '/team/v1/chat/completions',
    );
  });
});
