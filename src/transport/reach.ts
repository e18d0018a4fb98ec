// Whether a connection to an endpoint can be made, TLS and proxy included. The connection is closed
// at once: it is a look, not a spare.

import type { Cancellation, CancelListener } from '../core/cancellation.ts';
import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/route.ts';
import type { Connector } from './connector.ts';

/** When a look is given up. */
export interface Patience {
  readonly clock: Clock;
  /** Time for all of it. */
  readonly limitMs: number;
  readonly cancellation: Cancellation;
}

/**
 * Connects and closes. Resolves with whether that worked before `patience` was over, at once when
 * it is; never rejects.
 */
export function reach(
  connector: Connector,
  endpoint: Endpoint,
  { clock, limitMs, cancellation }: Patience,
): Promise<boolean> {
  return new Promise((resolve) => {
    const giveUp = (): void => {
      dial.destroy();
      settle(false);
    };
    const timer = clock.after(limitMs, giveUp);
    const listener: CancelListener = { cancelled: giveUp };
    const settle = (reached: boolean): void => {
      timer.cancel();
      cancellation.unlisten(listener);
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
    cancellation.listen(listener);
  });
}
