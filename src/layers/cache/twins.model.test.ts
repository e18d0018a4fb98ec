import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ScriptedCall } from '../../testing/scripted-service.ts';
import { TwinsRig, session } from './twins.fixture.ts';
import type { TestCaller } from './twins.fixture.ts';

const LINGER_MS = 1_000;
const SWEEP_MS = 100;
const REPLAY_BYTES = 3 * 1024;
const MEMORY_BYTES = 8 * 1024;
const CHUNK_BYTES_MAX = 900;
const UNDER_WAY_BYTES_MAX = 1_000;

/** One thing that happens. Numbers choose among what is there. */
type Act =
  | { readonly type: 'come'; readonly who: number; readonly what: number }
  | { readonly type: 'leave' | 'pause' | 'resume'; readonly caller: number }
  | { readonly type: 'chunk'; readonly upstream: number; readonly bytes: number }
  | { readonly type: 'start' | 'end' | 'fail'; readonly upstream: number }
  | { readonly type: 'wait'; readonly ms: number };

const which = fc.nat({ max: 5 });
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('come'), who: fc.nat(1), what: fc.nat(1) }),
  },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom('pause', 'resume'), caller: which }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('leave'), caller: which }) },
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('chunk'),
      upstream: which,
      bytes: fc.integer({ min: 1, max: CHUNK_BYTES_MAX }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('start'), upstream: which }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('end', 'fail'), upstream: which }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('wait'), ms: fc.nat(700) }) },
);

/** An upstream call and what it has said so far. */
interface Stream {
  readonly upstream: ScriptedCall;
  /** Whose question it answers, and which. */
  readonly asked: string;
  said: string;
  begun: boolean;
  /** What came although it was held back. */
  underWayBytes: number;
  ending: 'end' | 'STREAM_CUT' | undefined;
  /** Since when nobody is left. */
  emptySince: number | undefined;
}

interface Member extends TestCaller {
  readonly asked: string;
  readonly stream: Stream;
}

class World {
  readonly rig: TwinsRig;
  readonly lingerMs: number;
  readonly members: Member[] = [];
  readonly streams: Stream[] = [];

  constructor(lingerMs: number) {
    this.lingerMs = lingerMs;
    const options = { lingerMs, replayBytesMax: REPLAY_BYTES };
    this.rig = new TwinsRig({ options, limits: { bytesMax: MEMORY_BYTES } });
  }

  run(step: Act): void {
    if (step.type === 'come') this.#come(step.who, step.what);
    else if (step.type === 'wait') this.rig.clock.advance(step.ms);
    else if ('caller' in step) this.#actOf(step.type, step.caller);
    else this.#answer(step);
    this.check();
  }

  check(): void {
    for (const member of this.members) {
      checkMember(member);
      const others = this.members.filter(({ stream }) => stream === member.stream);
      ok(member.sink.error?.code !== 'CALLER_STALLED' || others.length > 1, 'cut off, but alone');
    }
    for (const stream of this.streams) this.#checkStream(stream);
    // Beyond the bound goes only what was under way when every caller was full.
    const underWay = this.streams.reduce((sum, stream) => sum + stream.underWayBytes, 0);
    const { usedBytes } = this.rig.calls.memory;
    ok(usedBytes <= MEMORY_BYTES + underWay, `${usedBytes} bytes are kept`);
    for (const { keptBytes, joinable } of this.rig.calls.view()) {
      ok(!joinable || keptBytes <= REPLAY_BYTES, `${keptBytes} bytes of one answer are kept`);
    }
  }

  /** Everybody reads or leaves, everything ends. */
  finish(): void {
    for (const { sink } of this.members) if (sink.paused) sink.resume();
    this.check();
    for (const stream of this.streams) {
      if (!stream.upstream.over) this.#say(stream, { type: 'start' });
      if (!stream.upstream.over) this.#say(stream, { type: 'end' });
    }
    this.check();
    for (const { sink } of this.members) ok(sink.isOver);
    this.rig.clock.advance(LINGER_MS + SWEEP_MS);
    this.rig.assertNothingLeft();
  }

