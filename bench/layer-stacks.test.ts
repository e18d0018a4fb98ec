// The parts of the stack that the layer table measures: real, in order, and truthful about answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { canonicalOrder } from '../src/core/layer.ts';
import { VirtualClock } from '../src/testing/virtual-clock.ts';
import { Callers, InstantUpstream, type AnswerKind } from './layer-ends.ts';
import { layerStacks, type LayerStacks } from './layer-stacks.ts';

function withStacks(run: (all: LayerStacks, upstream: InstantUpstream, calls: Callers) => void) {
  const clock = new VirtualClock();
  const upstream = new InstantUpstream(clock);
  const all = layerStacks(clock, upstream.service);
  try {
    run(all, upstream, new Callers(clock));
  } finally {
    all.close();
  }
}

test('each part has one layer more than the one before, in the canonical order', () => {
  withStacks(({ stacks }) => {
    const [terminal, ...names] = stacks.map(({ name }) => name);
    assert.equal(terminal, 'terminal');
    assert.equal(names.at(-1), 'observe');
    const order: readonly string[] = canonicalOrder;
    assert.deepEqual(names, order.filter((name) => names.includes(name)).toReversed());
  });
});

test('every part passes documents and streams whole and holds nothing afterwards', () => {
  withStacks(({ stacks, held }, upstream, callers) => {
    for (const { service, route, name } of stacks) {
      for (const answer of ['document', 'few', 'many'] satisfies AnswerKind[]) {
        upstream.answer = answer;
        callers.call(service, route);
        callers.check(0);
      }
      assert.equal(held(), 0, name);
    }
    const answers = stacks.length * 3;
    assert.equal(callers.ended, answers);
    assert.ok(callers.bytes > answers * 1000, `${callers.bytes} bytes in ${answers} answers`);
  });
});

test('streams rest in the full stack until they are ended', () => {
  withStacks(({ stacks, held }, upstream, callers) => {
    const full = stacks.at(-1);
    assert.ok(full);
    upstream.answer = 'resting';
    for (let n = 0; n < 5000; n += 1) callers.call(full.service, full.route);
    callers.check(5000);
    assert.equal(upstream.resting, 5000);
    assert.ok(held() >= 5000);
    upstream.endAll();
    callers.check(0);
    assert.equal(held(), 0);
  });
});

test('a call that is not answered whole is an error', () => {
  withStacks(({ stacks }, _upstream, callers) => {
    const route = stacks.at(-1)?.route;
    assert.ok(route);
    callers.call(() => {}, route);
    assert.throws(() => callers.check(0), /of 1 calls: 0 answered/);
  });
});
