// The proxy that most people write first: http.Server in front, global fetch behind, the answer
// piped back as a stream. Does: forward head and body, stream the answer, abort when the caller
// leaves. Does not: log, limit, time out or check anything.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { peerPorts } from './arguments.ts';

const ports = peerPorts();
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'host',
  'content-length',
]);

function forwardable(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === 'string' && !hopByHop.has(name)) headers.set(name, value);
  }
  return headers;
}

async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const bodyless = request.method === 'GET' || request.method === 'HEAD';
  const answer = await fetch(`http://127.0.0.1:${ports.upstream}${request.url}`, {
    method: request.method ?? 'GET',
    headers: forwardable(request),
    signal: gone.signal,
    ...(bodyless ? {} : { body: Readable.toWeb(request), duplex: 'half' }),
  } as unknown as RequestInit);
  const headers: Record<string, string> = {};
  for (const [name, value] of answer.headers) {
    if (name !== 'connection' && name !== 'transfer-encoding') headers[name] = value;
  }
  response.writeHead(answer.status, headers);
  if (answer.body === null) response.end();
  else await pipeline(Readable.fromWeb(answer.body), response);
}

const server = createServer((request, response) => {
  forward(request, response).catch(() => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
});
server.keepAliveTimeout = 125_000;
server.listen(ports.listen, '127.0.0.1', 4096);
