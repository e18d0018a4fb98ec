// Short names for events, for tests of encoders.

import { dataOf } from './answers.fixture.ts';
import type { AnswerEvent, ErrorClass, Usage } from './answer-events.ts';

export const start: AnswerEvent = { type: 'start', id: 'x', model: 'upstream' };
export const end: AnswerEvent = { type: 'end' };
export const text = (delta: string, key = 't'): AnswerEvent => ({ type: 'text', key, delta });
export const toolStart = (key: string): AnswerEvent => ({
  type: 'tool-start',
  key,
  id: `id_${key}`,
  name: `name_${key}`,
});
export const args = (key: string, delta: string): AnswerEvent => ({
  type: 'tool-arguments',
  key,
  delta,
});
export const toolEnd = (key: string): AnswerEvent => ({ type: 'tool-end', key });
export const finish = (
  reason: 'stop' | 'length' | 'tool-calls' | 'refusal' = 'stop',
): AnswerEvent => ({
  type: 'finish',
  reason,
  stopSequence: undefined,
});
export const thought: AnswerEvent = {
  type: 'reasoning',
  key: 'r',
  delta: 'hm',
  signature: undefined,
};
export const counts: Usage = { input: 10, output: 5, cacheRead: 100, cacheWrite: 20, reasoning: 2 };
export const usage: AnswerEvent = { type: 'usage', usage: counts };
export const failure = (kind: ErrorClass, message = 'broken'): AnswerEvent => ({
  type: 'error',
  error: { class: kind, message, status: 500 },
});

export const typesIn = (stream: string): string[] => dataOf(stream).map((data) => data.type);
