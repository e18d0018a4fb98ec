// The sample streams with what a scanner must find in them, for tests of any room.
// Invariant: every sample is complete, and complete only with its last event (`closing`).

import {
  anthropicEvents,
  chatEvents,
  genericEvents,
  ollamaLines,
  responsesEvents,
} from './samples.ts';

/** What a scanner must have found in a sample when it is over. */
export interface SampleFindings {
  readonly contentEvents: number;
  readonly pings: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly sequence: number;
  readonly messageId: string | undefined;
  readonly model: string | undefined;
}

/** One answer of one dialect. */
export interface SampleAnswer {
  readonly name: string;
  /** Name in the registry of dialects. */
  readonly dialect: string;
  readonly contentType: string;
  readonly text: string;
  /** The end of `text` without which the answer is truncated. */
  readonly closing: string;
  readonly found: SampleFindings;
}

const EVENTS = 'text/event-stream; charset=utf-8';

/** Nothing found: the base of every expectation. */
export const nothingFound: SampleFindings = {
  contentEvents: 0,
  pings: 0,
  inputTokens: -1,
  outputTokens: -1,
  cachedTokens: -1,
  sequence: -1,
  messageId: undefined,
  model: undefined,
};

/** One stream of each dialect that has streams. */
export const sampleStreams: readonly SampleAnswer[] = [
  {
    name: 'Anthropic Messages',
    dialect: 'anthropic',
    contentType: EVENTS,
    text: anthropicEvents.join(''),
    closing: anthropicEvents.at(-1) ?? '',
    found: {
      ...nothingFound,
      contentEvents: 13,
      pings: 1,
      inputTokens: 25,
      outputTokens: 89,
      cachedTokens: 2048,
      messageId: 'msg_01XFDUDYJgAACzvnptvVoYEL',
      model: 'claude-sonnet-4-5-20250929',
    },
  },
  {
    name: 'OpenAI Chat',
    dialect: 'openai-chat',
    contentType: EVENTS,
    text: chatEvents.join(''),
    closing: chatEvents.at(-1) ?? '',
    found: {
      ...nothingFound,
      contentEvents: 8,
      inputTokens: 19,
      outputTokens: 10,
      cachedTokens: 16,
      messageId: 'chatcmpl-CfTz1a2b3c4d5e6f7g8h9i',
      model: 'gpt-4o-mini-2024-07-18',
    },
  },
  {
    name: 'OpenAI Responses',
    dialect: 'openai-responses',
    contentType: EVENTS,
    text: responsesEvents.join(''),
    closing: responsesEvents.at(-1) ?? '',
    found: {
      ...nothingFound,
      contentEvents: 7,
      pings: 1,
      inputTokens: 37,
      outputTokens: 11,
      cachedTokens: 12,
      sequence: 10,
      messageId: 'resp_68af4030baa48193b0b43b4c2a176a1a0e5adff9',
      model: 'gpt-5-codex',
    },
  },
];

/** Streams without a terminal event: complete at any of their inner boundaries. */
export const openEndedStreams: readonly SampleAnswer[] = [
  {
    name: 'JSON lines',
    dialect: 'ndjson',
    contentType: 'application/x-ndjson',
    text: ollamaLines.join(''),
    closing: '\n',
    found: { ...nothingFound, contentEvents: 3 },
  },
  {
    name: 'generic events',
    dialect: 'sse',
    contentType: EVENTS,
    text: genericEvents.join(''),
    closing: '\n',
    found: { ...nothingFound, contentEvents: 3, pings: 3 },
  },
];
