// What an edge must do with responses and with callers who leave. Run on both edges.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, it } from 'node:test';
import type { Call } from '../../../src/core/call.ts';
import { CallError } from '../../../src/core/errors.ts';
import { HeaderList } from '../../../src/core/header-list.ts';
import { freeFlow } from '../../../src/core/sink.ts';
import type { Flow, Sink } from '../../../src/core/sink.ts';
import { eventually } from '../../../src/testing/eventually.fixture.ts';
import { head, startEdge } from '../../support/edge-rig.ts';
import type { EdgeKind, EdgeRig } from '../../support/edge-rig.ts';
import { RawCaller } from '../../support/raw-caller.ts';
import { echo } from './requests.ts';

const GET = 'GET / HTTP/1.1\r\nHost: here\r\n\r\n';
const SSE = { 'content-type': 'text/event-stream' };

interface Hand {
  service: (call: Call, sink: Sink) => void;
  sink(): Sink;
  cancelledAt: number;
}

/** A service that hands its sink to the test and honours cancellation like the transport. */
function byHand(): Hand {
  let held: Sink | undefined;
  const hand = {
    cancelledAt: -1,
    sink: () => held as Sink,
    service(call: Call, sink: Sink) {
      held = sink;
      call.cancellation.listen({
        cancelled(reason) {
          hand.cancelledAt = performance.now();
          sink.fail(reason);
        },
      });
    },
  };
  return hand;
}

