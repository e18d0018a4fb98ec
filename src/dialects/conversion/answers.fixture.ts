// Support for tests of answer conversion: decoding at any split, encoding of lists of events, and
// a normal form in which two answers are equal when they say the same.

import { Buffer } from 'node:buffer';
import { answerEncoder } from './answer-encoders.ts';
import { documentDecoder, streamDecoder } from './answer-decoders.ts';
import type {
  AnswerDecoder,
  AnswerEvent,
  AnswerListener,
  AskedFor,
  FinishReason,
  ModelDialect,
} from './answer-events.ts';
import type { EncoderDeps } from './answer-writer.ts';
import { mergedUsage, noUsage } from './usage-counts.ts';

/** Every format. */
export const modelDialects: readonly ModelDialect[] = [
  'anthropic',
  'openai-chat',
  'openai-responses',
];

/** A request that asks for everything. */
export function asked(more: Partial<AskedFor> = {}): AskedFor {
  return {
    model: 'asked-model',
    stream: true,
    includeUsage: true,
    wantsReasoning: true,
    toolNames: new Map(),
    freeTextTools: new Set(),
    estimatedInputTokens: 7,
    ...more,
  };
}

/** Ids that count up and a clock that stands. */
export function fixedDeps(): EncoderDeps {
  let ids = 0;
  return {
    newId(prefix) {
      ids += 1;
      return `${prefix}${ids}`;
    },
    wallNow: () => 1_700_000_000_500,
  };
}

/** What an encoder writes for these events. */
export function encoded(
  dialect: ModelDialect,
  events: readonly AnswerEvent[],
  more: Partial<AskedFor> = {},
): string {
  const encoder = answerEncoder(dialect, asked(more), fixedDeps());
  return events.map((event) => encoder.write(event)).join('');
}

/** Gives lent bytes to a decoder, cut at `cuts` (ascending), and ends the body. */
export function fed(
  make: (listener: AnswerListener) => AnswerDecoder,
  text: string | Uint8Array,
  cuts: readonly number[] = [],
): AnswerEvent[] {
  const events: AnswerEvent[] = [];
  const decoder = make((event) => events.push(event));
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const lead = cut % 5;
    const read = new Uint8Array(lead + cut - from).fill(10);
    read.set(bytes.subarray(from, cut), lead);
    decoder.push(read.subarray(lead));
    read.fill(0x22);
    from = cut;
  }
  decoder.finish();
  return events;
}

/** The events of a stream. */
export function streamed(
  dialect: ModelDialect,
  text: string | Uint8Array,
  cuts?: readonly number[],
  lenient?: boolean,
): AnswerEvent[] {
  return fed((listener) => streamDecoder(dialect, listener, lenient), text, cuts);
}

/** The events of a document. */
export function documented(
  dialect: ModelDialect,
  text: string | Uint8Array,
  cuts?: readonly number[],
  lenient?: boolean,
): AnswerEvent[] {
  return fed((listener) => documentDecoder(dialect, listener, lenient), text, cuts);
}

/** The JSON values of a stream's data lines. */
export function dataOf(text: string): ReturnType<typeof JSON.parse>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)));
}

/** The events as one text, for `equal` without a long difference. */
export const shown = (events: readonly AnswerEvent[]): string =>
  events.map((event) => JSON.stringify(event)).join('\n');

interface NormalBlock {
  kind: 'text' | 'reasoning' | 'tool';
  key: string;
  text: string;
  signature?: string | undefined;
  id?: string;
  name?: string;
}

/** What an answer says. */
export interface NormalAnswer {
  readonly blocks: readonly Omit<NormalBlock, 'key'>[];
  readonly usage: typeof noUsage;
  readonly finish: FinishReason | undefined;
  readonly ended: boolean;
  readonly error: string | undefined;
}

/** What the format can say of an answer with this reason. */
function normalReason(
  dialect: ModelDialect,
  reason: FinishReason,
  hasCalls: boolean,
): FinishReason {
  if (hasCalls && ['stop', 'stop-sequence', 'pause'].includes(reason)) return 'tool-calls';
  if (!hasCalls && reason === 'tool-calls') return 'stop';
  if (dialect === 'anthropic') return reason;
  if (reason === 'context-window') return 'length';
  return reason === 'stop-sequence' || reason === 'pause' ? 'stop' : reason;
}

/**
 * What the events say, as far as `dialect` can say it: neighbours of a kind are one, calls are
 * whole and in the order of their starts. `flat`: as a Chat document, where the order is lost.
 */
export function normal(
  dialect: ModelDialect,
  events: readonly AnswerEvent[],
  flat = false,
): NormalAnswer {
  const blocks: NormalBlock[] = [];
  let usage = noUsage;
  let finish: FinishReason | undefined;
  let error: string | undefined;
  for (const event of events) {
    const last = blocks.at(-1);
    if (event.type === 'text' || event.type === 'reasoning') {
      const signature = event.type === 'reasoning' ? event.signature : undefined;
      const kept = dialect === 'anthropic' ? signature : undefined;
      if (event.delta === '' && kept === undefined) continue;
      if (last?.kind === event.type && last.signature === undefined) {
        last.text += event.delta;
        last.signature = kept;
      } else {
        blocks.push({ kind: event.type, key: '', text: event.delta, signature: kept });
      }
    } else if (event.type === 'tool-start') {
      blocks.push({ kind: 'tool', key: event.key, text: '', id: event.id, name: event.name });
    } else if (event.type === 'tool-arguments') {
      const call = blocks.find((block) => block.kind === 'tool' && block.key === event.key);
      if (call !== undefined) call.text += event.delta;
    } else if (event.type === 'usage') usage = mergedUsage(usage, event.usage);
    else if (event.type === 'finish') finish = event.reason;
    else if (event.type === 'error') error = event.error.class;
  }
  const calls = blocks.filter((block) => block.kind === 'tool');
  for (const call of calls) call.text = JSON.stringify(JSON.parse(call.text || '{}'));
  return {
    blocks: (flat ? flattened(blocks) : blocks).map(({ key: _key, ...block }) => block),
    usage: mergedUsage({ input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 }, usage),
    finish: finish === undefined ? finish : normalReason(dialect, finish, calls.length > 0),
    ended: events.at(-1)?.type === 'end',
    error,
  };
}

function flattened(blocks: readonly NormalBlock[]): NormalBlock[] {
  const joined = (kind: 'text' | 'reasoning'): NormalBlock[] => {
    const text = blocks.map((block) => (block.kind === kind ? block.text : '')).join('');
    return text === '' ? [] : [{ kind, key: '', text, signature: undefined }];
  };
  const calls = blocks.filter((block) => block.kind === 'tool');
  return [...joined('reasoning'), ...joined('text'), ...calls];
}
