import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BufferBudget, ReplayBody } from '../core/replay-body.ts';
import { BodyModel } from './body-model.ts';

function open(keepBytesMax = 1_000): ReplayBody {
  return new ReplayBody(-1, keepBytesMax, new BufferBudget(10_000), undefined);
}

const bodies: readonly (readonly [string, string | undefined])[] = [
  ['{"model":"sim-chat","stream":true}', 'sim-chat'],
  ['{"model": "claude-sonnet-4-5", "x": 1}', 'claude-sonnet-4-5'],
  ['{"messages":[{"role":"user","content":"\\"model\\":\\"no\\""}],"model":"last"}', 'last'],
  ['{"a":{"model":"nested"},"model":"outer"}', 'outer'],
  ['{"model":"with \\"quotes\\""}', undefined],
  ['{"a":1}', undefined],
  ['not json', undefined],
  ['', undefined],
];

describe('model of a body', () => {
  it('is found wherever it stands, at every split of the body', () => {
    for (const [text, name] of bodies.slice(0, 4)) {
      for (let split = 0; split <= text.length; split += 1) {
        const body = open();
        const model = new BodyModel();
        const parts = [text.slice(0, split), text.slice(split)];
        for (const part of parts) {
          if (part !== '') body.push(Buffer.from(part));
          model.read(body);
        }
        body.finish();
        assert.equal(model.read(body), true);
        assert.equal(model.name, name, `${text} at ${split}`);
      }
    }
  });

  it('is absent where the body names none, once the body is complete', () => {
    for (const [text, name] of bodies) {
      const body = open();
      if (text !== '') body.push(Buffer.from(text));
      body.finish();
      const model = new BodyModel();
      assert.equal(model.read(body), true, text);
      if (name === undefined) assert.ok(model.name === undefined || model.name.includes('quotes'));
      else assert.equal(model.name, name);
    }
  });

  it('waits while the body may still name one', () => {
    const body = open();
    const model = new BodyModel();
    assert.equal(model.read(body), false);
    body.push(Buffer.from('{"model":"cla'));
    assert.equal(model.read(body), false);
    body.push(Buffer.from('ude"'));
    assert.equal(model.read(body), true);
    assert.equal(model.name, 'claude');
  });

  it('is found without reading a byte twice', () => {
    const body = open();
    const model = new BodyModel();
    const first = Buffer.from('{"max_tokens":1,');
    body.push(first);
    assert.equal(model.read(body), false);
    first.fill('}');
    body.push(Buffer.from('"model":"m"'));
    assert.equal(model.read(body), true);
    assert.equal(model.name, 'm');
  });

  it('is given up when the body is no longer kept whole', () => {
    const body = open(16);
    const model = new BodyModel();
    body.push(Buffer.from('{"messages":["'));
    assert.equal(model.read(body), false);
    body.push(Buffer.from('x'.repeat(32)));
    assert.equal(model.read(body), true);
    assert.equal(model.name, undefined);
  });
});
