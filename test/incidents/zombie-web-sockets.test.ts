// Incident: browser tabs were killed, phones lost their network, and the gateway kept their
// WebSockets: no FIN came, nothing was ever written, so every slot was held by a peer that was
// gone, and living callers were refused. Here time is scaled: pings after 200 ms, not after 25 s.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { CallError } from '../../src/core/errors.ts';
import type { Layer } from '../../src/core/layer.ts';
import { settled } from '../../src/core/settled.ts';
import { dropPackets } from '../../src/testing/index.ts';
import { skipUnlessPacketsDrop } from '../../src/testing/packet-filter.fixture.ts';
import { ProxyRig, TestUpstream } from '../support/web-socket-rig.ts';
import type { Peer } from '../support/web-socket-rig.ts';

const SLOTS = 3;
const quick = { pingMs: 200, pongMs: 150 };
const OFF = { ...quick, pingMs: Infinity };
const skip = skipUnlessPacketsDrop();

/** So many calls at a time, each from its start to its last byte. */
function slots(): Layer {
  let free = SLOTS;
  return {
    name: 'admission',
    wrap: (next) => (call, sink) => {
      if (free === 0) {
        sink.fail(new CallError('OVERLOADED'));
        return;
      }
      free -= 1;
      next(
        call,
        settled(sink, () => (free += 1)),
      );
    },
  };
}

/** The kernel drops every packet for it from now on: no ACK, no FIN, no RST. */
function kill({ ws }: Peer): Socket {
  const socket = (ws as unknown as { _socket: Socket })._socket;
  assert.ok(dropPackets(socket, true));
  return socket;
}

describe('callers that vanish without a word', () => {
  let upstream: TestUpstream;
  let rig: ProxyRig;
  let dead: Socket[];
  beforeEach(async () => {
    upstream = await TestUpstream.listen({ echoes: true });
  });
  afterEach(async () => {
    for (const socket of dead) {
      dropPackets(socket, false);
      socket.destroy();
    }
    await rig.close();
    await upstream.close();
  });

  async function killAll(options: typeof quick): Promise<void> {
    rig = await ProxyRig.start([upstream.port], { options, layers: [slots()] });
    const peers: Peer[] = [];
    for (let n = 0; n < SLOTS; n += 1) peers.push(await rig.open());
    dead = peers.map(kill);
    // Twice what it takes to find them.
    await new Promise((resolve) => setTimeout(resolve, 2 * (1.1 * quick.pingMs + quick.pongMs)));
  }

  it('hold every slot for good while nobody asks whether they live', { skip }, async () => {
    await killAll(OFF);
    assert.equal(rig.proxy.size, SLOTS);
    assert.equal(rig.leases.size, 2 * SLOTS);
    const refused = rig.dial();
    const [, answer] = await once(refused, 'unexpected-response');
    assert.equal(answer.statusCode, 503);
    refused.terminate();
  });

  it('are found, and everything they held is free again', { skip }, async () => {
    await killAll(quick);
    assert.deepEqual(rig.ends, Array<string>(SLOTS).fill('CALLER_GONE'));
    assert.equal(rig.proxy.size, 0);
    assert.equal(rig.leases.size, 0);
    assert.equal(rig.connections, 0);
    for (const { closed } of upstream.peers) assert.deepEqual(closed, [1001, 'CALLER_GONE']);
    const alive = await rig.open();
    alive.ws.send('in');
    await alive.untilMessages(1);
  });
});
