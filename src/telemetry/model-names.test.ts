import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MODEL_NAMES_MAX, ModelNames } from './model-names.ts';

describe('names of models as labels', () => {
  it('are shown once an upstream has answered to them, not because a caller wrote them', () => {
    const names = new ModelNames();
    assert.equal(names.label('claude-x', false), '_OTHER');
    assert.equal(names.label('claude-x', true), 'claude-x');
    assert.equal(names.label('claude-x', false), 'claude-x');
  });

  it('stay unknown where they are', () => {
    assert.equal(new ModelNames().label('', true), '');
  });

  it('are bounded even for an upstream that answers to everything', () => {
    const names = new ModelNames();
    const labels = new Set<string>();
    for (let n = 0; n < 10 * MODEL_NAMES_MAX; n += 1) labels.add(names.label(`m-${n}`, true));
    assert.equal(labels.size, MODEL_NAMES_MAX + 1);
    assert.ok(labels.has('_OTHER'));
    assert.equal(names.label('m-0', true), 'm-0');
  });
});
