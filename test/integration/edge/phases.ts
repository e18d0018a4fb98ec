// What an edge must do when something comes between two phases in which it is expected: between
// head and body, after an early answer, into a full socket, on the way out. Run on both edges.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Progress } from '../../../src/core/dialect.ts';
import { CallError } from '../../../src/core/errors.ts';
import type { Service } from '../../../src/core/layer.ts';
import { freeFlow } from '../../../src/core/sink.ts';
import type { Framing, Sink } from '../../../src/core/sink.ts';
import { openaiChatDialect } from '../../../src/dialects/openai-chat.ts';
import { eventually } from '../../../src/testing/eventually.fixture.ts';
import { head, startEdge } from '../../support/edge-rig.ts';
import type { EdgeKind, EdgeRig, RigOptions } from '../../support/edge-rig.ts';
import { RawCaller } from '../../support/raw-caller.ts';
import { echo } from './requests.ts';

/** More than the kernel takes for a caller that does not read. */
const BIG = Buffer.alloc(16 * 1024 * 1024, 'a');

/** Answers at once with all of `BIG`, whatever its flow says. */
function big(framing: Framing): Service {
  const length = framing === 'length' ? BIG.length : -1;
  return (_call, sink) => {
    sink.start(head(200, {}, framing, length), freeFlow);
    sink.chunk(BIG);
    sink.end();
  };
}

/** Begins to answer and honours cancellation. */
function half(framing: Framing, then: (sink: Sink) => void = () => {}): Service {
  return (call, sink) => {
    call.cancellation.listen({ cancelled: (reason) => sink.fail(reason) });
    sink.start(head(200, {}, framing, framing === 'length' ? 1_000 : -1), freeFlow);
    sink.chunk(Buffer.from('half'));
    then(sink);
  };
}

const cut = (sink: Sink): void => sink.fail(new CallError('STREAM_CUT'));

