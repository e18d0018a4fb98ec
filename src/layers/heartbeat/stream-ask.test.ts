import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BufferBudget, ReplayBody } from '../../core/replay-body.ts';
import { testCall } from '../../testing/test-call.ts';
import { asksForStream } from './stream-ask.ts';

describe('asking for a stream', () => {
  const bodies: readonly (readonly [string, boolean])[] = [
    ['{"model":"m","stream":true}', true],
    ['{"stream" : true ,"model":"m"}', true],
    ['{"model":"m","stream":false}', false],
    ['{"model":"m"}', false],
    ['{"messages":[{"content":"\\"stream\\":true"}]}', false],
    ['{"options":{"stream":true}}', false],
    ['{"stream":"true"}', false],
    ['{"stream":true', false],
    ['["stream",true]', false],
    ['"stream"', false],
    ['', false],
  ];
  for (const [body, expected] of bodies) {
    it(`is ${expected ? 'found' : 'not found'} in ${body || 'no body'}`, () => {
      assert.equal(asksForStream(testCall({ body })), expected);
    });
  }

  it('is found in the Accept field', () => {
    const accept = 'application/json, Text/Event-Stream;q=0.9';
    assert.equal(asksForStream(testCall({ method: 'GET', headers: { accept } })), true);
  });

  it('is found in a body that came in pieces', () => {
    const body = new ReplayBody(-1, 1000, new BufferBudget(1000), undefined);
    body.push(Buffer.from('{"str'));
    body.push(Buffer.from('eam":tr'));
    assert.equal(asksForStream(testCall({ body })), false);
    body.push(Buffer.from('ue}'));
    body.finish();
    assert.equal(asksForStream(testCall({ body })), true);
  });

  it('is not guessed from a body that is no longer held', () => {
    const body = ReplayBody.from(Buffer.from('{"stream":true}'));
    body.commit();
    assert.equal(asksForStream(testCall({ body })), false);
  });
});
