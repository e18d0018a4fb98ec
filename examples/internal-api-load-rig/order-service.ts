// A small internal service with two endpoints and a hard day: one of them stalls, is killed for it
// and comes back. The day begins with the first request, so that whoever asks meets the same
// troubles at the same time. Orders that are placed twice are counted.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** From the first request, in ms. */
const STALLS_AT = 500;
const KILLED_AT = 1_400;
const BACK_AT = 2_400;
const WORK_MS = 20;
/** Requests that one endpoint works on, and that may wait there; it hangs up on the rest. */
const RUNNING = 8;
const WAITING = 24;

let began = false;
const placed = new Map<string, number>();
const endpoints: readonly Server[] = [newEndpoint(), newEndpoint()];
let isStalled = false;

/** One endpoint with its own line of requests. */
function newEndpoint(): Server {
  let running = 0;
  const waiting: (() => void)[] = [];
  const work = (response: ServerResponse, path: string): void => {
    running += 1;
    setTimeout(() => {
      running -= 1;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ path, orders: placed.size }));
      waiting.shift()?.();
    }, WORK_MS);
  };
  const server = createServer((request, response) => {
    if (!began) beginDay();
    // First of all: an order that is tried again for want of an answer is placed twice.
    note(request);
    // Never answered: it has lost the thread, as processes do that wait for a lock.
    if (server === endpoints[0] && isStalled) return;
    const path = request.url ?? '';
    if (running < RUNNING) work(response, path);
    else if (waiting.length < WAITING) waiting.push(() => work(response, path));
    else request.socket.destroy();
  });
  server.keepAliveTimeout = 60_000;
  return server;
}

function note({ method, url = '' }: IncomingMessage): void {
  if (method === 'POST') placed.set(url, (placed.get(url) ?? 0) + 1);
}

function beginDay(): void {
  began = true;
  const [first] = endpoints;
  const port = first === undefined ? 0 : portOf(first);
  setTimeout(() => (isStalled = true), STALLS_AT);
  setTimeout(() => {
    first?.close();
    first?.closeAllConnections();
    isStalled = false;
  }, KILLED_AT);
  setTimeout(() => first?.listen(port, '127.0.0.1'), BACK_AT);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

await Promise.all(
  endpoints.map(async (server) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
  }),
);
const urls = endpoints.map((server) => `http://127.0.0.1:${portOf(server)}`);
console.log(`serves ${urls.join(' ')}`);
process.once('SIGINT', () => {
  const twice = [...placed.values()].filter((times) => times > 1).length;
  console.log(`placed ${placed.size} orders, ${twice} of them twice`);
  process.exit(0);
});
