// How many tokens a call will use, guessed from its request before it is sent: the prompt by its
// length, the answer by the maximum that the request names. A guess on the high side, because what
// was reserved too much is given back, and what was reserved too little is a debt for others.
// The route may have been chosen before the whole body came. Then the declared length speaks for
// the prompt, and what is there is searched for the maximum; the end of the call corrects both.

import type { Call } from '../../core/call.ts';
import type { ReplayBody } from '../../core/replay-body.ts';
import type { RateLimitOptions } from './options.ts';
import { MemberSearch, countAt, memberNames } from './top-level-member.ts';

/** Names of the maximum: Messages and old Chat, Chat, Responses. */
const maximum = memberNames(['max', 'max_completion', 'max_output'], '_tokens');

/** Whether this call is one for a model that uses up tokens; counting them is free. */
export function spendsTokens({ route, path }: Call): boolean {
  return route.kind === 'completion' && !path.includes('/count_tokens');
}

/** Tokens of the prompt. */
export function promptTokens(body: ReplayBody, options: RateLimitOptions): number {
  const bytes = body.complete
    ? body.receivedBytes
    : Math.max(body.declaredLength, body.receivedBytes);
  return Math.ceil(bytes / options.bytesPerToken);
}

/** Tokens that the answer may have. */
export function answerTokens(body: ReplayBody, options: RateLimitOptions): number {
  const { answerTokensDefault, answerTokensMax, searchedBytesMax } = options;
  if (!body.replayable || body.receivedBytes > searchedBytesMax) return answerTokensDefault;
  const bytes = joined(body.kept);
  const search = new MemberSearch(bytes, maximum, body.complete);
  for (let at = search.next(); at >= 0; at = search.next()) {
    const count = countAt(bytes, at);
    if (count >= 0) return Math.min(count, answerTokensMax);
  }
  return answerTokensDefault;
}

function joined(chunks: readonly Uint8Array[]): Buffer {
  const [only] = chunks;
  if (only === undefined || chunks.length > 1) return Buffer.concat(chunks);
  return Buffer.from(only.buffer, only.byteOffset, only.byteLength);
}
