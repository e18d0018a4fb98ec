// Where a server listens, and how it begins to; the same for both HTTP edges.

import type { AddressInfo, Server } from 'node:net';

/** Where a server listens. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Other processes of this user may listen here as well, and the kernel spreads callers. */
  readonly reusePort?: boolean;
}

/** Connections that may wait in the kernel until they are accepted. */
const BACKLOG = 2048;

/** Starts to listen; fails like `net.Server` when the address cannot be had. */
export function listenOn(server: Server, at: Listening): Promise<Listening> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const { host, port, reusePort = false } = at;
    server.listen({ host, port, reusePort, backlog: BACKLOG }, () => {
      server.off('error', reject);
      const address = server.address() as AddressInfo;
      resolve({ host: address.address, port: address.port });
    });
  });
}
