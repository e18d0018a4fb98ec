import { deepEqual, equal, match, throws } from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipUnlessPacketsDrop } from './packet-filter.fixture.ts';
import { canDropPackets, dropPackets, packetFilterLack } from './packet-filter.ts';

const skip = skipUnlessPacketsDrop();

describe('a packet filter', () => {
  it('makes one socket deaf, and hear again what was said meanwhile', { skip }, async () => {
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.on('data', (bytes) => heard.push(bytes.toString()));
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    equal(dropPackets(accepted, true), true);
    caller.write('said to a deaf one');
    await sleep(50);
    deepEqual(heard, []);
    equal(dropPackets(accepted, false), true);
    while (heard.length === 0) await sleep(5);
    deepEqual(heard, ['said to a deaf one']);
    caller.destroy();
    server.close();
  });

  it('is there, or what it lacks is named', () => {
    equal(packetFilterLack() === '', canDropPackets());
  });
});

describe('a test that needs one', () => {
  it('runs where there is one', () => equal(skipUnlessPacketsDrop('', true), false));

  it('is skipped without one, and says what is missing', () => {
    match(String(skipUnlessPacketsDrop('Linux (this is darwin)', false)), /only with Linux/);
  });

  it('fails without one where it must run', () => {
    throws(() => skipUnlessPacketsDrop('Linux', true), /required, but .* only with Linux/);
  });
});
