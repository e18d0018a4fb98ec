// What one row of the error table holds.

/** Who caused the failure. */
export type Origin = 'caller' | 'gateway' | 'upstream';
/** Where in the call's life it happened. */
export type Phase = 'admit' | 'route' | 'connect' | 'send' | 'wait' | 'stream';
/** Whether sending the same call again on this hop could run it twice. */
export type Replay = 'safe' | 'uncertain' | 'never';

/** One row of the error table. */
export interface ErrorRow {
  readonly origin: Origin;
  readonly phase: Phase;
  /** Status shown to the caller while no head has been sent; 0 = never shown. */
  readonly status: number;
  readonly replay: Replay;
  /** What happened, for a reader who does not know the code. */
  readonly meaning: string;
  /** What to change. */
  readonly advice: string;
  /** Who ended the call, whoever caused that: a limit of ours is ended by us. */
  readonly closedBy: Origin;
}

/** Makes a row. What is no doing of the upstream is usually ended by the gateway. */
export const row = (
  origin: Origin,
  phase: Phase,
  status: number,
  replay: Replay,
  meaning: string,
  advice: string,
  closedBy: Origin = origin === 'upstream' ? 'upstream' : 'gateway',
): ErrorRow => ({ origin, phase, status, replay, meaning, advice, closedBy });
