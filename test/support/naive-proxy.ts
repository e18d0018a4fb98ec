// The gateway as it stood in the incidents: an HTTP server in front of a pooled client, with one
// total timeout, an answer that is always ended politely, and no ear for callers who leave.
// Incident tests run against it first, so that each shows the failure it forbids.

import { Agent, createServer, request as send } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How naive it is. */
export interface NaiveOptions {
  readonly upstreamPort: number;
  /** Cuts every exchange after this time, whatever it is doing. */
  readonly totalMs?: number;
}

/** A running naive proxy. */
export interface NaiveProxy {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Starts it on a free port. */
export async function startNaiveProxy(options: NaiveOptions): Promise<NaiveProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1_000 });
  const server = createServer((request, response) => relay(request, response, agent, options));
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close() {
      agent.destroy();
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

function relay(
  request: IncomingMessage,
  response: ServerResponse,
  agent: Agent,
  options: NaiveOptions,
): void {
  const onward = send({
    agent,
    host: '127.0.0.1',
    port: options.upstreamPort,
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: request.headers,
  });
  const total =
    options.totalMs === undefined
      ? undefined
      : setTimeout(() => onward.destroy(new Error('timeout')), options.totalMs);
  const over = (): void => {
    clearTimeout(total);
    if (!response.headersSent) response.writeHead(502);
    response.end();
  };
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on('data', (bytes) => response.write(bytes));
    answer.on('error', over);
    answer.on('end', over);
  });
  onward.on('error', over);
  request.pipe(onward);
}
