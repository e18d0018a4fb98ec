// What the truth matrix is made of: the instants of an answer at which an upstream may fail, the
// verdicts that are true then, and a caller who tells how an answer has ended.

import type { Point } from '../../src/testing/index.ts';

const ASK = '{"model":"m","stream":true}';

/** Instants, and the verdict of a break and of a stall there. */
export const instants: readonly (readonly [Point, readonly string[], string])[] = [
  ['request', ['RESET', 'STALE_CONNECTION'], 'FIRST_BYTE_TIMEOUT'],
  ['before-head', ['RESET', 'STALE_CONNECTION'], 'FIRST_BYTE_TIMEOUT'],
  ['head:12', ['BAD_RESPONSE', 'RESET', 'STREAM_CUT'], 'FIRST_BYTE_TIMEOUT'],
  ['after-head', ['STREAM_CUT'], 'STREAM_IDLE'],
  ['event:1', ['STREAM_CUT'], 'STREAM_IDLE'],
  ['event:3', ['STREAM_CUT'], 'STREAM_IDLE'],
  ['byte:137', ['STREAM_CUT'], 'STREAM_IDLE'],
  ['before-terminal', ['STREAM_CUT'], 'STREAM_IDLE'],
];

/** Limits that strike soon. */
export const briefTimeouts: Readonly<Record<string, string>> = {
  firstByte: '300ms',
  byteIdle: '300ms',
  byteIdleAfterPing: '300ms',
  progressIdle: '400ms',
};

/** How an answer looks from outside. */
export interface Ending {
  readonly how: 'whole' | 'failed' | 'refused';
  readonly status: number;
  readonly text: string;
}

/** Posts `body` and reads the answer to whatever end it has. */
export async function ask(url: string, body: string = ASK): Promise<Ending> {
  let status = 0;
  let text = '';
  try {
    const answer = await fetch(url, { method: 'POST', body });
    status = answer.status;
    const decoder = new TextDecoder();
    for await (const part of answer.body ?? []) text += decoder.decode(part, { stream: true });
    return { how: answer.ok ? 'whole' : 'refused', status, text };
  } catch {
    return { how: 'failed', status, text };
  }
}
