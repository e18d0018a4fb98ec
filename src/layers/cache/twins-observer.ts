// What the twins layer tells about itself.

/**
 * Why a running call can no longer be joined.
 * - `length`: its answer is longer than what is kept of one
 * - `memory`: all answers together take what they may
 * - `age`: it has run for too long
 */
export type EvictionCause = 'length' | 'memory' | 'age';

/** Hears of each act of the layer. `route` is a name from the configuration. */
export interface TwinsObserver {
  /** A call was given the answer of one that was under way already. */
  attached(route: string): void;
  /** The last caller left; the upstream call goes on for a while. */
  lingered(route: string): void;
  /** No twin came in that time, and the upstream was told to stop. */
  expired(route: string): void;
  /** A running call can no longer be joined; nobody who has its answer is harmed. */
  evicted(why: EvictionCause): void;
  /** A caller read so much slower than its twin that it was cut off. */
  outrun(route: string): void;
}

/** For those who do not ask. */
export const silentTwinsObserver: TwinsObserver = {
  attached() {},
  lingered() {},
  expired() {},
  evicted() {},
  outrun() {},
};
