// The load generator is the judge of every target, so it must see each way in which an answer can
// be wrong. Upstreams here are raw sockets that misbehave in one way each.

import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { before, test } from 'node:test';

import { runLoad, type LoadResult } from './load.ts';
import { buildNative } from './native-build.ts';
import { scenarios, type LoadScenario } from './scenarios.ts';
import { startOrigin, strike } from './stage.ts';

const unary = scenarios.find((each) => each.name === 'unary') as LoadScenario;
const small = { ...unary, connections: 2 };
const streams = { ...small, events: 3 };

const event =
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,' +
  '"delta":{"type":"text_delta","text":"@000000000000"}}\n\n';
const streamHead = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

async function underLoad(
  scenario: LoadScenario,
  answer: (socket: Socket) => void,
): Promise<LoadResult> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    let seen = '';
    socket.on('data', (bytes) => {
      seen += bytes.toString('latin1');
      if (!seen.endsWith('"}]}')) return;
      seen = '';
      answer(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await runLoad(scenario, { port, core: 0, pids: [], originPid: 0, words: [] }, 0.05, 0.2);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

before(() => buildNative());

test('whole answers of the real origin count as calls, without an error', async () => {
  const origin = await startOrigin([0, 0]);
  try {
    const aim = { port: origin.port, core: 0, pids: [], originPid: 0, words: [] };
    for (const scenario of [small, streams, { ...streams, gapMs: 5 }]) {
      const result = await runLoad(scenario, aim, 0.05, 0.2);
      assert.equal(result.errors.total, 0);
      assert.ok(result.calls > 0);
      if (scenario.events > 0) assert.ok(result.events >= result.calls * 3 - 6);
    }
  } finally {
    await strike(origin, []);
  }
});

test('an error status is no call', async () => {
  const result = await underLoad(small, (socket) => {
    socket.write('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
  });
  assert.equal(result.calls, 0);
  assert.ok((result.errors['status'] ?? 0) > 0);
});

test('an answer that lacks a byte is no call', async () => {
  const result = await underLoad(small, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1023\r\n\r\n${'x'.repeat(1023)}`);
  });
  assert.equal(result.calls, 0);
  assert.ok((result.errors['content'] ?? 0) > 0);
});

test('a stream that ends cleanly with an event missing is no call', async () => {
  const result = await underLoad(streams, (socket) => {
    socket.write(`${streamHead}${chunk(event + event)}0\r\n\r\n`);
  });
  assert.equal(result.calls, 0);
  assert.ok((result.errors['content'] ?? 0) > 0);
});

test('a stream that is cut without its last chunk is no call', async () => {
  const result = await underLoad(streams, (socket) => {
    socket.end(`${streamHead}${chunk(event + event + event)}`);
  });
  assert.equal(result.calls, 0);
  assert.ok((result.errors['cut'] ?? 0) > 0);
});

test('nonsense in the place of a chunk size is no call', async () => {
  const result = await underLoad(streams, (socket) => {
    socket.write(`${streamHead}zz\r\n`);
  });
  assert.ok((result.errors['framing'] ?? 0) > 0);
});

test('bytes after the end of an answer are an error', async () => {
  const result = await underLoad(small, (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1030)}`);
  });
  assert.ok((result.errors['framing'] ?? 0) > 0);
});

test('a kept connection that is closed instead of answering counts as stale', async () => {
  const answered = new WeakSet<Socket>();
  const result = await underLoad(small, (socket) => {
    if (answered.has(socket)) {
      socket.destroy();
      return;
    }
    answered.add(socket);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`);
  });
  assert.ok(result.calls > 0);
  assert.ok((result.errors['stale'] ?? 0) > 0);
});

test('a target that answers too slowly for the rate shows its backlog as latency', async () => {
  const result = await underLoad({ ...small, rate: 500 }, (socket) => {
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`;
    setTimeout(() => socket.write(answer), 20);
  });
  // Two connections, 20 ms a call: 100 calls/s of the 500 wanted, so the wait grows and grows.
  assert.ok((result.latency?.max ?? 0) > 60_000);
  assert.ok(result.backlog > 10);
});
