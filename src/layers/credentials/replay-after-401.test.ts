import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancellation } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import { BufferBudget, ReplayBody } from '../../core/replay-body.ts';
import { byHand, testHead } from '../../testing/scripted-service.ts';
import type { CallScript } from '../../testing/scripted-service.ts';
import { CredentialsRig, settle } from './credentials.fixture.ts';

const no: CallScript = { status: 401, chunks: ['who are you?'] };
const yes: CallScript = { chunks: ['welcome'] };
/** Refuses the first token and takes every other one. */
const firstRefused = (call: { headers: { get(name: string): string | undefined } }): CallScript =>
  call.headers.get('authorization') === 'Bearer token-1' ? no : yes;

/** A rig with a good token that is a minute old. */
async function rigWith(
  script: ConstructorParameters<typeof CredentialsRig>[0],
): Promise<CredentialsRig> {
  const rig = new CredentialsRig(script);
  await rig.begin(3_600, 60_000);
  return rig;
}

describe('a 401 from the upstream', () => {
  it('is kept from the caller, and the call made again with a new token', async () => {
    const rig = await rigWith([no, yes]);
    const { sink } = rig.send();
    assert.deepEqual(sink.story, []);
    rig.clock.advance(200);
    rig.endpoint.last.answer(200, { access_token: 'token-2', expires_in: 3_600 });
    await settle();
    assert.equal(sink.text, 'welcome');
    assert.deepEqual(rig.sent, ['Bearer token-1', 'Bearer token-2']);
    assert.equal(rig.upstream.last.bodyText, '{"test":true}');
    assert.ok(rig.said.includes('replayed up'));
    assert.deepEqual(rig.waits, [200]);
    rig.assertNothingLeft();
  });

  it('goes to the caller the second time', async () => {
    const rig = await rigWith(no);
    const { sink } = rig.send();
    rig.endpoint.last.answer(200, { access_token: 'token-2', expires_in: 3_600 });
    await settle();
    assert.equal(sink.status, 401);
    assert.equal(sink.text, 'who are you?');
    assert.equal(rig.upstream.calls.length, 2);
    for (let call = 0; call < 10; call += 1) {
      assert.equal(rig.send().sink.status, 401);
      rig.clock.advance(1_000);
    }
    assert.equal(rig.endpoint.asks.length, 2, 'no token is fetched for each of them');
    assert.equal(rig.upstream.calls.length, 12);
    rig.assertNothingLeft();
  });

  it('asks for one token, however many calls hear it', async () => {
    const rig = await rigWith(firstRefused);
    const sinks = Array.from({ length: 50 }, () => rig.send().sink);
    rig.clock.advance(100);
    rig.endpoint.last.answer(200, { access_token: 'token-2', expires_in: 3_600 });
    await settle();
    assert.ok(sinks.every((sink) => sink.text === 'welcome'));
    assert.equal(rig.endpoint.asks.length, 2);
  });

  it('needs no renewal where another token is here already', async () => {
    const rig = await rigWith(byHand);
    const { sink } = rig.send();
    const [slow] = rig.upstream.calls;
    const other = rig.send();
    rig.upstream.last.start(testHead(401));
    rig.upstream.last.end();
    rig.endpoint.last.answer(200, { access_token: 'token-2', expires_in: 3_600 });
    await settle();
    assert.equal(other.sink.isOver, false);
    slow?.start(testHead(401));
    slow?.end();
    assert.deepEqual(rig.sent.slice(2), ['Bearer token-2', 'Bearer token-2']);
    assert.equal(rig.endpoint.asks.length, 2);
    assert.equal(sink.isOver, false);
  });

  it('is the answer where the endpoint insists on the same token', async () => {
    const rig = await rigWith({ status: 401, chunks: ['no', ' way'], trailers: { 'x-t': '1' } });
    const { sink } = rig.send();
    rig.endpoint.last.answer(200, { access_token: 'token-1', expires_in: 3_540 });
    await settle();
    assert.deepEqual(sink.story, ['start 401', 'chunk 2', 'chunk 4', 'end']);
    assert.equal(sink.trailers?.get('x-t'), '1');
    assert.equal(rig.upstream.calls.length, 1);
    rig.assertNothingLeft();
  });

  it('passes on while its rest is still on the way', async () => {
    const rig = await rigWith(byHand);
    const { sink } = rig.send();
    rig.upstream.last.start(testHead(401));
    rig.upstream.last.chunk('no');
    rig.endpoint.last.answer(200, { access_token: 'token-1', expires_in: 3_540 });
    await settle();
    assert.deepEqual(sink.story, ['start 401', 'chunk 2']);
    rig.upstream.last.chunk('!');
    rig.upstream.last.end();
    assert.deepEqual(sink.story, ['start 401', 'chunk 2', 'chunk 1', 'end']);
    rig.assertNothingLeft();
  });

  it('asks once more where the renewal had begun before', async () => {
    const rig = await rigWith([no, yes]);
    rig.clock.advance(3_600_000 - 60_000 - 110_000);
    const before = rig.endpoint.asks.length;
    const { sink } = rig.send();
    assert.equal(rig.endpoint.asks.length, before + 1, 'the renewal in the background');
    rig.endpoint.last.answer(200, { access_token: 'token-1', expires_in: 100 });
    await settle();
    assert.equal(sink.isOver, false);
    assert.equal(rig.endpoint.asks.length, before + 2);
    rig.endpoint.last.answer(200, { access_token: 'token-2', expires_in: 3_600 });
    await settle();
    assert.equal(sink.text, 'welcome');
    assert.equal(rig.endpoint.inFlightMost, 1);
  });
});

