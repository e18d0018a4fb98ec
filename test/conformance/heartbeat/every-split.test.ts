// A stream cut at any byte, with a heartbeat wherever the layer puts one, must be the same stream
// to the parsers of the official SDKs, and to one that follows the HTML standard to the letter.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Stream as AnthropicStream } from '@anthropic-ai/sdk/streaming';
import { Stream as OpenAIStream } from 'openai/streaming';
import type { Dialect } from '../../../src/core/dialect.ts';
import { dialectByName } from '../../../src/dialects/dialects.ts';
import { openEndedStreams, sampleStreams } from '../../../src/dialects/sample-streams.ts';
import { beatenStream } from './beaten-stream.ts';
import { standardEvents } from './standard-events.ts';

const PINGS = new Set(['ping', 'keepalive']);
const LINE_ENDS = { LF: '\n', CRLF: '\r\n', CR: '\r' } as const;

/** How each official client reads a response. */
const parsers: Record<string, (answer: Response) => AsyncIterable<unknown>> = {
  anthropic: (answer) => AnthropicStream.fromSSEResponse(answer, new AbortController()),
  'openai-chat': (answer) => OpenAIStream.fromSSEResponse(answer, new AbortController()),
  'openai-responses': (answer) => OpenAIStream.fromSSEResponse(answer, new AbortController()),
};

function dialect(name: string): Dialect {
  const found = dialectByName(name);
  assert.ok(found);
  return found;
}

/** What the client makes of these pieces, each a read of its own. */
async function clientEvents(name: string, pieces: readonly Uint8Array[]): Promise<unknown[]> {
  const body = new ReadableStream({
    type: 'bytes',
    start(controller) {
      for (const piece of pieces) controller.enqueue(new Uint8Array(piece));
      controller.close();
    },
  });
  const headers = { 'content-type': 'text/event-stream' };
  const events: unknown[] = [];
  const stream = parsers[name]?.(new Response(body, { headers }));
  for await (const event of stream ?? []) {
    // Codex needs keepalives to be events; OpenAI itself sends them, and the SDK passes them on.
    const isPing = name === 'openai-responses' && PINGS.has((event as { type: string }).type);
    if (!isPing) events.push(event);
  }
  return events;
}

/** What the standard makes of them. */
function plainEvents(pieces: readonly Uint8Array[]): unknown[] {
  return standardEvents(Buffer.concat(pieces)).filter(({ name }) => !PINGS.has(name));
}

for (const { name, dialect: dialectName, text } of sampleStreams) {
  describe(`heartbeats at every split of ${name}`, () => {
    const bytes = Buffer.from(text);
    const cuts = Array.from({ length: bytes.length - 1 }, (_none, at) => at + 1);
    const eventCount = text.split('\n\n').length - 1;

    it('leave the official SDK the same events', async () => {
      const expected = JSON.stringify(await clientEvents(dialectName, [bytes]));
      for (const cut of cuts) {
        const { pieces, beats, whole } = beatenStream(dialect(dialectName), bytes, [cut]);
        assert.ok(whole && beats > 0);
        const got = JSON.stringify(await clientEvents(dialectName, pieces));
        assert.ok(got === expected, `cut at ${cut}: ${got}`);
      }
    });

    it('leave it the same events when every byte comes alone', async () => {
      for (const options of [{}, { padBytes: 2048 }, { commitAfterMs: 100 }]) {
        const { pieces, beats } = beatenStream(dialect(dialectName), bytes, cuts, options);
        // One before the first event and one behind each but the last.
        assert.equal(beats >= eventCount, true, `${beats} beats in ${eventCount} events`);
        const expected = await clientEvents(dialectName, [bytes]);
        assert.deepEqual(await clientEvents(dialectName, pieces), expected);
      }
    });
  });
}

const generic = openEndedStreams.filter(({ dialect: name }) => name === 'sse');

for (const { name, dialect: dialectName, text } of [...sampleStreams, ...generic]) {
  for (const [ending, lineEnd] of Object.entries(LINE_ENDS)) {
    for (const lead of ['', '\uFEFF']) {
      const bytes = Buffer.from(lead + text.replaceAll('\n', lineEnd));
      it(`every split of ${name} with ${ending}${lead && ' and a mark'} keeps its events`, () => {
        const expected = JSON.stringify(plainEvents([bytes]));
        assert.ok(expected.length > 100);
        for (let cut = 1; cut < bytes.length; cut += 1) {
          for (const options of [{}, { commitAfterMs: 100 }]) {
            const { pieces } = beatenStream(dialect(dialectName), bytes, [cut], options);
            const got = JSON.stringify(plainEvents(pieces));
            assert.ok(got === expected, `cut at ${cut}: ${got}`);
          }
        }
      });
    }
  }
}

it('blank lines between JSON lines leave readers who skip them the same records', () => {
  const lines = openEndedStreams.find(({ dialect: name }) => name === 'ndjson');
  assert.ok(lines);
  const bytes = Buffer.from(lines.text);
  const expected = lines.text.trimEnd().split('\n');
  const layer = dialect('ndjson');
  const fields = { 'content-type': lines.contentType };
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const options = { ndjsonBlankLines: true };
    const { pieces, beats } = beatenStream(layer, bytes, [cut], options, fields);
    assert.ok(beats > 0);
    const records = Buffer.concat(pieces).toString().split('\n');
    assert.deepEqual(
      records.filter((record) => record !== ''),
      expected,
    );
  }
});
