// Tells from a request whether its caller waits for a stream: by the Accept field, or by the
// `"stream": true` that the APIs of language models use. Official SDKs accept JSON either way, so
// the body has to be read; it is asked about silent calls only, so that the cost is rare.

import type { Call } from '../../core/call.ts';

/** Whether the call asked for an event stream. A body that is no longer held says nothing. */
export function asksForStream(call: Call): boolean {
  if (/\btext\/event-stream\b/i.test(call.headers.get('accept') ?? '')) return true;
  const { body } = call;
  if (!body.replayable || body.receivedBytes === 0) return false;
  const text = Buffer.concat(body.kept).toString('utf8');
  // Spares the parser the many bodies that can not say so.
  return text.includes('"stream"') && isStreamAsked(text);
}

function isStreamAsked(text: string): boolean {
  try {
    const asked: unknown = JSON.parse(text);
    return typeof asked === 'object' && asked !== null && Reflect.get(asked, 'stream') === true;
  } catch {
    // Not JSON: the upstream will say so.
    return false;
  }
}