describe('a 401 that cannot be replaced', () => {
  it('passes on with its body gone, and the next call has a new token', async () => {
    const rig = await rigWith(firstRefused);
    const body = new ReplayBody(3, 0, new BufferBudget(0), undefined);
    body.push(Buffer.from('abc'));
    body.finish();
    assert.equal(rig.send({ body }).sink.status, 401);
    const { sink } = rig.send();
    rig.endpoint.last.answer(200, { access_token: 'token-2', expires_in: 3_600 });
    await settle();
    assert.equal(sink.text, 'welcome');
    assert.equal(rig.upstream.calls.length, 2);
  });

  it('becomes our own error where no token can be fetched', async () => {
    const rig = await rigWith(no);
    const { sink } = rig.send();
    rig.endpoint.last.answer(404, 'nothing here');
    await settle();
    assert.equal(sink.error?.code, 'CREDENTIALS_REFUSED');
    assert.match(sink.error.message, /answered 404\.$/);
    rig.assertNothingLeft();
  });

  it('becomes our own error where the endpoint fails, and others go on', async () => {
    const rig = await rigWith(firstRefused);
    const { sink } = rig.send();
    rig.endpoint.onAsk = (ask) => ask.answer(500, '');
    rig.endpoint.last.answer(500, '');
    for (let wait = 0; wait < 10; wait += 1) {
      await settle();
      rig.clock.advance(200);
    }
    assert.equal(sink.error?.code, 'CREDENTIALS_UNAVAILABLE');
    assert.equal(rig.send().sink.status, 401);
    assert.deepEqual(rig.sent, ['Bearer token-1', 'Bearer token-1']);
  });

  it('becomes our own error where the endpoint hangs', async () => {
    const rig = await rigWith(byHand);
    const { sink } = rig.send();
    rig.upstream.last.start(testHead(401));
    rig.clock.advance(4_900);
    assert.equal(sink.isOver, false);
    rig.clock.advance(100);
    assert.deepEqual(sink.story, ['fail CREDENTIALS_UNAVAILABLE']);
    assert.equal(rig.upstream.last.cancelledWith?.code, 'SUPERSEDED');
    assert.equal(rig.view.waiting, 0);
  });

  it('ends when the caller leaves, wherever it stands', async () => {
    for (const isOver of [true, false]) {
      const rig = await rigWith(byHand);
      const cancellation = new Cancellation();
      const { sink } = rig.send({ cancellation });
      rig.upstream.last.start(testHead(401));
      if (isOver) rig.upstream.last.end();
      cancellation.cancel(new CallError('CALLER_GONE'));
      assert.deepEqual(sink.story, ['fail CALLER_GONE']);
      rig.endpoint.last.answer(200, { access_token: 'token-2', expires_in: 3_600 });
      await settle();
      assert.equal(rig.upstream.calls.length, 1);
      rig.assertNothingLeft();
    }
  });
});

