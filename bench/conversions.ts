// What it costs to put a call in the words of another API, and its answer back: the whole way of a
// converted call but for sockets, for each caller and upstream. CPU time, best of several rounds.

import { CallError } from '../src/core/errors.ts';
import type { AnswerConversion, Conversion, ConvertedAnswer } from '../src/core/conversion.ts';
import type { ModelDialect } from '../src/dialects/conversion/answer-events.ts';
import { testCall } from '../src/testing/index.ts';
import { conversionUpstreams, EVENTS_A_READ, formats } from './conversion-upstreams.ts';
import type { ConversionUpstream } from './conversion-upstreams.ts';

/** One pair, in microseconds of CPU. */
export interface ConversionRow {
  readonly from: ModelDialect;
  readonly to: string;
  /** A short question. */
  readonly smallRequest: number;
  /** The first request of a coding agent: 76 KB, forty tools. */
  readonly agentRequest: number;
  /** One text event of a stream; `undefined` where the upstream knows no streams. */
  readonly event: number | undefined;
  /** A whole answer of 2 KB, told as a stream, where the upstream knows nothing else. */
  readonly answer: number | undefined;
}

const EVENTS = 2_000;
const ANSWERS = 20;
const REQUESTS = 50;
const TOOLS = 40;

/** Every caller with every upstream that speaks another API. */
export function measureConversions(quick: boolean): ConversionRow[] {
  return conversionRows(quick ? 5 : 15);
}

/** The same by so many rounds of each measurement. */
export function conversionRows(rounds: number): ConversionRow[] {
  return formats.flatMap((from) =>
    conversionUpstreams
      .filter(({ own }) => own !== from)
      .map((upstream) => ({
        from,
        to: upstream.name,
        smallRequest: requestCost(from, upstream, 0, rounds),
        agentRequest: requestCost(from, upstream, TOOLS, rounds),
        event: eventCost(from, upstream, rounds),
        answer: answerCost(from, upstream, rounds),
      })),
  );
}

function requestCost(
  from: ModelDialect,
  upstream: ConversionUpstream,
  tools: number,
  rounds: number,
): number {
  const converting = upstream.conversionOf(from);
  const body = Buffer.from(JSON.stringify(requestOf(from, tools)));
  const call = testCall({ headers: { 'x-api-key': 'k', 'content-type': 'application/json' } });
  return best(rounds, REQUESTS, () => {
    for (let count = 0; count < REQUESTS; count += 1) {
      if (converting.request(call, body) instanceof CallError) throw new Error('refused');
    }
  });
}

function eventCost(
  from: ModelDialect,
  { answer, conversionOf, head }: ConversionUpstream,
  rounds: number,
): number | undefined {
  if (answer.kind !== 'stream') return undefined;
  const open = opener(from, conversionOf(from));
  return best(rounds, EVENTS, () => {
    const told = new Told();
    const converted = open(head, told);
    converted.push(answer.opening);
    for (let count = 0; count < EVENTS; count += EVENTS_A_READ) converted.push(answer.read);
    if (told.bytes < EVENTS) throw new Error('nothing was said');
  });
}

function answerCost(
  from: ModelDialect,
  { answer, conversionOf, head }: ConversionUpstream,
  rounds: number,
): number | undefined {
  if (answer.kind !== 'document') return undefined;
  const open = opener(from, conversionOf(from));
  return best(rounds, ANSWERS, () => {
    for (let count = 0; count < ANSWERS; count += 1) {
      const told = new Told();
      const converted = open(head, told);
      converted.push(answer.body);
      if (converted.finish() !== undefined) throw new Error('not whole');
      if (told.status !== 200 || told.bytes < answer.body.length / 2) throw new Error('not said');
    }
  });
}

/** What makes the answers to a small request. */
function opener(
  from: ModelDialect,
  conversion: Conversion,
): (head: ConversionUpstream['head'], out: ConvertedAnswer) => AnswerConversion {
  const body = Buffer.from(JSON.stringify(requestOf(from, 0)));
  const converted = conversion.request(testCall({}), body);
  if (converted instanceof CallError || converted.answer === undefined) {
    throw new Error('not converted');
  }
  return converted.answer;
}

/** Counts what a caller is told. */
class Told implements ConvertedAnswer {
  status: number = 0;
  bytes: number = 0;

  head({ status }: ConversionUpstream['head']): void {
    this.status = status;
  }

  text(text: string): void {
    this.bytes += Buffer.byteLength(text);
  }
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
