import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BufferBudget, ReplayBody } from '../../core/replay-body.ts';
import { testCall } from '../../testing/test-call.ts';
import { defaultRateLimitOptions } from './options.ts';
import { answerTokens, promptTokens, spendsTokens } from './token-estimate.ts';

const options = defaultRateLimitOptions;
const budget = new BufferBudget(10_000_000);

/** A body that came in these pieces; `declared` when its length was said. */
function body(pieces: readonly string[], own: { declared?: number; complete?: boolean } = {}) {
  const made = new ReplayBody(own.declared ?? -1, 1_000_000, budget, undefined);
  for (const piece of pieces) made.push(Buffer.from(piece));
  if (own.complete !== false) made.finish();
  return made;
}

describe('the estimate of a prompt', () => {
  it('is the length of the request in fours', () => {
    assert.equal(promptTokens(body(['x'.repeat(400)]), options), 100);
    assert.equal(promptTokens(body(['xxxxx']), options), 2);
    assert.equal(promptTokens(ReplayBody.none(), options), 0);
  });

  it('is by the declared length while the request comes, or by what came if that is more', () => {
    assert.equal(
      promptTokens(body(['xxxx'], { declared: 4_000, complete: false }), options),
      1_000,
    );
    assert.equal(promptTokens(body(['x'.repeat(80)], { complete: false }), options), 20);
  });
});

describe('the estimate of an answer', () => {
  const table: readonly (readonly [name: string, pieces: readonly string[], tokens: number])[] = [
    ['by the name of Messages', ['{"model":"m","max_tokens":64}'], 64],
    ['by the name of Chat', ['{"max_completion_tokens":65,"messages":[]}'], 65],
    ['by the name of Responses', ['{"max_output_tokens":66}'], 66],
    ['cut in the middle of the name', ['{"model":"m","max_tok', 'ens":67}'], 67],
    ['cut in the middle of the number', ['{"max_tokens":6', '8}'], 68],
    ['left out', ['{"model":"m"}'], 1_024],
    ['of something else', ['{"thinking_tokens":5}'], 1_024],
    ['nested', ['{"thinking":{"max_tokens":5}}'], 1_024],
    ['null', ['{"max_tokens":null,"max_completion_tokens":70}'], 70],
    ['zero', ['{"max_tokens":0}'], 0],
    ['beyond belief', ['{"max_tokens":9999999999}'], 1_000_000],
  ];
  for (const [name, pieces, tokens] of table) {
    it(`is the maximum that the request names: ${name}`, () => {
      assert.equal(answerTokens(body(pieces), options), tokens);
    });
  }

  it('uses what has come of a request that still comes', () => {
    const half = { declared: 900, complete: false };
    assert.equal(answerTokens(body(['{"max_tokens":64,"messa'], half), options), 64);
    assert.equal(answerTokens(body(['{"messages":[{"a":"'], half), options), 1_024);
  });

  it('does not look into what is too long, or not kept from the front on', () => {
    const text = '{"max_tokens":64}';
    const small = { ...options, searchedBytesMax: text.length - 1 };
    assert.equal(answerTokens(body([text]), small), 1_024);
    const streamed = new ReplayBody(-1, 10, budget, undefined);
    streamed.push(Buffer.from(text));
    streamed.finish();
    assert.equal(streamed.replayable, false);
    assert.equal(answerTokens(streamed, options), 1_024);
  });
});

describe('whether tokens are spent', () => {
  it('is for completions only, and not for counting them', () => {
    assert.equal(spendsTokens(testCall()), true);
    assert.equal(spendsTokens(testCall({ route: { kind: 'other' } })), false);
    assert.equal(spendsTokens(testCall({ path: '/v1/messages/count_tokens?beta=true' })), false);
  });
});
