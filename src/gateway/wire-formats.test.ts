import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callerFormatOf, convertedPath, targetFormatOf, vendorOf } from './wire-formats.ts';

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

describe('the vendor whose API alone has a path', () => {
  for (const [path, vendor] of [
    ['/v1/messages/batches', 'anthropic'],
    ['/v1/messages/batches/b1/results', 'anthropic'],
    ['/team/v1/messages/count_tokens', 'anthropic'],
    ['/v1/complete', 'anthropic'],
    ['/v1/responses/input_tokens', 'openai'],
    ['/v1/chat/completions/c1/messages', 'openai'],
    ['/v1/threads/thread_1/messages', 'openai'],
    ['/v1/embeddings', 'openai'],
    ['/v1/batches', 'openai'],
    ['/v1/audio/speech', 'openai'],
    ['/einstein/platform/v1/models/m/embeddings', 'salesforce-models'],
    ['/v1/models', undefined],
    ['/v1/files', undefined],
    ['/api/tags', undefined],
    ['/v1/models/completions-2', undefined],
  ] as const) {
    it(`is ${vendor ?? 'nobody'} for ${path}`, () => assert.equal(vendorOf(path), vendor));
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
