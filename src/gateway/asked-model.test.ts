import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BufferBudget, ReplayBody } from '../core/replay-body.ts';
import { testCall } from '../testing/test-call.ts';
import { askedModel } from './asked-model.ts';

const long = 'x'.repeat(50_000);

describe('the model a call asks for', () => {
  it('is found wherever clients write it', () => {
    const modelOf = askedModel();
    const bodies = [
      { model: 'claude-x', messages: [] },
      { max_tokens: 5, model: 'claude-y', messages: [long] },
      { messages: [{ role: 'user', content: long }], model: 'claude-z', stream: true },
    ];
    const names = bodies.map((body) => modelOf(testCall({ body: JSON.stringify(body) })));
    assert.deepEqual(names, ['claude-x', 'claude-y', 'claude-z']);
  });

  it('is not what a message or a tool says about models', () => {
    const text = 'say {"model":"no"}';
    const body = { messages: [text], tools: [{ model: 'no' }], model: 'yes' };
    assert.equal(askedModel()(testCall({ body: JSON.stringify(body) })), 'yes');
  });

  it('is not taken from inside a message by a body of which the end is still to come', () => {
    const text = JSON.stringify({ messages: [{ model: 'no', content: long }], model: 'yes' });
    for (const cut of [60, 30_000]) {
      const body = new ReplayBody(-1, 100_000, new BufferBudget(100_000), undefined);
      body.push(Buffer.from(text.slice(0, cut)));
      assert.equal(askedModel()(testCall({ body })), '', `cut at ${cut}`);
      body.push(Buffer.from(text.slice(cut)));
      body.finish();
      assert.equal(askedModel()(testCall({ body })), '', `in two, cut at ${cut}`);
    }
    // Here one bracket closes more than opens behind the name, as at the end of a whole text.
    const halves = ['{"tools":[{"a":"some text","model":"no"}', '],"model":"yes"}'];
    const body = new ReplayBody(-1, 100, new BufferBudget(100), undefined);
    for (const half of halves) body.push(Buffer.from(half));
    body.finish();
    assert.equal(askedModel()(testCall({ body })), '');
  });

  it('is unknown where the body names none, has none, or can be read no more', () => {
    const modelOf = askedModel();
    assert.equal(modelOf(testCall({ body: '{"prompt":"x"}' })), '');
    assert.equal(modelOf(testCall({ body: '' })), '');
    assert.equal(modelOf(testCall({ body: `{"model":"${'x'.repeat(200)}"}` })), '');
    const gone = new ReplayBody(-1, 100, new BufferBudget(100), undefined);
    gone.push(Buffer.from('{"model":"gone",'));
    assert.equal(modelOf(testCall({ body: gone })), 'gone');
    gone.open({ bodyBytes: () => true, bodyEnd() {}, bodyFailed() {} });
    gone.commit();
    assert.equal(modelOf(testCall({ body: gone })), '');
  });

  it('is the same whether its beginning was seen before or not', () => {
    const members = fc.uniqueArray(fc.constantFrom('model', 'stream', 'n', 'user'), {
      minLength: 1,
    });
    const body = fc.tuple(members, fc.constantFrom('a', 'ab', 'abc')).map(([names, name]) => {
      const pairs = names.map((member) => [member, member === 'model' ? name : 1]);
      return JSON.stringify(Object.fromEntries(pairs));
    });
    fc.assert(
      fc.property(fc.array(body, { maxLength: 20 }), (bodies) => {
        const remembering = askedModel();
        for (const one of bodies) {
          const { model = '' } = JSON.parse(one) as { model?: string };
          assert.equal(remembering(testCall({ body: one })), model);
        }
      }),
    );
  });
});