/** A flow that shows whether it is held back. */
class WatchedFlow implements Flow {
  paused: boolean = false;

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

/** The response half of the edge suite. */
export function responseSuite(kind: EdgeKind): void {
  describe(`responses on the ${kind} edge`, () => {
    let rig: EdgeRig;
    afterEach(() => rig.close());

    const open = async (
      service: (call: Call, sink: Sink) => void,
      edge: object = {},
    ): Promise<RawCaller> => {
      rig = await startEdge(kind, service, { edge });
      return RawCaller.open(rig.port);
    };
    const oneCall = (): Promise<void> => eventually(() => rig.calls.length === 1, 'the call');

    it('frames a body of unknown length as chunks and ends it with the last chunk', async () => {
      const caller = await open((_call, sink) => {
        sink.start(head(200), freeFlow);
        sink.chunk(Buffer.from('hello'));
        sink.end();
      });
      caller.say(GET);
      await caller.until((text) => text.endsWith('0\r\n\r\n'));
      assert.match(caller.text, /transfer-encoding: chunked\r\n/i);
      assert.match(caller.text, /\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/);
      assert.match(caller.text, /x-holdfast-call-id: \S+\r\n/);
      caller.destroy();
    });

    it('ends by closing for an HTTP/1.0 caller', async () => {
      rig = await startEdge(kind, (_call, sink) => {
        sink.start(head(200), freeFlow);
        sink.chunk(Buffer.from('hello'));
        sink.end();
      });
      const caller = await RawCaller.tell(rig.port, 'GET / HTTP/1.0\r\n\r\n');
      assert.doesNotMatch(caller.text, /transfer-encoding/i);
      assert.match(caller.text, /\r\n\r\nhello$/);
      assert.equal(caller.reset, false);
    });

    it('resets an HTTP/1.0 caller whose answer was cut: a close would look whole', async () => {
      const hand = byHand();
      const caller = await open(hand.service);
      caller.say('GET / HTTP/1.0\r\n\r\n');
      await oneCall();
      hand.sink().start(head(200), freeFlow);
      hand.sink().chunk(Buffer.from('half'));
      await caller.until((text) => text.endsWith('half'));
      hand.sink().fail(new CallError('STREAM_CUT'));
      await caller.untilClosed();
      assert.equal(caller.reset, true);
    });

    it('cuts a chunked answer without its last chunk', async () => {
      const hand = byHand();
      const caller = await open(hand.service);
      caller.say(GET);
      await oneCall();
      hand.sink().start(head(200, SSE), freeFlow);
      hand.sink().chunk(Buffer.from('data: half'));
      hand.sink().fail(new CallError('STREAM_CUT'));
      await caller.untilClosed();
      assert.match(caller.text, /data: half/);
      assert.doesNotMatch(caller.text, /\r\n0\r\n/);
    });

    it('counts no stream out by a length: its end and its cut must be told apart', async () => {
      for (const type of ['text/event-stream; charset=utf-8', 'application/x-ndjson']) {
        const hand = byHand();
        const caller = await open(hand.service);
        caller.say(GET);
        await oneCall();
        hand.sink().start(head(200, { 'content-type': type }, 'length', 4), freeFlow);
        hand.sink().chunk(Buffer.from('half'));
        hand.sink().fail(new CallError('STREAM_TRUNCATED'));
        await caller.untilClosed();
        assert.match(caller.text, /transfer-encoding: chunked\r\n/i);
        assert.doesNotMatch(caller.text, /content-length|\r\n0\r\n/i);
        await rig.close();
      }
    });

    it('answers HEAD without a body and keeps the length', async () => {
      const caller = await open((_call, sink) => {
        sink.start(head(200, {}, 'none', 1234), freeFlow);
        sink.end();
      });
      caller.say('HEAD / HTTP/1.1\r\nHost: here\r\n\r\n');
      await caller.until((text) => text.endsWith('\r\n\r\n'));
      assert.match(caller.text, /content-length: 1234\r\n/i);
      caller.say(GET.replace('GET', 'HEAD'));
      await caller.until((text) => text.split('HTTP/1.1 200').length === 3);
      caller.destroy();
    });

    it('keeps hop-by-hop fields of the upstream from the caller', async () => {
      const fields = { Connection: 'close', 'Keep-Alive': 'timeout=1', 'X-Kept': 'yes' };
      const caller = await open((_call, sink) => {
        sink.start(head(200, fields, 'length', 2), freeFlow);
        sink.chunk(Buffer.from('ok'));
        sink.end();
      });
      caller.say(GET);
      await caller.until((text) => text.endsWith('ok'));
      assert.match(caller.text, /X-Kept: yes/i);
      assert.doesNotMatch(caller.text, /connection: close|timeout=1\r/i);
      caller.destroy();
    });

    it('makes streaming headers right whatever the upstream said', async () => {
      const caller = await open((_call, sink) => {
        sink.start(head(200, { ...SSE, 'cache-control': 'public, max-age=60' }), freeFlow);
        sink.chunk(Buffer.from('data: 1\n\n'));
        sink.end();
      });
      caller.say(GET);
      await caller.until((text) => text.endsWith('0\r\n\r\n'));
      assert.match(caller.text, /cache-control: no-cache, no-transform\r\n/i);
      assert.match(caller.text, /x-accel-buffering: no\r\n/i);
      assert.doesNotMatch(caller.text, /max-age/);
      caller.destroy();
    });

    it('says when an answer came whose upstream did not', async () => {
      const dates: Record<string, string>[] = [{}, { date: 'Sun, 06 Nov 1994 08:49:37 GMT' }];
      for (const fields of dates) {
        const caller = await open((_call, sink) => {
          sink.start(head(200, fields, 'length', 2), freeFlow);
          sink.chunk(Buffer.from('ok'));
          sink.end();
        });
        caller.say(GET);
        await caller.until((text) => text.endsWith('ok'));
        const said = [...caller.text.matchAll(/^date: (.*)\r$/gim)].map(([, value = '']) => value);
        assert.equal(said.length, 1);
        const [date = ''] = said;
        if (fields['date'] !== undefined) assert.equal(date, fields['date']);
        else assert.ok(Math.abs(Date.parse(date) - Date.now()) < 3_000, date);
        caller.destroy();
        await rig.close();
      }
    });

    it('passes early hints to HTTP/1.1 callers only', async () => {
      const service = (_call: Call, sink: Sink): void => {
        sink.interim(head(103, { link: '</a.css>; rel=preload' }, 'none'));
        sink.start(head(200, {}, 'length', 2), freeFlow);
        sink.chunk(Buffer.from('ok'));
        sink.end();
      };
      const caller = await open(service);
      caller.say(GET);
      await caller.until((text) => text.endsWith('ok'));
      assert.match(caller.text, /^HTTP\/1\.1 103 [^]*HTTP\/1\.1 200/);
      caller.destroy();
      const old = await RawCaller.tell(rig.port, 'GET / HTTP/1.0\r\n\r\n');
      assert.match(old.text, /^HTTP\/1\.1 200/);
    });

    it('passes trailers on', async () => {
      const caller = await open((_call, sink) => {
        sink.start(head(200, { Trailer: 'X-Sum' }), freeFlow);
        sink.chunk(Buffer.from('ok'));
        sink.end(HeaderList.of([['X-Sum', '42']]));
      });
      caller.say(GET);
      await caller.until((text) => text.endsWith('\r\n\r\n') && text.includes('\r\n0\r\n'));
      assert.match(caller.text, /\r\n0\r\nX-Sum: 42\r\n\r\n$/i);
      caller.destroy();
    });

    it('passes compressed bytes as they are', async () => {
      const bytes = randomBytes(300_000);
      const caller = await open((_call, sink) => {
        sink.start(head(200, { 'content-encoding': 'gzip' }, 'length', bytes.length), freeFlow);
        for (let at = 0; at < bytes.length; at += 60_000) {
          sink.chunk(bytes.subarray(at, at + 60_000));
        }
        sink.end();
      });
      caller.say(GET);
      await caller.until((text) => text.length >= bytes.length + 100);
      const body = caller.text.slice(caller.text.indexOf('\r\n\r\n') + 4);
      assert.ok(Buffer.from(body, 'latin1').equals(bytes));
      caller.destroy();
    });

    for (const how of ['FIN', 'RST'] as const) {
      const leave = (caller: RawCaller): void => {
        if (how === 'FIN') caller.socket.end();
        else caller.socket.resetAndDestroy();
      };

      it(`sees a caller leave by ${how} while it uploads, waits and streams`, async () => {
        const phases = ['uploading', 'waiting', 'streaming'] as const;
        for (const phase of phases) {
          const hand = byHand();
          const caller = await open(hand.service);
          const length = phase === 'uploading' ? 100 : 3;
          caller.say(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\nabc`);
          await oneCall();
          if (phase === 'streaming') {
            hand.sink().start(head(200, SSE), freeFlow);
            hand.sink().chunk(Buffer.from('data: 1\n\n'));
            await caller.until((text) => text.includes('data: 1'));
          }
          const leftAt = performance.now();
          leave(caller);
          await eventually(() => hand.cancelledAt >= 0, `the cancellation while ${phase}`);
          assert.ok(hand.cancelledAt - leftAt < 50, `${phase}: ${hand.cancelledAt - leftAt} ms`);
          assert.equal(rig.calls[0]?.cancellation.reason?.code, 'CALLER_GONE');
          await rig.close();
        }
      });
    }

    /** Answers a caller who reads nothing until the edge holds the upstream back. */
    async function overfill(
      hand: Hand,
      edge: object = {},
    ): Promise<{ caller: RawCaller; flow: WatchedFlow }> {
      const caller = await open(hand.service, edge);
      caller.socket.pause();
      caller.say(GET);
      await oneCall();
      const flow = new WatchedFlow();
      hand.sink().start(head(200), flow);
      const block = Buffer.alloc(32_768, 120);
      for (let sent = 0; !flow.paused; sent += block.length) {
        assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes, and never held back`);
        hand.sink().chunk(block);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return { caller, flow };
    }

    it('holds the upstream back while the caller does not read, and lets go again', async () => {
      const hand = byHand();
      const { caller, flow } = await overfill(hand);
      caller.socket.resume();
      await eventually(() => !flow.paused, 'the flow to go on');
      caller.destroy();
    });

    it('cuts a caller that reads nothing for longer than the write stall limit', async () => {
      const hand = byHand();
      const { caller } = await overfill(hand, { writeStallMs: 200 });
      await eventually(() => hand.cancelledAt >= 0, 'the cut');
      assert.equal(rig.calls[0]?.cancellation.reason?.code, 'CALLER_STALLED');
      caller.destroy();
    });

    it('gives everything back when calls are over', async () => {
      rig = await startEdge(kind, echo);
      for (let round = 0; round < 20; round += 1) {
        const caller = await RawCaller.open(rig.port);
        caller.say(
          `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n${round % 2 ? 'hello' : 'he'}`,
        );
        if (round % 2 === 1) await caller.until((text) => text.endsWith('hello'));
        caller.destroy();
      }
      await eventually(
        () => rig.sweep.size === 0,
        () => `an empty sweep, not ${rig.sweep.size}`,
      );
      assert.equal(rig.budget.usedBytes, 0);
    });
  });
}
