// Whether a port is free. Workers share theirs with each other, and the kernel would let them share
// it with a gateway forgotten in another terminal as well: half of the calls would go there.

import { createServer } from 'node:net';
import type { Address } from '../config/values.ts';

/** Fails like `net.Server` when somebody listens at `at`, sharing or not. */
export function assertFree(at: Address): Promise<void> {
  if (at.port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ host: at.host, port: at.port }, () => probe.close(() => resolve()));
  });
}
