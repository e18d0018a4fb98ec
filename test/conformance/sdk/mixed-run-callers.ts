// The callers of mixed-run.test.ts: official SDKs without retries of their own, and plain fetch for
// orders. Each call tells its id at the gateway and what its caller made of the answer, in words
// that the access log can be held against.

import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { Random } from '../../../src/core/random.ts';

/** What one caller saw. `end`: `whole`, `cut` (an answer that broke off), or `refused N`. */
export interface Seen {
  readonly kind: string;
  /** As the answer named it, '' when there was none. */
  readonly callId: string;
  /** What the order is known by at its upstream. */
  readonly order: string;
  readonly end: string;
}

interface Kind {
  readonly name: string;
  call(url: string, fetched: typeof fetch, order: string): Promise<void>;
}

const said = 'Tell me something. [[tokens=40]]';
const anthropicFor = (url: string, fetched: typeof fetch): Anthropic =>
  new Anthropic({ baseURL: url, apiKey: 'k', maxRetries: 0, fetch: fetched });
const openaiFor = (url: string, fetched: typeof fetch): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k', maxRetries: 0, fetch: fetched });

const kinds: readonly Kind[] = [
  {
    name: 'messages stream',
    async call(url, fetched) {
      const stream = anthropicFor(url, fetched).messages.stream({
        model: 'sim-fast',
        max_tokens: 64,
        messages: [{ role: 'user', content: said }],
      });
      assert.equal((await stream.finalMessage()).stop_reason, 'end_turn');
    },
  },
  {
    name: 'messages',
    async call(url, fetched) {
      const message = await anthropicFor(url, fetched).messages.create({
        model: 'sim-fast',
        max_tokens: 64,
        messages: [{ role: 'user', content: said }],
      });
      assert.equal(message.stop_reason, 'end_turn');
    },
  },
  {
    name: 'chat stream',
    async call(url, fetched) {
      const stream = await openaiFor(url, fetched).chat.completions.create({
        model: 'sim-fast',
        messages: [{ role: 'user', content: said }],
        stream: true,
      });
      let finish: string | null = null;
      for await (const chunk of stream) finish = chunk.choices[0]?.finish_reason ?? finish;
      assert.equal(finish, 'stop');
    },
  },
  {
    name: 'responses stream',
    async call(url, fetched) {
      const stream = await openaiFor(url, fetched).responses.create({
        model: 'sim-fast',
        input: said,
        stream: true,
      });
      let last = '';
      for await (const event of stream) last = event.type;
      assert.equal(last, 'response.completed');
    },
  },
  {
    name: 'order',
    async call(url, fetched, order) {
      const answer = await fetched(`${url}/orders`, {
        method: 'POST',
        headers: { 'x-request-id': order, 'content-type': 'application/json' },
        body: '{"item":1}',
      });
      await answer.arrayBuffer();
      assert.equal(answer.status, 200);
    },
  },
];

/** Makes one call of a kind drawn at random. */
export async function callOnce(url: string, random: Random, order: string): Promise<Seen> {
  const kind = kinds[Math.floor(random.next() * kinds.length)] as Kind;
  let callId = '';
  let status = 0;
  const watched = async (...asked: Parameters<typeof fetch>): Promise<Response> => {
    const answer = await fetch(...asked);
    callId = answer.headers.get('x-holdfast-call-id') ?? '';
    ({ status } = answer);
    return answer;
  };
  let end = 'whole';
  try {
    await kind.call(url, watched, order);
  } catch {
    // An SDK that throws in the middle of an answer it took for good has noticed the cut.
    end = status >= 400 ? `refused ${status}` : 'cut';
  }
  return { kind: kind.name, callId, order: kind.name === 'order' ? order : '', end };
}
