// The upstreams that calls are put in other words for, as the measurement of conversions needs
// them: how a call is converted, and what an answer looks like on the wire.

import { HeaderList } from '../src/core/header-list.ts';
import type { Conversion } from '../src/core/conversion.ts';
import type { Head } from '../src/core/sink.ts';
import type { ModelDialect } from '../src/dialects/conversion/answer-events.ts';
import { FormatConversion } from '../src/dialects/conversion/format-conversion.ts';
import { SalesforceConversion } from '../src/dialects/salesforce/salesforce-conversion.ts';
import { textStreams } from '../src/dialects/samples.ts';
import { chunkFrame } from '../src/simulator/salesforce/event-stream-frames.ts';

/** Text events that come in one read. */
export const EVENTS_A_READ = 10;
/** Words of a whole answer. */
export const ANSWER_WORDS = 400;

/** What an upstream answers: a stream that goes on, or a document at once. */
export type WireAnswer =
  | { readonly kind: 'stream'; readonly opening: Buffer; readonly read: Buffer }
  | { readonly kind: 'document'; readonly body: Buffer };

/** One of them. */
export interface ConversionUpstream {
  readonly name: string;
  /** Whose callers are not converted for it. */
  readonly own: ModelDialect | undefined;
  readonly conversionOf: (from: ModelDialect) => Conversion;
  readonly head: Head;
  readonly answer: WireAnswer;
}

export const formats: readonly ModelDialect[] = ['anthropic', 'openai-chat', 'openai-responses'];

const common = {
  nameOf: (asked: string): string => asked,
  limits: { maxTokens: undefined, defaultMaxTokens: 8_192 },
  bearsKey: true,
  answers: { newId: (prefix: string): string => `${prefix}1`, wallNow: () => 0 },
};

/** The three formats, and Salesforce by either surface. */
export const conversionUpstreams: readonly ConversionUpstream[] = [
  ...formats.map(ofFormat),
  {
    name: 'salesforce, native',
    own: undefined,
    conversionOf: (from) => salesforce(from, 'native'),
    head: headOf(200, 'application/vnd.amazon.eventstream'),
    answer: nativeStream(),
  },
  {
    name: 'salesforce, documented',
    own: undefined,
    conversionOf: (from) => salesforce(from, 'documented'),
    head: headOf(201, 'application/json;charset=utf-8'),
    answer: { kind: 'document', body: documentedAnswer() },
  },
];

function ofFormat(to: ModelDialect): ConversionUpstream {
  const { head, delta } = textStreams[to];
  return {
    name: to,
    own: to,
    conversionOf: (from) => new FormatConversion({ ...common, from, to, path: (path) => path }),
    head: headOf(200, 'text/event-stream'),
    answer: {
      kind: 'stream',
      opening: Buffer.from(head),
      read: Buffer.from(delta.repeat(EVENTS_A_READ)),
    },
  };
}

function salesforce(from: ModelDialect, surface: 'native' | 'documented'): Conversion {
  return new SalesforceConversion({
    ...common,
    from,
    options: {
      surface,
      endpoint: 'chat-generations',
      // The tools of an agent are read and left out: a refusal would cost next to nothing.
      unsupported: 'drop',
      members: {},
      toxic: 'pass',
      betas: undefined,
      appContext: 'EinsteinGPT',
      featureId: 'ai-platform-models-connected-app',
    },
  });
}

/** Anthropic's own events, each in base64 in a frame with two checksums. */
function nativeStream(): WireAnswer {
  const { head, delta } = textStreams.anthropic;
  return { kind: 'stream', opening: framed(head), read: framed(delta.repeat(EVENTS_A_READ)) };
}

function framed(events: string): Buffer {
  const data = events.split('\n').filter((line) => line.startsWith('data: '));
  return Buffer.concat(data.map((line) => chunkFrame(line.slice('data: '.length))));
}

/** As the org answers chat-generations. Source: the reference on Salesforce, section 2. */
function documentedAnswer(): Buffer {
  const generation = {
    id: 'dd1b9f1f-6ba2-4a5c-a4c0-1e5d8d2e4d3c',
    content: 'word '.repeat(ANSWER_WORDS),
    role: 'assistant',
    timestamp: 1_795_176_000_000,
    parameters: { finish_reason: 'stop', index: 0, logprobs: null },
    contentQuality: { scanToxicity: { isDetected: false, categories: [] } },
  };
  const generations = [generation];
  const parameters = {
    provider: 'openai',
    object: 'chat.completion',
    model: 'gpt-4o-mini-2024-07-18',
    usage: { completion_tokens: ANSWER_WORDS, prompt_tokens: 20, total_tokens: ANSWER_WORDS + 20 },
  };
  const answer = { id: 'b1', generationDetails: { generations, parameters } };
  return Buffer.from(JSON.stringify(answer));
}

function headOf(status: number, contentType: string): Head {
  const headers = HeaderList.of([['content-type', contentType]]);
  return { status, reason: 'OK', headers, framing: 'chunked', contentLength: -1 };
}
