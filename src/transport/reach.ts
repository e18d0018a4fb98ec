// Whether a connection to an endpoint can be made, TLS and proxy included. The connection is closed
// at once: it is a look, not a spare.

import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/route.ts';
import type { Connector } from './connector.ts';

/** Connects and closes. Resolves with whether that worked within `limitMs`; never rejects. */
export function reach(
  connector: Connector,
  clock: Clock,
  endpoint: Endpoint,
  limitMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(limitMs, () => {
      dial.destroy();
      settle(false);
    });
    const settle = (reached: boolean): void => {
      timer.cancel();
      resolve(reached);
    };
    const dial = connector.dial(endpoint, {
      tcpConnected() {},
      ready(socket) {
        socket.destroy();
        settle(true);
      },
      dialFailed: () => settle(false),
      bytes() {},
      ended() {},
      failed() {},
      closed: () => settle(false),
    });
  });
}
