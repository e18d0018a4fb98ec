import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { markReferences, resolveReferences } from './interpolate.ts';
import type { Resolved } from './interpolate.ts';

function read(text: string, env: Record<string, string> = {}): Resolved {
  const { text: marked, references } = markReferences(text);
  return resolveReferences(parse(marked), references, env);
}

describe('environment references', () => {
  it('are replaced by their values in block and flow style', () => {
    const { value } = read('a: ${A}\nb: { c: ${B}, d: "x-${A}-${B}" }', { A: 'one', B: 'two' });
    assert.deepEqual(value, { a: 'one', b: { c: 'two', d: 'x-one-two' } });
  });

  it('never change the structure of the file, whatever the value holds', () => {
    const nasty = '"]}\n- evil: true #';
    assert.deepEqual(read('a: { b: ${A} }', { A: nasty }).value, { a: { b: nasty } });
  });

  it('fall back where the variable is missing or empty', () => {
    const text = 'a: ${A:-https://x.example/y}\nb: ${B:-}';
    assert.deepEqual(read(text, { A: '' }).value, { a: 'https://x.example/y', b: '' });
  });

  it('stand for themselves when the dollar is doubled', () => {
    assert.deepEqual(read('a: "$${A}"', { A: 'no' }).value, { a: '${A}' });
  });

  it('in a comment are not looked up', () => {
    assert.deepEqual(read('# ${MISSING}\na: b').problems, []);
  });

  it('to a missing variable are a problem at their place', () => {
    const [problem] = read('a:\n  - b: ${NOT_SET}').problems;
    assert.deepEqual(problem, {
      severity: 'error',
      path: ['a', 0, 'b'],
      message: 'the environment variable NOT_SET is not set; set it, or write ${NOT_SET:-fallback}',
    });
  });

  it('that name no variable are a problem', () => {
    const [problem] = read('a: ${no-name}').problems;
    assert.equal(problem?.message, '${no-name} does not name an environment variable');
  });

  it('are remembered by path, as they were written', () => {
    const { written } = read('a: { b: "k ${A}" }\nc: plain', { A: 'secret' });
    assert.deepEqual([...written], [['a.b', 'k ${A}']]);
  });
});
