import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attemptOf } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import { testHead } from '../../testing/scripted-service.ts';
import { testTarget } from '../../testing/test-call.ts';
import { Rig, finish, fixed, outcome } from './admission.fixture.ts';
import type { Sent } from './admission.fixture.ts';

const places = (sent: readonly Sent[]) => sent.map(({ call }) => call.timeline.admittedTo).join('');
const a = testTarget(1, { upstream: 'a' });
const b = testTarget(2, { upstream: 'b' });
const ok = outcome('ok');

function pair(limitA: number, limitB: number) {
  return new Rig({ upstreams: ['a', 'b'], limits: { a: fixed(limitA), b: fixed(limitB) } });
}

function attempt({ call }: Sent) {
  return attemptOf(call, 1, call.cancellation);
}

describe('a route with two upstreams', () => {
  it('fills the first to its soft limit, then the second, then both to the hard one', () => {
    const rig = pair(5, 5);
    assert.equal(places(rig.sendAll(11)), 'aaaabbbbab');
    assert.deepEqual(rig.heard.of('soft'), ['soft a 4/4', 'soft b 4/4']);
    assert.deepEqual(rig.heard.of('near'), ['near a 4/5', 'near b 4/5']);
  });

  it('lets calls wait at the first one', () => {
    const rig = pair(1, 1);
    rig.sendAll(4);
    assert.equal(rig.view('a').queued.default, 2);
    assert.equal(rig.view('b').queued.default, 0);
  });

  it('gives a slot that frees up at the second one to who waits at the first', () => {
    const rig = pair(1, 1);
    const [, second, third] = rig.sendAll(3);
    if (second !== undefined) finish(second);
    assert.equal(third?.call.timeline.admittedTo, 'b');
    assert.notEqual(third?.far, undefined);
    assert.equal(rig.view('a').queued.default, 0);
    assert.equal(rig.view('b').occupied, 1);
    assert.equal(rig.sweep.size, 0);
  });

  it('gives none to a call whose route does not lead there', () => {
    const rig = pair(1, 1);
    const [, second] = rig.sendAll(2);
    const onlyA = rig.send({ through: rig.route(['a']), as: { tenant: 'y' } });
    const both = rig.send();
    if (second !== undefined) finish(second);
    assert.equal(onlyA.far, undefined);
    assert.equal(both.call.timeline.admittedTo, 'b');
    finish(both);
    assert.equal(rig.view('b').occupied, 0);
    assert.equal(rig.view('a').queued.default, 1);
  });

  it('rings the bell for a near limit once, and again after it had fallen well below', () => {
    const rig = new Rig({ limits: { a: fixed(10) } });
    const sent = rig.sendAll(10);
    for (const one of sent.splice(0, 3)) finish(one);
    rig.send();
    assert.deepEqual(rig.heard.of('near'), ['near a 8/10']);
    for (const one of sent.splice(0, 4)) finish(one);
    rig.sendAll(4);
    assert.equal(rig.heard.of('near').length, 2);
  });
});

describe('attempts at an upstream whose slot the call does not hold', () => {
  it('take room there until they are over', () => {
    const rig = pair(2, 2);
    const sent = rig.send();
    rig.limits.attemptBegan(b, attempt(sent));
    assert.deepEqual([rig.view('b').occupied, rig.view('b').foreign], [1, 1]);
    assert.equal(rig.view('a').occupied, 1);
    rig.limits.attemptOver(b, attempt(sent), ok, rig.clock.now());
    assert.deepEqual([rig.view('b').occupied, rig.view('b').foreign], [0, 0]);
  });

  it('take none where the slot is held', () => {
    const rig = pair(2, 2);
    const sent = rig.send();
    rig.limits.attemptBegan(a, attempt(sent));
    assert.equal(rig.view('a').occupied, 1);
    rig.limits.attemptOver(a, attempt(sent), ok, rig.clock.now());
    assert.equal(rig.view('a').occupied, 1);
  });

  it('are kept out by the gate while there is no soft room', () => {
    const rig = pair(5, 5);
    const sent = rig.send();
    assert.equal(rig.limits.opensAt(b, sent.call), 0);
    rig.sendAll(7);
    assert.equal(rig.limits.opensAt(b, sent.call), Number.POSITIVE_INFINITY);
    assert.equal(rig.limits.opensAt(a, sent.call), 0);
  });

  it('are not kept out of an upstream in shadow mode', () => {
    const rig = pair(1, 1);
    rig.limits.configure('b', fixed(1, { shadow: true }));
    const [first] = rig.sendAll(3);
    if (first !== undefined) assert.equal(rig.limits.opensAt(b, first.call), 0);
  });

  it('let in who waits when they are over', () => {
    const rig = pair(1, 1);
    const sent = rig.send();
    rig.limits.attemptBegan(b, attempt(sent));
    const waiting = rig.send();
    assert.equal(waiting.far, undefined);
    rig.limits.attemptOver(b, attempt(sent), ok, rig.clock.now());
    assert.equal(waiting.call.timeline.admittedTo, 'b');
  });
});

