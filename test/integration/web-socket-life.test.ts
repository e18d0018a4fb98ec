// How sessions live and end: who is found dead and when, who holds whom back, what each side is
// told.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { VirtualClock, dropPackets } from '../../src/testing/index.ts';
import { skipUnlessPacketsDrop } from '../../src/testing/packet-filter.fixture.ts';
import { ProxyRig, TestUpstream } from '../support/web-socket-rig.ts';
import type { Peer, ProxyOptions } from '../support/web-socket-rig.ts';

const MIB = 1024 * 1024;

/** The socket under a client, which `ws` does not show. */
function socketOf({ ws }: Peer): Socket {
  return (ws as unknown as { _socket: Socket })._socket;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a session', () => {
  let upstream: TestUpstream;
  let rig: ProxyRig;
  beforeEach(async () => {
    upstream = await TestUpstream.listen({ maxPayload: 64 * MIB });
  });
  afterEach(async () => {
    await rig.close();
    await upstream.close();
    await eventually(() => rig.connections === 0, 'the caller connections to go');
    assert.equal(rig.proxy.size, 0);
    assert.equal(rig.proxy.heldBytes, 0);
    assert.equal(rig.proxy.handshakes, 0);
    assert.equal(rig.leases.size, 0);
    assert.equal(rig.sweep.size, 0);
  });

  async function open(options: ProxyOptions = {}): Promise<{ caller: Peer; far: Peer }> {
    rig = await ProxyRig.start([upstream.port], options);
    return { caller: await rig.open(), far: await upstream.peer() };
  }

  describe('with a peer that vanishes', () => {
    const quick = { pingMs: 300, pongMs: 200 };
    const skip = skipUnlessPacketsDrop();

    for (const side of ['caller', 'upstream'] as const) {
      it(`gives everything back within ping and pong limit: ${side}`, { skip }, async () => {
        const { caller, far } = await open({ options: quick });
        const [dead, alive] = side === 'caller' ? [caller, far] : [far, caller];
        const socket = side === 'caller' ? socketOf(dead) : (upstream.sockets[0] as Socket);
        assert.ok(dropPackets(socket, true));
        const from = performance.now();
        await rig.untilEnded();
        const tookMs = performance.now() - from;
        assert.ok(tookMs < 1.1 * quick.pingMs + quick.pongMs + 400, `${tookMs} ms`);
        assert.ok(tookMs > quick.pongMs, `${tookMs} ms`);
        assert.deepEqual(rig.ends, [side === 'caller' ? 'CALLER_GONE' : 'STREAM_IDLE']);
        assert.equal(rig.told[1], `zombie ${side}`);
        const reason = rig.ends[0];
        assert.deepEqual(await alive.untilClosed(), [side === 'caller' ? 1001 : 1011, reason]);
        assert.equal(rig.leases.size, 0);
        assert.equal(rig.proxy.size, 0);
        dropPackets(socket, false);
        dead.ws.terminate();
      });
    }

    for (const [what, bytes] of [
      ['in silence', 0],
      ['while its upstream sends little', 1_000],
      ['while its upstream fills all buffers', 20_000],
    ] as const) {
      it(
        `frees a killed browser tab in less than 40 s of the default limits: ${what}`,
        { skip },
        async () => {
          // The proxy's time is virtual: sockets and pings are real, seconds pass at once.
          const clock = new VirtualClock();
          const { caller, far } = await open({ clock });
          caller.ws.send('last words');
          await far.untilMessages(1);
          clock.advance(100);
          assert.ok(dropPackets(socketOf(caller), true));
          const from = clock.now();
          while (rig.ends.length === 0 && clock.now() - from < 60_000) {
            if (bytes > 0) far.ws.send(Buffer.alloc(bytes));
            clock.advance(100);
            for (let turns = 0; turns < 5; turns += 1) await turn();
          }
          const tookMs = clock.now() - from;
          assert.ok(tookMs < 40_000, `${tookMs} ms`);
          assert.ok(tookMs > 30_000, `${tookMs} ms`);
          assert.match(rig.ends.join(), /^CALLER_(GONE|STALLED)$/);
          assert.equal(rig.leases.size, 0);
          assert.equal(rig.proxy.heldBytes, 0);
          dropPackets(socketOf(caller), false);
          caller.ws.terminate();
        },
      );
    }

    it('keeps peers that answer pings, however long both are silent', async () => {
      const { caller, far } = await open({ options: { pingMs: 100, pongMs: 100 } });
      let pings = 0;
      caller.ws.on('ping', () => (pings += 1));
      far.ws.on('ping', () => (pings += 1));
      await wait(900);
      assert.ok(pings >= 6, `${pings} pings`);
      assert.deepEqual(rig.ends, []);
      assert.equal(caller.closed, undefined);
    });

    it('keeps a peer whose long message is still on its way', async () => {
      rig = await ProxyRig.start([upstream.port], { options: { pingMs: 150, pongMs: 100 } });
      // It answers no ping while it uploads, as on a slow path, where the answer comes behind.
      const caller = await rig.open('/chat', [], { autoPong: false });
      const far = await upstream.peer();
      const raw = socketOf(caller);
      const payload = Buffer.alloc(120_000, 0);
      const head = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
      head.writeUInt32BE(payload.length, 6);
      raw.write(head);
      for (let at = 0; at < payload.length; at += 10_000) {
        raw.write(payload.subarray(at, at + 10_000));
        await wait(60);
      }
      await far.untilMessages(1);
      assert.equal(far.messages[0]?.data.length, payload.length);
      assert.deepEqual(rig.ends, []);
    });
  });

  describe('with a reader that is slow', () => {
    async function flood(from: Peer, messageBytes: number, total: number): Promise<number> {
      let sent = 0;
      const message = Buffer.alloc(messageBytes, 'x');
      while (sent < total) {
        let taken = false;
        from.ws.send(message, () => (taken = true));
        const until = performance.now() + 400;
        while (!taken && performance.now() < until) await turn();
        if (!taken) break;
        sent += messageBytes;
      }
      return sent;
    }

    for (const side of ['caller', 'upstream'] as const) {
      it(`holds its sender back and a bounded number of bytes: ${side} stops reading`, async () => {
        const { caller, far } = await open();
        const [reader, sender] = side === 'caller' ? [caller, far] : [far, caller];
        reader.ws.pause();
        const sent = await flood(sender, 64 * 1024, 200 * MIB);
        assert.ok(sent < 60 * MIB, `${sent} bytes sent`);
        assert.ok(rig.proxy.heldBytes > 0);
        assert.ok(rig.proxy.heldBytes < 1.5 * MIB, `${rig.proxy.heldBytes} bytes held`);
        const [view] = rig.proxy.view(1);
        assert.equal(view?.paused, side === 'caller' ? 'upstream' : 'caller');
        // It goes on where it stopped, and nothing is lost.
        const before = sender.ws.bufferedAmount;
        reader.ws.resume();
        await eventually(
          () => rig.proxy.heldBytes === 0 && sender.ws.bufferedAmount === 0,
          () => `the backlog of ${before} to go`,
          20_000,
        );
        sender.ws.send('after');
        await eventually(
          () => reader.texts.at(-1) === 'after',
          'the message behind the backlog',
          20_000,
        );
      });
    }

    it('takes no upstream it holds back for a silent one, and judges it again later', async () => {
      const { caller, far } = await open({ limits: { byteIdleMs: 400 } });
      caller.ws.pause();
      await flood(far, 64 * 1024, 200 * MIB);
      await wait(800);
      assert.deepEqual(rig.ends, []);
      caller.ws.resume();
      await rig.untilEnded();
      assert.deepEqual(rig.ends, ['STREAM_IDLE']);
      assert.equal(rig.proxy.heldBytes, 0);
    });

    it('frees the sender it held back as soon as it is cut', async () => {
      const { caller, far } = await open();
      caller.ws.pause();
      await flood(far, 64 * 1024, 200 * MIB);
      assert.equal(rig.proxy.view(1)[0]?.paused, 'upstream');
      const from = performance.now();
      socketOf(caller).resetAndDestroy();
      await rig.untilEnded();
      assert.deepEqual(rig.ends, ['CALLER_GONE']);
      assert.ok(performance.now() - from < 2_000);
      assert.deepEqual(await far.untilClosed(), [1001, 'CALLER_GONE']);
    });

    it('holds senders back sooner when all sessions together hold too much', async () => {
      const { caller, far } = await open({ options: { backlogTotalBytes: 100_000 } });
      caller.ws.pause();
      await flood(far, 64 * 1024, 200 * MIB);
      assert.ok(rig.proxy.heldBytes > 0);
      assert.ok(rig.proxy.heldBytes < 400_000, `${rig.proxy.heldBytes} bytes held`);
    });

    it('gives up a reader that takes nothing for the stall limit', async () => {
      const { caller, far } = await open({ options: { stallMs: 400 } });
      caller.ws.pause();
      void flood(far, 64 * 1024, 200 * MIB);
      await rig.untilEnded(1, 10_000);
      assert.deepEqual(rig.ends, ['CALLER_STALLED']);
      assert.ok(rig.told.includes('stalled caller'));
      assert.equal(rig.leases.size, 0);
      assert.deepEqual(await far.untilClosed(), [1001, 'CALLER_STALLED']);
    });

    it('does not take a slow reader for a dead one', async () => {
      const limits = { pingMs: 400, pongMs: 400, stallMs: 3_000 };
      rig = await ProxyRig.start([upstream.port], { options: limits });
      // It answers no ping: on a slow path the ping lies behind what it has still to read.
      const caller = await rig.open('/chat', [], { autoPong: false });
      const far = await upstream.peer();
      caller.ws.pause();
      for (let n = 0; n < 6; n += 1) far.ws.send(Buffer.alloc(12 * MIB, n));
      await eventually(() => rig.proxy.heldBytes > MIB, 'a backlog');
      const until = performance.now() + 2_000;
      while (performance.now() < until) {
        caller.ws.resume();
        await turn();
        caller.ws.pause();
        await wait(130);
        assert.ok(rig.proxy.heldBytes > 0, 'it read too fast to prove anything');
        assert.deepEqual(rig.ends, []);
      }
      caller.ws.resume();
      await caller.untilMessages(6);
    });
  });

  describe('that is closed', () => {
    for (const side of ['caller', 'upstream'] as const) {
      const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 4999];
      it(`passes code and reason on as they are: by the ${side}`, async () => {
        rig = await ProxyRig.start([upstream.port]);
        for (const [index, code] of codes.entries()) {
          const caller = await rig.open();
          const far = await upstream.peer(index);
          const [closer, other] = side === 'caller' ? [caller, far] : [far, caller];
          closer.ws.close(code, `why ${code}`);
          assert.deepEqual(await other.untilClosed(), [code, `why ${code}`]);
          await rig.untilEnded(index + 1);
        }
        assert.ok(rig.ends.every((end) => end === 'whole'));
        assert.ok(rig.told.includes(`closed 4xxx by ${side}`));
      });

      it(`passes on that no code was said: by the ${side}`, async () => {
        const { caller, far } = await open();
        const [closer, other] = side === 'caller' ? [caller, far] : [far, caller];
        closer.ws.close();
        assert.deepEqual(await other.untilClosed(), [1005, '']);
        await rig.untilEnded();
        assert.deepEqual(rig.ends, ['whole']);
      });

      for (const how of ['FIN', 'RST'] as const) {
        it(`tells a cut from a close: ${how} of the ${side}`, async () => {
          const { caller, far } = await open();
          const [cut, other] = side === 'caller' ? [caller, far] : [far, caller];
          if (how === 'FIN') socketOf(cut).destroy();
          else socketOf(cut).resetAndDestroy();
          const [told, end] =
            side === 'caller' ? ([1001, 'CALLER_GONE'] as const) : ([1011, 'STREAM_CUT'] as const);
          assert.deepEqual(await other.untilClosed(), [told, end]);
          await rig.untilEnded();
          assert.deepEqual(rig.ends, [end]);
        });
      }
    }

    it('translates 1014, which browsers refuse to hear', async () => {
      const { caller, far } = await open();
      far.ws.close(1014, 'bad gateway');
      assert.deepEqual(await caller.untilClosed(), [1011, 'bad gateway']);
    });

    it('delivers what was said before the close, to a slow reader too', async () => {
      const { caller, far } = await open({ options: { closeMs: 300, backlogBytes: 64 * MIB } });
      caller.ws.pause();
      const parts = 24;
      for (let n = 0; n < parts; n += 1) far.ws.send(Buffer.alloc(MIB, n));
      far.ws.close(1000, 'all said');
      await wait(800);
      caller.ws.resume();
      assert.deepEqual(await caller.untilClosed(10_000), [1000, 'all said']);
      assert.equal(caller.messages.length, parts);
      await rig.untilEnded();
      assert.deepEqual(rig.ends, ['whole']);
    });

    it('is no whole session when the rest of it could not be delivered', async () => {
      const { caller, far } = await open({ options: { backlogBytes: 64 * MIB } });
      caller.ws.pause();
      for (let n = 0; n < 24; n += 1) far.ws.send(Buffer.alloc(MIB, n));
      far.ws.close(1000);
      await far.untilClosed();
      assert.ok(rig.proxy.heldBytes > MIB);
      socketOf(caller).resetAndDestroy();
      await rig.untilEnded();
      assert.deepEqual(rig.ends, ['CALLER_GONE']);
    });

    it('waits no longer than the limit for a peer that does not answer a close', async () => {
      const { caller, far } = await open({ options: { closeMs: 200 } });
      far.ws.pause();
      caller.ws.close(1000);
      const from = performance.now();
      await rig.untilEnded();
      assert.ok(performance.now() - from < 1_000);
      assert.deepEqual(rig.ends, ['whole']);
      assert.equal(rig.leases.size, 0);
    });
  });

  describe('with a message above the limit', () => {
    for (const side of ['caller', 'upstream'] as const) {
      it(`ends with 1009 for the sender: ${side}`, async () => {
        const { caller, far } = await open({ options: { messageBytes: 1000, closeMs: 500 } });
        const [sender, other] = side === 'caller' ? [caller, far] : [far, caller];
        sender.ws.send(Buffer.alloc(1000));
        await other.untilMessages(1);
        sender.ws.send(Buffer.alloc(1001));
        assert.equal((await sender.untilClosed())[0], 1009);
        const end = side === 'caller' ? 'MESSAGE_TOO_LARGE' : 'UPSTREAM_MESSAGE_TOO_LARGE';
        assert.deepEqual(await other.untilClosed(), [side === 'caller' ? 1001 : 1009, end]);
        await rig.untilEnded();
        assert.deepEqual(rig.ends, [end]);
        assert.equal(other.messages.length, 1);
      });
    }

    it('ends with 1002 for frames that are not valid', async () => {
      const { caller, far } = await open({ options: { closeMs: 500 } });
      socketOf(caller).write(Buffer.from([0x83, 0x80, 0, 0, 0, 0]));
      assert.equal((await caller.untilClosed())[0], 1002);
      assert.deepEqual(await far.untilClosed(), [1001, 'BAD_REQUEST']);
      await rig.untilEnded();
      assert.deepEqual(rig.ends, ['BAD_REQUEST']);
    });

    it('ends with 1007 for text that is not UTF-8', async () => {
      const { caller, far } = await open({ options: { closeMs: 500 } });
      far.ws.send(Buffer.from([0xff, 0xfe]), { binary: false });
      assert.equal((await far.untilClosed())[0], 1007);
      assert.deepEqual(await caller.untilClosed(), [1011, 'BAD_RESPONSE']);
    });
  });

  describe('when the gateway drains', () => {
    it('goes on for a random while, then both sides are told 1012', async () => {
      const { caller, far } = await open({ options: { drainSpreadMs: 400 } });
      const more = [await rig.open(), await rig.open(), await rig.open(), await rig.open()];
      const times: number[] = [];
      const from = performance.now();
      for (const peer of [caller, ...more]) {
        peer.ws.on('close', () => times.push(performance.now() - from));
      }
      rig.drain();
      caller.ws.send('still heard');
      await far.untilMessages(1);
      await rig.untilEnded(5);
      assert.deepEqual(rig.ends, Array<string>(5).fill('DRAINING'));
      assert.deepEqual(await caller.untilClosed(), [1012, 'DRAINING']);
      assert.deepEqual(await far.untilClosed(), [1012, 'DRAINING']);
      assert.ok(
        times.every((ms) => ms < 1_000),
        times.join(),
      );
      assert.ok(rig.told.includes('closed 1012 by gateway'));
    });

    it('spreads the instants over the whole time', async () => {
      const { caller } = await open({ options: { drainSpreadMs: 1_000 } });
      const peers = [caller];
      for (let n = 1; n < 20; n += 1) peers.push(await rig.open());
      const times: number[] = [];
      const from = performance.now();
      for (const peer of peers) peer.ws.on('close', () => times.push(performance.now() - from));
      rig.drain();
      await rig.untilEnded(20);
      const spread = Math.max(...times) - Math.min(...times);
      assert.ok(spread > 300, `${spread} ms between the first and the last`);
    });
  });

  it('ends for both when a limit of the call passes', async () => {
    const { caller, far } = await open({ limits: { byteIdleMs: 200 } });
    await rig.untilEnded();
    assert.deepEqual(rig.ends, ['STREAM_IDLE']);
    assert.deepEqual(await caller.untilClosed(), [1011, 'STREAM_IDLE']);
    assert.deepEqual(await far.untilClosed(), [1001, 'STREAM_IDLE']);
  });
});
