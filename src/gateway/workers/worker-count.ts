// How many processes carry calls. One is one process without a supervisor.

import { availableParallelism } from 'node:os';

/** Systems on which several processes may listen on one port and the kernel spreads callers. */
const SHARED_PORTS: readonly NodeJS.Platform[] = ['linux', 'freebsd', 'sunos', 'aix'];

/** The number of workers for a setting; 1 where a port cannot be shared. */
export function workerCount(
  setting: number | 'auto',
  platform: NodeJS.Platform = process.platform,
  cores: number = availableParallelism(),
): number {
  if (!SHARED_PORTS.includes(platform)) return 1;
  return setting === 'auto' ? cores : setting;
}
