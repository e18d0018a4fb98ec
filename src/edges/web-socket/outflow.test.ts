import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { WebSocket } from 'ws';
import { HeldBytes, Outflow } from './outflow.ts';

/** A socket that takes what it is given when the test says so. */
class SlowSocket {
  readonly frames: { readonly data: Buffer; readonly binary: boolean; readonly fin: boolean }[] =
    [];
  readonly #pending: { readonly bytes: number; readonly done: () => void }[] = [];

  get bufferedAmount(): number {
    return this.#pending.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  send(data: Buffer, options: { binary: boolean; fin: boolean }, done: () => void): void {
    this.frames.push({ data, ...options });
    this.#pending.push({ bytes: data.length + 4, done });
  }

  take(): boolean {
    const next = this.#pending.shift();
    next?.done();
    return next !== undefined;
  }
}

function outflow(pieceBytes: number) {
  const socket = new SlowSocket();
  const held = new HeldBytes();
  let flushed = 0;
  const owner = { flushed: () => (flushed += 1) };
  const flow = new Outflow(socket as unknown as WebSocket, owner, pieceBytes, held);
  return { socket, held, flow, flushes: () => flushed };
}

describe('an outflow', () => {
  it('hands a short message over at once and whole', () => {
    const { socket, flow } = outflow(1_000);
    flow.send(Buffer.from('hi'), false);
    assert.deepEqual(socket.frames, [{ data: Buffer.from('hi'), binary: false, fin: true }]);
  });

  it('sends a long message in fragments, the next when there is room', () => {
    const { socket, flow } = outflow(100);
    flow.send(Buffer.alloc(250), true);
    assert.equal(socket.frames.length, 1);
    while (socket.take());
    assert.deepEqual(
      socket.frames.map(({ data, fin }) => [data.length, fin]),
      [
        [100, false],
        [100, false],
        [50, true],
      ],
    );
    assert.ok(flow.empty);
  });

  it('counts what messages cost beside their bytes', () => {
    const { flow } = outflow(256 * 1024);
    for (let n = 0; n < 4_096; n += 1) flow.send(Buffer.alloc(0), true);
    assert.ok(flow.backlogBytes >= 1024 * 1024);
  });

  it('lets go of everything it counted when it is dropped', () => {
    const { socket, held, flow } = outflow(100);
    for (let n = 0; n < 10; n += 1) flow.send(Buffer.alloc(90), true);
    assert.ok(held.total > 900);
    flow.drop();
    assert.equal(held.total, 0);
    // The socket calls back for what it will never send.
    while (socket.take());
    assert.equal(held.total, 0);
  });

  it('delivers every message whole, in order and unmixed, and counts back to zero', () => {
    const message = fc.record({ bytes: fc.nat(300), binary: fc.boolean(), takes: fc.nat(4) });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 30 }),
        fc.integer({ min: 1, max: 120 }),
        (list, piece) => {
          const { socket, held, flow, flushes } = outflow(piece);
          for (const [index, { bytes, binary, takes }] of list.entries()) {
            flow.send(Buffer.alloc(bytes, index), binary);
            assert.equal(held.total, flow.backlogBytes);
            for (let n = 0; n < takes; n += 1) socket.take();
          }
          while (socket.take());
          const got: { data: Buffer; binary: boolean }[] = [];
          let open: Buffer[] = [];
          for (const { data, binary, fin } of socket.frames) {
            assert.ok(data.length <= piece);
            open.push(data);
            if (!fin) continue;
            got.push({ data: Buffer.concat(open), binary });
            open = [];
          }
          const sent = list.map(({ bytes, binary }, index) => {
            return { data: Buffer.alloc(bytes, index), binary };
          });
          assert.deepEqual(got, sent);
          assert.equal(flow.backlogBytes, 0);
          assert.equal(held.total, 0);
          assert.equal(flow.flushes, flushes());
          assert.equal(flow.flushes, socket.frames.length);
        },
      ),
    );
  });
});