describe('the answer that is not wanted any more', () => {
  const next = { access_token: 'token-2', expires_in: 3_600 };

  it('is heard to its end, so that its connection can serve again', async () => {
    const rig = await rigWith([byHand, yes]);
    const { sink } = rig.send();
    const { last } = rig.upstream;
    last.start(testHead(401));
    rig.endpoint.last.answer(200, next);
    await settle();
    last.chunk('who');
    rig.clock.advance(900);
    assert.equal(rig.upstream.calls.length, 1);
    last.end();
    assert.equal(last.cancelledWith, undefined);
    assert.equal(sink.text, 'welcome');
    rig.assertNothingLeft();
  });

  it('is cut after a second', async () => {
    const rig = await rigWith([byHand, yes]);
    const { sink } = rig.send();
    const { last } = rig.upstream;
    last.start(testHead(401));
    rig.endpoint.last.answer(200, next);
    await settle();
    rig.clock.advance(1_000);
    assert.equal(last.cancelledWith?.code, 'SUPERSEDED');
    assert.equal(sink.text, 'welcome');
    rig.assertNothingLeft();
  });

  it('is held back beyond 64 KiB, and cut when the token comes', async () => {
    const rig = await rigWith([byHand, yes]);
    const { sink } = rig.send();
    const { last } = rig.upstream;
    last.start(testHead(401));
    last.chunk('x'.repeat(65_537));
    assert.equal(last.paused, true);
    rig.endpoint.last.answer(200, next);
    await settle();
    assert.equal(last.cancelledWith?.code, 'SUPERSEDED');
    assert.equal(sink.text, 'welcome');
  });

  it('is let go on where it becomes the answer after all', async () => {
    const rig = await rigWith(byHand);
    const { sink } = rig.send();
    const { last } = rig.upstream;
    last.start(testHead(401));
    last.chunk('x'.repeat(65_537));
    rig.endpoint.last.answer(200, { access_token: 'token-1', expires_in: 3_000 });
    await settle();
    assert.equal(last.paused, false);
    last.end();
    assert.equal(sink.body.length, 65_537);
    assert.equal(sink.ended, true);
  });

  it('waits for a reader who is full when it becomes the answer after all', async () => {
    const rig = await rigWith(byHand);
    const { sink } = rig.send({}, { pauseAfterChunks: 1 });
    const { last } = rig.upstream;
    last.start(testHead(401));
    last.chunk(Buffer.alloc(70_000, 0x61));
    rig.endpoint.last.answer(200, { access_token: 'token-1', expires_in: 3_600 });
    await settle();
    assert.deepEqual(sink.story, ['start 401', 'chunk 70000']);
    assert.equal(last.paused, true);
    sink.resume();
    assert.equal(last.paused, false);
    sink.pause();
    assert.equal(last.paused, true);
  });

  it('goes on behind what was held, whoever resumes it in the middle of that', async () => {
    const chunks = ['a', 'b'.repeat(70_000), 'c'];
    const rig = await rigWith({ status: 401, chunks });
    const story: string[] = [];
    const { sink } = rig.send(
      {},
      {
        onEvent: (event, recording) => {
          story.push(event.type === 'chunk' ? event.bytes.toString('utf8', 0, 1) : event.type);
          if (event.type !== 'chunk' || story.length > 2) return;
          recording.pause();
          recording.resume();
        },
      },
    );
    rig.endpoint.last.answer(200, { access_token: 'token-1', expires_in: 3_600 });
    await settle();
    assert.equal(sink.ended, true);
    assert.deepEqual(story, ['start', 'a', 'b', 'c', 'end']);
  });

  it('may break off', async () => {
    for (const early of [true, false]) {
      const rig = await rigWith([byHand, yes]);
      const { sink } = rig.send();
      const { last } = rig.upstream;
      last.start(testHead(401));
      if (early) last.fail('STREAM_CUT');
      rig.endpoint.last.answer(200, next);
      await settle();
      if (!early) last.fail('STREAM_CUT');
      assert.equal(sink.text, 'welcome');
      rig.assertNothingLeft();
    }
  });

  it('passes its break on where it is the answer after all', async () => {
    const rig = await rigWith(byHand);
    const { sink } = rig.send();
    rig.upstream.last.start(testHead(401));
    rig.upstream.last.fail('STREAM_CUT');
    rig.endpoint.last.answer(200, { access_token: 'token-1', expires_in: 3_000 });
    await settle();
    assert.deepEqual(sink.story, ['start 401', 'fail STREAM_CUT']);
  });
});

describe('a call that is over', () => {
  const GONE = new CallError('CALLER_GONE');
  /** Nothing below may be cancelled any more, or the call would hold it for as long as it lives. */
  const assertLetGo = (rig: CredentialsRig, cancellation: Cancellation): void => {
    cancellation.cancel(GONE);
    for (const { call } of rig.upstream.calls) {
      assert.notEqual(call.cancellation, cancellation);
      assert.notEqual(call.cancellation.reason, GONE);
    }
  };

  it('lets go of what it has sent, however it ended', async () => {
    for (const script of [yes, { failBeforeHead: 'RESET' }, [no, yes]] as const) {
      const rig = await rigWith(script);
      const cancellation = new Cancellation();
      const { sink } = rig.send({ cancellation });
      const answer = { access_token: 'token-2', expires_in: 3_600 };
      if (rig.endpoint.inFlight > 0) rig.endpoint.last.answer(200, answer);
      await settle();
      assert.equal(sink.isOver, true);
      assertLetGo(rig, cancellation);
    }
  });

  it('lets go of it also where its 401 was the answer, or where no token came', async () => {
    for (const insists of [true, false]) {
      const rig = await rigWith(no);
      const cancellation = new Cancellation();
      const { sink } = rig.send({ cancellation });
      const same = { access_token: 'token-1', expires_in: 3_000 };
      if (insists) rig.endpoint.last.answer(200, same);
      else rig.endpoint.last.answer(400, { error: 'invalid_client' });
      await settle();
      assert.equal(sink.isOver, true);
      assertLetGo(rig, cancellation);
    }
  });
});

describe('any other answer', () => {
  it('passes as it comes, informational heads and trailers included', async () => {
    const rig = await rigWith({ status: 403, interim: [103], chunks: ['a'], trailers: { b: 'c' } });
    const { sink } = rig.send();
    assert.deepEqual(sink.story, ['interim 103', 'start 403', 'chunk 1', 'end']);
    assert.equal(sink.trailers?.get('b'), 'c');
    assert.equal(rig.endpoint.asks.length, 1);
  });

  it('fails as it fails', async () => {
    const rig = await rigWith({ failBeforeHead: 'RESET' });
    const { call, sink } = rig.send();
    assert.deepEqual(sink.story, ['fail RESET']);
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.deepEqual(sink.story, ['fail RESET']);
  });
});
