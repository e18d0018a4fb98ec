// A byte relay on plain net sockets, one upstream connection for each caller: it understands no
// HTTP at all. The floor for anything on this Node version, not a gateway.

import { createServer, connect } from 'node:net';

import { peerPorts } from './arguments.ts';

const ports = peerPorts();
const server = createServer({ noDelay: true }, (caller) => {
  const upstream = connect({ port: ports.upstream, host: '127.0.0.1', noDelay: true });
  const over = (): void => {
    caller.destroy();
    upstream.destroy();
  };
  caller.on('data', (bytes) => {
    if (!upstream.write(bytes)) caller.pause();
  });
  upstream.on('data', (bytes) => {
    if (!caller.write(bytes)) upstream.pause();
  });
  caller.on('drain', () => upstream.resume());
  upstream.on('drain', () => caller.resume());
  for (const socket of [caller, upstream]) socket.on('error', over).on('close', over);
});
server.listen(ports.listen, '127.0.0.1', 4096);
