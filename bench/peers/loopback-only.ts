// Preloaded into peers that have no option for the address they listen on: 127.0.0.1 instead of all
// interfaces, because nothing in this bench may be reachable from outside.

import { Server, type ListenOptions } from 'node:net';

type Listen = (this: Server, ...words: unknown[]) => Server;

// oxlint-disable-next-line unbound-method -- called with its own `this` below
const listen = Server.prototype.listen as Listen;

function listenOnLoopback(this: Server, first: unknown, ...rest: unknown[]): Server {
  const options: ListenOptions =
    typeof first === 'object' && first !== null ? first : { port: Number(first) };
  const ready = rest.filter((word) => typeof word === 'function');
  return listen.call(this, { ...options, host: '127.0.0.1' }, ...ready);
}

Object.defineProperty(Server.prototype, 'listen', { value: listenOnLoopback, writable: true });
