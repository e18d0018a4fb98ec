// What it costs to put a call in the words of another API, and its answer back: the whole way of a
// converted call but for sockets, for each pair of formats. CPU time, best of several rounds.

import { HeaderList } from '../src/core/header-list.ts';
import type { Head } from '../src/core/sink.ts';
import type { ModelDialect } from '../src/dialects/conversion/answer-events.ts';
import { FormatConversion } from '../src/dialects/conversion/format-conversion.ts';
import { textStreams } from '../src/dialects/samples.ts';
import { testCall } from '../src/testing/index.ts';

/** One pair, in microseconds of CPU. */
export interface ConversionRow {
  readonly from: ModelDialect;
  readonly to: ModelDialect;
  /** A short question. */
  readonly smallRequest: number;
  /** The first request of a coding agent: 76 KB, forty tools. */
  readonly agentRequest: number;
  /** One text event of a stream. */
  readonly event: number;
}

const formats: readonly ModelDialect[] = ['anthropic', 'openai-chat', 'openai-responses'];
const EVENTS = 2_000;
const EVENTS_A_READ = 10;
const REQUESTS = 50;
const TOOLS = 40;

/** Every pair of two formats; `from` is the caller's. */
export function measureConversions(quick: boolean): ConversionRow[] {
  const rounds = quick ? 5 : 15;
  const rows: ConversionRow[] = [];
  for (const from of formats) {
    for (const to of formats) {
      if (from === to) continue;
      rows.push({
        from,
        to,
        smallRequest: requestCost(from, to, 0, rounds),
        agentRequest: requestCost(from, to, TOOLS, rounds),
        event: eventCost(from, to, rounds),
      });
    }
  }
  return rows;
}

function conversion(from: ModelDialect, to: ModelDialect): FormatConversion {
  return new FormatConversion({
    from,
    to,
    nameOf: (asked) => asked,
    limits: { maxTokens: undefined, defaultMaxTokens: 8_192 },
    path: (path) => path,
    bearsKey: true,
    answers: { newId: (prefix) => `${prefix}1`, wallNow: () => 0 },
  });
}

function requestCost(from: ModelDialect, to: ModelDialect, tools: number, rounds: number): number {
  const converting = conversion(from, to);
  const body = Buffer.from(JSON.stringify(requestOf(from, tools)));
  const call = testCall({ headers: { 'x-api-key': 'k', 'content-type': 'application/json' } });
  return best(rounds, REQUESTS, () => {
    for (let count = 0; count < REQUESTS; count += 1) converting.request(call, body);
  });
}

function eventCost(from: ModelDialect, to: ModelDialect, rounds: number): number {
  const call = testCall({});
  const converted = conversion(from, to).request(
    call,
    Buffer.from(JSON.stringify(requestOf(from, 0))),
  );
  if (!('answer' in converted) || converted.answer === undefined) throw new Error('not converted');
  const { answer: open } = converted;
  const headers = HeaderList.of([['content-type', 'text/event-stream']]);
  const head: Head = { status: 200, reason: 'OK', headers, framing: 'chunked', contentLength: -1 };
  const stream = textStreams[to];
  const read = Buffer.from(stream.delta.repeat(EVENTS_A_READ));
  return best(rounds, EVENTS, () => {
    let bytes = 0;
    const answer = open(head, {
      head() {},
      text(text) {
        bytes += Buffer.byteLength(text);
      },
    });
    answer.push(Buffer.from(stream.head));
    for (let count = 0; count < EVENTS; count += EVENTS_A_READ) answer.push(read);
    if (bytes < EVENTS) throw new Error('nothing was said');
  });
}

/** Microseconds of CPU for each of `count` things, in the best round. */
function best(rounds: number, count: number, run: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / count);
  }
  return least;
}

const DESCRIPTION =
  'What this tool does, when it is of use, and when another one is better. '.repeat(20);
const schema = {
  type: 'object',
  properties: { path: { type: 'string', description: DESCRIPTION.slice(0, 300) } },
};

/** A streamed question, with so many tools. */
function requestOf(format: ModelDialect, tools: number): object {
  const names = Array.from({ length: tools }, (_none, at) => `tool_${at}`);
  const question = 'Which of these files holds the router, and what does it decide?';
  const base = { model: 'model', stream: true };
  switch (format) {
    case 'anthropic':
      return {
        ...base,
        max_tokens: 4_096,
        system: [{ type: 'text', text: DESCRIPTION }],
        messages: [{ role: 'user', content: question }],
        tools: names.map((name) => ({ name, description: DESCRIPTION, input_schema: schema })),
      };
    case 'openai-chat':
      return {
        ...base,
        messages: [
          { role: 'system', content: DESCRIPTION },
          { role: 'user', content: question },
        ],
        tools: names.map((name) => ({
          type: 'function',
          function: { name, description: DESCRIPTION, parameters: schema },
        })),
      };
    case 'openai-responses':
      return {
        ...base,
        instructions: DESCRIPTION,
        input: question,
        tools: names.map((name) => ({
          type: 'function',
          name,
          description: DESCRIPTION,
          parameters: schema,
          strict: false,
        })),
      };
  }
}
