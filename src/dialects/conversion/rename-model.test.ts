import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { withModel } from './rename-model.ts';

function edited(text: string, model: string): string {
  return Buffer.from(withModel(Buffer.from(text), () => model)).toString();
}

describe('another model in a request', () => {
  it('replaces the value and nothing else', () => {
    const written =
      '{ "system":"say \\"model\\"",\n "model" : "big" , "max_tokens":9007199254740993}';
    assert.equal(edited(written, 'small'), written.replace('"big"', '"small"'));
  });

  it('leaves nested models and bodies without one alone', () => {
    for (const text of ['{"tools":[{"model":"x"}]}', '{"model":5}', 'not json', '[]']) {
      assert.equal(edited(text, 'small'), text);
    }
  });

  it('is right for every name and place', () => {
    const member = fc.tuple(fc.stringMatching(/^[a-z]{1,9}$/), fc.json());
    fc.assert(
      fc.property(fc.array(member), fc.string({ minLength: 1, maxLength: 60 }), (members, name) => {
        const others = members.filter(([key]) => key !== 'model' && key !== 'stream');
        const part = others.map(([key, json]) => `${JSON.stringify(key)}:${json},`).join('');
        const text = (model: string): string => `{${part}"model":${JSON.stringify(model)}}`;
        assert.equal(edited(text(name), 'small "one"'), text('small "one"'));
      }),
    );
  });
});
