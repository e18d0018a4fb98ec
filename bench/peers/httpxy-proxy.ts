// httpxy (the maintained successor of http-proxy) with a keep-alive agent, as its documentation
// shows. Does: forward and stream. Does not: log, limit or check anything.

import { Agent, createServer } from 'node:http';

import { createProxyServer } from 'httpxy';

import { peerPorts } from './arguments.ts';

const ports = peerPorts();
const proxy = createProxyServer({
  target: `http://127.0.0.1:${ports.upstream}`,
  agent: new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1024 }),
});

const server = createServer((request, response) => {
  proxy.web(request, response).catch(() => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
});
server.keepAliveTimeout = 125_000;
server.listen(ports.listen, '127.0.0.1', 4096);