/** The half of the edge suite between the phases. */
export function phaseSuite(kind: EdgeKind): void {
  describe(`between phases the ${kind} edge`, () => {
    let rig: EdgeRig;
    afterEach(() => rig.close());

    const open = async (service: Service, options: RigOptions = {}): Promise<RawCaller> => {
      rig = await startEdge(kind, service, options);
      return RawCaller.open(rig.port);
    };

    it('hears a caller leave while its upload waits for a reader', async () => {
      const reader = { bodyBytes: () => false, bodyEnd: () => {}, bodyFailed: () => {} };
      for (const how of ['FIN', 'RST'] as const) {
        let leftAt = Number.POSITIVE_INFINITY;
        let heardAt = 0;
        const service: Service = (call, sink) => {
          call.body.open(reader);
          call.cancellation.listen({
            cancelled: (reason) => {
              heardAt = performance.now();
              sink.fail(reason);
            },
          });
        };
        const caller = await open(service, { keepBytes: 8 * 1024 * 1024 });
        caller.say('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n');
        caller.say(BIG.subarray(0, 7_000_000));
        await eventually(() => rig.calls[0]?.body.receivedBytes === 7_000_000, 'all that was sent');
        leftAt = performance.now();
        if (how === 'FIN') caller.socket.end();
        else caller.socket.resetAndDestroy();
        await eventually(() => heardAt > 0, 'the departure');
        assert.ok(heardAt - leftAt < 50, `${heardAt - leftAt} ms after ${how}`);
        await rig.close();
      }
    });

    it('judges a body by its own silence, however slow its head was', async () => {
      const caller = await open(echo, { edge: { bodyStallMs: 1_000 } });
      caller.say('POST / HTTP/1.1\r\nHost: h\r\n');
      await sleep(800);
      caller.say('Content-Length: 2\r\n\r\n');
      await sleep(500);
      caller.say('hi');
      await caller.until((text) => text.endsWith('hi'));
      caller.destroy();
    });

    it('does not end a cut answer when the rest of the upload comes', async () => {
      const caller = await open(half('chunked', cut));
      caller.say('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi');
      await caller.untilClosed();
      assert.ok(caller.text.endsWith('half\r\n'), caller.text);
    });

    it('cuts a pipelined answer when its turn comes', async () => {
      let first: Sink | undefined;
      const caller = await open((call, sink) => {
        if (call.path === '/2') half('chunked', cut)(call, sink);
        else half('chunked', (begun) => (first = begun))(call, sink);
      });
      caller.say('GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
      await caller.until((text) => text.endsWith('half\r\n'));
      first?.end();
      await caller.untilClosed();
      assert.equal(caller.text.split('0\r\n\r\n').length, 2);
      assert.ok(caller.text.endsWith('half\r\n'), caller.text);
    });

    it('puts no refusal of the next request into an answer', async () => {
      const caller = await open(half('length'));
      caller.say('GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
      await eventually(() => caller.closed || caller.text.endsWith('half'), 'half an answer');
      rig.calls[0]?.cancellation.cancel(new CallError('STREAM_CUT'));
      await caller.untilClosed();
      assert.ok(!caller.text.includes('BAD_REQUEST'), caller.text);
    });

    it('does not fill up a declared length with words about the cut', async () => {
      const caller = await open(
        (call, sink) => {
          call.timeline.progress = new Progress();
          half('length', cut)(call, sink);
        },
        { dialect: openaiChatDialect },
      );
      caller.say('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      await caller.untilClosed();
      assert.ok(!caller.text.includes('stream_cut'), caller.text);
    });

    it('holds the upstream back after a piece larger than its buffer', async () => {
      let paused = false;
      const flow = { ...freeFlow, pause: () => (paused = true) };
      const caller = await open((call, sink) => {
        call.cancellation.listen({ cancelled: (reason) => sink.fail(reason) });
        sink.start(head(200, {}, 'length', 2 * BIG.length), flow);
        sink.chunk(BIG);
      });
      caller.socket.pause();
      caller.say('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      await eventually(() => paused, 'the flow to be held');
      caller.destroy();
    });

    it('resets an answer that ends by close when its reader stalls behind the end', async () => {
      const caller = await open(big('until-close'), { edge: { writeStallMs: 200 } });
      caller.socket.pause();
      caller.say('GET / HTTP/1.0\r\n\r\n');
      await eventually(() => rig.calls.length === 1, 'the call');
      await eventually(() => rig.sweep.size === 0, 'the end of the connection');
      caller.socket.resume();
      await caller.untilClosed();
      assert.ok(caller.reset && !caller.ended);
    });

    it('resets an answer that ends by close when the server is destroyed', async () => {
      const caller = await open(half('until-close'));
      caller.say('GET / HTTP/1.0\r\n\r\n');
      await caller.until((text) => text.endsWith('half'));
      await rig.close();
      await caller.untilClosed();
      assert.ok(caller.reset && !caller.ended);
      assert.equal(rig.calls[0]?.cancellation.reason?.code, 'DRAINING');
    });

    it('gives a slow reader its whole early answer, with the upload unread', async () => {
      const caller = await open(big('until-close'));
      const slowUntil = performance.now() + 2_600;
      let bytes = 0;
      caller.socket.removeAllListeners('data').on('data', (read: Buffer) => {
        bytes += read.length;
        if (performance.now() > slowUntil) return;
        caller.socket.pause();
        setTimeout(() => caller.socket.resume(), 30);
      });
      caller.say('POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\nhi');
      await caller.untilClosed();
      assert.ok(bytes > BIG.length, `${bytes} bytes came`);
    });

    it('gives up on a reader of an early answer that takes nothing', async () => {
      const caller = await open(big('length'), { edge: { writeStallMs: 200 } });
      caller.socket.pause();
      caller.say('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhi');
      await eventually(() => rig.calls.length === 1, 'the call');
      await eventually(() => rig.sweep.size === 0, 'the end of the connection');
      caller.destroy();
    });

    // Node's server reads on for as long as its own buffers allow.
    if (kind === 'node-http') return;
    if (kind === 'own') {
      it('hears a caller leave who has pipelined more than is kept', async () => {
        const caller = await open(half('chunked'));
        caller.say('GET /first HTTP/1.1\r\nHost: h\r\n\r\n');
        await caller.until((text) => text.endsWith('half\r\n'));
        caller.say(`POST /second HTTP/1.1\r\nHost: h\r\nContent-Length: 400000\r\n\r\n`);
        caller.say(BIG.subarray(0, 400_000));
        caller.socket.end();
        const first = rig.calls[0];
        await eventually(() => first?.cancellation.reason?.code === 'CALLER_GONE', 'the departure');
        assert.equal(rig.calls.length, 1);
      });

      it('closes behind the answer when more was pipelined than is kept', async () => {
        let sink: Sink | undefined;
        const caller = await open(half('chunked', (answer) => (sink = answer)));
        caller.say('GET /first HTTP/1.1\r\nHost: h\r\n\r\n');
        await caller.until((text) => text.endsWith('half\r\n'));
        caller.say(`POST /second HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n`);
        caller.say(BIG.subarray(0, 100_000));
        await sleep(100);
        sink?.end();
        await caller.untilClosed();
        assert.equal(caller.reset, false);
        assert.match(caller.text, /half\r\n0\r\n\r\n$/);
        assert.equal(rig.calls.length, 1);
      });
    }

    it('takes no further pipelined request while the answers are not taken', async () => {
      const requests = 400;
      const bodyBytes = 100_000;
      let headBytes = 0;
      let answered = 0;
      const caller = await open((_call, sink) => {
        answered += 1;
        sink.start(head(200, {}, 'length', bodyBytes), freeFlow);
        sink.chunk(BIG.subarray(0, bodyBytes));
        sink.end();
      });
      caller.socket.pause();
      caller.say('GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(requests));
      await eventually(() => answered > 0, 'the first answer');
      await sleep(300);
      // The kernel takes some of them, on both sides.
      assert.ok(answered < requests / 2, `${answered} answers`);
      let bytes = 0;
      caller.socket.removeAllListeners('data').on('data', (read: Buffer) => {
        if (headBytes === 0) headBytes = read.indexOf('\r\n\r\n') + 4;
        bytes += read.length;
      });
      caller.socket.resume();
      const whole = (): boolean => bytes === requests * (headBytes + bodyBytes);
      await eventually(whole, () => `every answer; ${answered} came with ${bytes} bytes`);
      assert.equal(answered, requests);
      caller.destroy();
    });
  });
}
