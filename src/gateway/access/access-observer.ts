// What the keys tell those who count. Failed attempts are counted and not punished: a lock would
// hand everybody the means to shut a caller out, and keys of 16 characters are not guessed.

import type { KeyField } from './presented-key.ts';

/** Hears of requests that were not let in. */
export interface AccessObserver {
  keyMissing(): void;
  /** `field` held a key that is not ours; where several did, the first one. */
  keyUnknown(field: KeyField): void;
}

/** Says nothing. */
export const silentAccessObserver: AccessObserver = { keyMissing() {}, keyUnknown() {} };