  #come(who: number, what: number): void {
    const { rig } = this;
    const asked = `${who}/${what}`;
    const caller = rig.send({
      headers: { ...session, 'x-api-key': `key ${who}` },
      fingerprint: `f${who}`,
      body: `{"question":${what}}`,
    });
    const { upstream } = rig;
    if (upstream.calls.length > this.streams.length) {
      const nothing = { said: '', begun: false, underWayBytes: 0 };
      const open = { ending: undefined, emptySince: undefined };
      this.streams.push({ upstream: upstream.last, asked, ...nothing, ...open });
    }
    const id = caller.call.timeline.twinOf || caller.call.id;
    const stream = this.streams.find((one) => one.upstream.call.id === id);
    ok(stream, 'every caller is given some answer');
    this.members.push({ ...caller, asked, stream });
  }

  #actOf(type: 'leave' | 'pause' | 'resume', index: number): void {
    const here = this.members.filter(({ sink }) => !sink.isOver);
    const member = here[index % Math.max(1, here.length)];
    if (member === undefined) return;
    if (type === 'leave') member.leave();
    else if (type === 'resume') member.sink.resume();
    else if (member.sink.head !== undefined) member.sink.pause();
  }

  #answer(step: Exclude<Act, { type: 'come' | 'wait' | 'leave' | 'pause' | 'resume' }>): void {
    const running = this.streams.filter(({ upstream }) => !upstream.over);
    const stream = running[step.upstream % Math.max(1, running.length)];
    if (stream !== undefined) this.#say(stream, step);
  }

  #say(stream: Stream, step: { type: 'start' | 'chunk' | 'end' | 'fail'; bytes?: number }): void {
    const { upstream } = stream;
    if (step.type === 'fail') {
      stream.ending = 'STREAM_CUT';
      upstream.fail('STREAM_CUT');
    } else if (step.type === 'start' || !stream.begun) {
      if (stream.begun) return;
      stream.begun = true;
      upstream.start();
    } else if (step.type === 'end') {
      stream.ending = 'end';
      upstream.end();
    } else {
      if (upstream.paused && stream.underWayBytes > UNDER_WAY_BYTES_MAX) return;
      const text = `${stream.asked}@${stream.said.length};`.padEnd(step.bytes ?? 1, '.');
      stream.said += text;
      if (upstream.paused) stream.underWayBytes += text.length;
      upstream.chunk(text);
    }
  }

  #checkStream(stream: Stream): void {
    const { upstream, ending } = stream;
    const now = this.rig.clock.now();
    const here = this.members.filter((one) => one.stream === stream && !one.sink.isOver);
    if (here.length > 0) stream.emptySince = undefined;
    else stream.emptySince ??= now;
    if (ending !== undefined) return;
    if (!upstream.over) {
      equal(upstream.paused, here.length > 0 && here.every(({ sink }) => sink.paused));
    }
    if (stream.emptySince === undefined) {
      equal(upstream.cancelledWith, undefined, 'cancelled though somebody listens');
      return;
    }
    const emptyMs = now - stream.emptySince;
    const waited = this.rig.calls.view().some((one) => one.call === upstream.call.id);
    equal(upstream.over, !waited, 'runs for nobody');
    if (this.lingerMs === 0) equal(upstream.over, true);
    if (emptyMs > this.lingerMs + SWEEP_MS) equal(upstream.over, true);
  }
}

/** What one caller has heard is what was said to its question, from the start. */
function checkMember({ sink, stream, asked }: Member): void {
  equal(stream.asked, asked, 'the answer to a question of its own identity');
  const { text } = sink;
  ok(stream.said.startsWith(text), 'a part of the answer, from its start');
  const code = sink.error?.code;
  if (code === 'CALLER_GONE' || code === 'CALLER_STALLED') return;
  if (!sink.paused || sink.isOver) equal(text, stream.said, 'all of it');
  if (sink.isOver) equal(sink.ended ? 'end' : code, stream.ending);
  else if (!sink.paused) equal(stream.ending, undefined, 'has heard the end');
}

describe('joint calls', () => {
  for (const lingerMs of [0, LINGER_MS]) {
    it(`give everybody their own answer whole, and end with the last (linger ${lingerMs})`, () => {
      const property = fc.property(fc.array(act, { maxLength: 80, size: 'max' }), (acts) => {
        const world = new World(lingerMs);
        for (const step of acts) world.run(step);
        world.finish();
      });
      fc.assert(property, { numRuns: 400 });
    });
  }

  it('are met by the walks of this test in every way', () => {
    const heard = new Set<string>();
    const walks = fc.sample(fc.array(act, { minLength: 80, maxLength: 80 }), {
      numRuns: 200,
      seed: 1,
    });
    for (const acts of walks) {
      const world = new World(LINGER_MS);
      for (const step of acts) world.run(step);
      for (const said of world.rig.said) heard.add(said);
    }
    const all = ['attached', 'lingered', 'expired', 'outrun'].map((word) => `${word} test-route`);
    deepEqual([...heard].toSorted(), [...all, 'evicted length', 'evicted memory'].toSorted());
  });
});
