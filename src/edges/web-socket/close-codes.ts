// What each peer is told when the other one is gone, and what became of the call. Pure tables.
// Codes 1005, 1006 and 1015 stand for something that was not said and can never be sent (RFC 6455
// 7.4.1). Invariant: a session that broke never ends in 1000 for anybody.

import type { ErrorCode } from '../../core/errors.ts';

/** One of the two connections of a session. */
export type LegSide = 'caller' | 'upstream';

/** Codes this gateway sends or looks at (RFC 6455 7.4.1; 1012 from the IANA registry). */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  /** A close frame came without a code. */
  unsaid: 1005,
  /** No close frame came. */
  cut: 1006,
  tooBig: 1009,
  failed: 1011,
  restart: 1012,
} as const;

/** How a leg can break. */
export type LegFault =
  /** The connection ended without a close frame. */
  | 'cut'
  /** A message was longer than allowed. */
  | 'too-big'
  /** Its frames were not valid. */
  | 'protocol'
  /** It gave no sign of life. */
  | 'silent'
  /** It took none of the bytes that waited for it. */
  | 'stalled';

/** What a broken leg means for the rest of its session. */
export interface LegLoss {
  /** How the call ends. */
  readonly code: ErrorCode;
  /** '' = the code says it all but the limit. */
  readonly detail: string;
  /** What the other peer is told. */
  readonly tell: number;
}

const loss = (code: ErrorCode, tell: number, detail: string): LegLoss => ({ code, detail, tell });

/**
 * Upstreams are told that the caller went away, whatever it did wrong: it is not their fault.
 * Callers are told that the server failed, or that its message was too big.
 */
export const legLosses: Readonly<Record<LegSide, Readonly<Record<LegFault, LegLoss>>>> = {
  caller: {
    cut: loss('CALLER_GONE', CloseCode.goingAway, 'It sent no close frame.'),
    'too-big': loss('MESSAGE_TOO_LARGE', CloseCode.goingAway, ''),
    protocol: loss('BAD_REQUEST', CloseCode.goingAway, 'Its WebSocket frames were not valid.'),
    silent: loss('CALLER_GONE', CloseCode.goingAway, 'It answered no ping.'),
    stalled: loss('CALLER_STALLED', CloseCode.goingAway, 'It took no WebSocket frame.'),
  },
  upstream: {
    cut: loss('STREAM_CUT', CloseCode.failed, 'It sent no close frame.'),
    'too-big': loss('UPSTREAM_MESSAGE_TOO_LARGE', CloseCode.tooBig, ''),
    protocol: loss('BAD_RESPONSE', CloseCode.failed, 'Its WebSocket frames were not valid.'),
    silent: loss('STREAM_IDLE', CloseCode.failed, 'It answered no ping.'),
    stalled: loss('SEND_STALLED', CloseCode.failed, 'It took no WebSocket frame.'),
  },
};

/**
 * What the other peer is told when one closed with `code`; `undefined` = a close frame without a
 * code. 1014 becomes 1011, because browsers take 1014 for a broken frame.
 */
export function passedOn(code: number): number | undefined {
  if (code === CloseCode.unsaid) return undefined;
  if (code >= 3000 && code <= 4999) return code;
  if (code >= 1007 && code <= 1013) return code;
  return code >= 1000 && code <= 1003 ? code : CloseCode.failed;
}

const registered = [
  1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
] as const;

/** A close code as a label; the ranges that applications choose from are one label each. */
export type CloseLabel = `${(typeof registered)[number]}` | '3xxx' | '4xxx' | 'other';

const labels: ReadonlyMap<number, CloseLabel> = new Map(
  registered.map((code) => [code, `${code}` as const]),
);

/** The label for a close code. */
export function closeLabel(code: number): CloseLabel {
  const known = labels.get(code);
  if (known !== undefined) return known;
  if (code >= 3000 && code <= 3999) return '3xxx';
  return code >= 4000 && code <= 4999 ? '4xxx' : 'other';
}
