// A registry of stored credentials for stacks whose upstreams have none.

import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { Credentials } from '../layers/credentials/stored-credentials.ts';

const unasked = (): never => {
  throw new Error('nobody has stored credentials here');
};

/** A registry that holds nothing and can fetch nothing. */
export function noCredentials({ clock, random }: { clock: Clock; random: Random }): Credentials {
  return new Credentials({
    clock,
    random,
    endpointOf: unasked,
    runCommand: unasked,
    files: { stamp: unasked, read: unasked },
  });
}
