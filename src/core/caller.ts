// Who asks, as the edge found out. What is fair, limited and first in line depends on it.

/** Classes of calls, first served first. */
export type Priority = 'interactive' | 'default' | 'batch';

/** One known caller, made from a key of the configuration and shared by all its calls. */
export interface Caller {
  /** Name of the key, from configuration: a safe metric label. */
  readonly name: string;
  /** Fairness and quotas are between tenants. */
  readonly tenant: string;
  readonly priority: Priority;
}

/** Every caller of a gateway without keys. */
export const anonymousCaller: Caller = Object.freeze({
  name: 'anonymous',
  tenant: 'anonymous',
  priority: 'default',
});
