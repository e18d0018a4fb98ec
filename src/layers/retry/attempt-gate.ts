// The states of attempt-loop.ts.

/**
 * Where the running attempt stands.
 * - `waiting`: no head yet
 * - `holding`: the answer may be good; its first content decides
 * - `refused`: the answer is a failure; its rest is read before it is replaced, so that its words
 *   are known and its connection can serve again
 * - `dropping`: the attempt was given up and its end has not been heard yet
 * - `pausing`: no attempt runs; the next one begins later, or is asked for once more
 * - `passing`: accepted
 * - `over`: the caller has heard the last of it
 */
export type Gate = 'waiting' | 'holding' | 'refused' | 'dropping' | 'pausing' | 'passing' | 'over';
