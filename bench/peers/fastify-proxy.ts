// @fastify/http-proxy with its default client (undici) and room for many connections. Does: forward
// and stream, Fastify's routing and hooks. Logging is off, which is in its favour.

import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';

import { peerPorts } from './arguments.ts';

const ports = peerPorts();
const app = Fastify({ logger: false, bodyLimit: 64 * 1024 * 1024, keepAliveTimeout: 125_000 });
await app.register(httpProxy, {
  upstream: `http://127.0.0.1:${ports.upstream}`,
  undici: { connections: 10_000, pipelining: 1, bodyTimeout: 0, headersTimeout: 0 },
});
await app.listen({ port: ports.listen, host: '127.0.0.1', backlog: 4096 });