describe('the limit of an upstream', () => {
  it('lets in who waits when it grows', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    const [, second] = rig.sendAll(3);
    rig.limits.configure('a', fixed(2));
    assert.notEqual(second?.far, undefined);
    assert.equal(rig.view().queued.default, 1);
    assert.deepEqual(rig.heard.of('limit'), ['limit a 2']);
  });

  it('cuts nothing when it shrinks; there are just no grants', () => {
    const rig = new Rig({ limits: { a: fixed(4) } });
    const running = rig.sendAll(4);
    const waiting = rig.send();
    rig.limits.configure('a', fixed(2));
    assert.ok(running.every(({ sink }) => !sink.isOver));
    for (const one of running.splice(0, 2)) finish(one);
    assert.equal(waiting.far, undefined);
    for (const one of running.splice(0, 1)) finish(one);
    assert.notEqual(waiting.far, undefined);
  });

  it('grows while calls run, by answers to calls that had to wait too', () => {
    const aimd = { ...fixed(2), algorithm: 'aimd' as const, callsMin: 1, callsMax: 100 };
    const rig = new Rig({ limits: { a: aimd } });
    const sent = rig.sendAll(10);
    for (const { far, call } of sent) {
      if (far === undefined) continue;
      far.start();
      const at = rig.clock.now();
      rig.limits.attemptAnswered(a, call, testHead(), ok, at);
    }
    assert.ok(rig.view().limit >= 10);
    assert.ok(sent.every(({ far }) => far !== undefined));
  });

  it('outlives the configuration that does not know it, while anything is out there', () => {
    const rig = pair(2, 2);
    const sent = rig.send();
    rig.limits.retain(new Set(['c']));
    assert.deepEqual(
      rig.limits.view().map(({ upstream }) => upstream),
      ['a'],
    );
    sent.call.cancellation.cancel(new CallError('CALLER_GONE'));
    rig.limits.retain(new Set(['c']));
    assert.deepEqual(rig.limits.view(), []);
  });
});

describe('an upstream that refuses nearly everything', () => {
  function refusing(shadow: boolean = false) {
    const rig = new Rig({ limits: { a: fixed(1_000, { shadow }) } });
    // 20 a second for three minutes, all refused.
    for (let sent = 0; sent < 3_600; sent += 1) {
      const one = rig.send();
      rig.limits.attemptBegan(a, attempt(one));
      rig.limits.attemptOver(a, attempt(one), outcome('overloaded'), rig.clock.now());
      if (one.far !== undefined) finish(one);
      rig.clock.advance(50);
    }
    return rig;
  }

  it('is sent only part of its calls after a while; the others are refused here', () => {
    const rig = refusing();
    const shed = rig.heard.of('shed a throttle').length;
    assert.ok(shed > 50, `${shed}`);
    const sink = rig.sendAll(40).find((sent) => sent.sink.isOver)?.sink;
    assert.equal(sink?.error?.code, 'OVERLOADED');
  });

  it('is sent all of them in shadow mode', () => {
    const rig = refusing(true);
    assert.equal(rig.far.calls.length, 3_600);
    assert.ok(rig.heard.of('would shed a throttle').length > 50);
    assert.deepEqual(rig.heard.of('shed'), []);
  });

  it('loses its calls to the next upstream of their route', () => {
    const rig = refusing();
    rig.limits.configure('b', fixed(1_000));
    const through = rig.route(['a', 'b']);
    const sent = Array.from({ length: 40 }, () => rig.send({ through }));
    assert.ok(sent.every(({ sink }) => !sink.isOver));
    assert.ok(sent.some(({ call }) => call.timeline.admittedTo === 'b'));
    assert.ok(sent.some(({ call }) => call.timeline.admittedTo === 'a'));
  });

  it('is sent all of them when there are few', () => {
    const rig = refusing();
    rig.clock.advance(20_000);
    assert.ok(rig.sendAll(4).every(({ sink }) => !sink.isOver));
  });
});
