// Finds faults that can never strike, whatever the upstream is asked: a rule that is accepted and
// does nothing would let a test pass for want of the fault it was written for. Judges the words of
// one specification against each other; what depends on the length of an answer is not judged.

import type { FaultDraft } from './fault-draft.ts';

const APART = 'write two faults, each with conditions of its own';

/** Why a rule, or a part of it, can never strike; `undefined` when it can. */
export function contradiction(draft: FaultDraft): string | undefined {
  return conditionsNeverHold(draft) ?? nothingToDo(draft) ?? framingFault(draft);
}

function conditionsNeverHold({ when }: FaultDraft): string | undefined {
  const { p, every, first, after } = when;
  if (p === 0) return 'p=0 never strikes; write a probability above 0';
  if (first <= after) {
    return `first:${first} ends before after:${after} begins, so it never strikes; raise first`;
  }
  if (every > first - after) {
    const left = `the ${first - after} requests that first and after leave`;
    return `every:${every} never comes round within ${left}; lower it`;
  }
  return undefined;
}

function nothingToDo(draft: FaultDraft): string | undefined {
  const { accept, requestsMax, idle } = draft;
  const toConnections = accept !== 'serve' || requestsMax !== Number.POSITIVE_INFINITY;
  if (draft.touchesRequests || toConnections || idle !== undefined) return undefined;
  return 'says when to strike but not how; add a fault such as rst@event:3';
}

/** Only one answer can take the place of the answer, and only its own framing can be broken. */
function framingFault(draft: FaultDraft): string | undefined {
  const { errorEventAfter, replacements, staleToken, status } = draft;
  const [first, second] = replacements;
  if (first !== undefined && second !== undefined) {
    return `${first} and ${second} both take the place of the answer; ${APART}`;
  }
  if (staleToken && status !== undefined) {
    return `stale-token never strikes where status takes the place of each answer; ${APART}`;
  }
  if (errorEventAfter !== undefined && first !== undefined) {
    return `error-event needs a stream to strike, and ${first} leaves none; ${APART}`;
  }
  const { badChunk, framing, lengthOff, trailers } = draft.behaviour;
  if (lengthOff !== undefined && framing !== 'length') {
    return `length needs a Content-Length to strike, and another word leaves none; ${APART}`;
  }
  if (framing === undefined || framing === 'chunked') return undefined;
  const word = badChunk === undefined ? trailers && 'trailers' : 'bad-chunk';
  if (word === undefined) return undefined;
  const other = framing === 'length' ? 'length' : 'http10';
  return `${word} needs a chunked body to strike, and ${other} leaves none; ${APART}`;
}
