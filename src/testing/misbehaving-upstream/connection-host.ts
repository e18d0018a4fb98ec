// What a connection of the misbehaving upstream needs of the upstream it belongs to. Types only, so
// that a connection can be driven without a listener. Invariant: one host serves all connections.

import type { SecureContext } from 'node:tls';
import type { Clock } from '../../core/clock.ts';
import type { Behaviour, IdleClose } from './behaviour.ts';
import type { Seen, SeenConnection, SeenRequest } from './seen.ts';

/** What a connection needs of its upstream. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly seen: Seen;
  readonly idHeader: string;
  readonly idle: IdleClose | undefined;
  readonly secureContext: SecureContext | undefined;
  behaviourFor(request: SeenRequest): Behaviour;
  /** Something was written down. */
  changed(): void;
  /** The connection with this record is closed. */
  gone(record: SeenConnection): void;
}
