import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Progress } from '../../core/dialect.ts';
import { Timeline } from '../../core/timeline.ts';
import { reportedTokens, tokensUsed } from './token-use.ts';
import type { UseFacts } from './token-use.ts';

interface Story {
  readonly attempts?: number;
  readonly sent?: boolean;
  readonly responseBytes?: number;
  readonly progress?: Partial<Progress>;
}

function timelineOf({ attempts = 1, sent = true, responseBytes = 0, progress }: Story): Timeline {
  const timeline = new Timeline(0);
  for (let attempt = 0; attempt < attempts; attempt += 1) timeline.beginAttempt(0);
  if (sent) timeline.sentAt = 1;
  timeline.responseBytes = responseBytes;
  if (progress !== undefined) timeline.progress = Object.assign(new Progress(), progress);
  return timeline;
}

const stream = { status: 200, isEventStream: true };

describe('the tokens that a call has used', () => {
  const table: readonly (readonly [
    name: string,
    story: Story,
    facts: Partial<UseFacts>,
    used: number,
  ])[] = [
    ['are nothing when nothing was sent anywhere', { attempts: 0, sent: false }, {}, 0],
    ['are nothing when a kept answer was given', { attempts: 0, sent: false }, stream, 0],
    ['are nothing when the request did not go out whole', { sent: false }, {}, 0],
    ['are nothing when it was refused', {}, { status: 429 }, 0],
    ['are the prompt when no answer came', {}, {}, 100],
    [
      'count an answer that came before the request was out',
      { sent: false, responseBytes: 80 },
      { status: 200 },
      120,
    ],
    [
      'are as reported',
      { progress: { inputTokens: 7, outputTokens: 9, terminal: true, contentEvents: 50 } },
      stream,
      16,
    ],
    [
      'are as reported although the closing event is missing',
      { progress: { inputTokens: 7, outputTokens: 9, contentComplete: true } },
      stream,
      16,
    ],
    [
      'are the prompt alone when the report names no answer (embeddings)',
      { responseBytes: 9_000, progress: { inputTokens: 7, terminal: true } },
      { status: 200 },
      7,
    ],
    [
      'do not trust the count at the head of a stream that broke off',
      { progress: { inputTokens: 7, outputTokens: 1, contentEvents: 50 } },
      stream,
      57,
    ],
    [
      'are the prompt and an event each when nothing was reported',
      { responseBytes: 9_000, progress: { contentEvents: 50, terminal: true } },
      stream,
      150,
    ],
    [
      'are the prompt and the bytes of an answer that says nothing',
      { responseBytes: 80 },
      { status: 200 },
      120,
    ],
    [
      'are as reported even with a refusal',
      { progress: { inputTokens: 3, outputTokens: 0, terminal: true } },
      { status: 400 },
      3,
    ],
  ];
  for (const [name, story, facts, used] of table) {
    it(name, () => {
      const all = {
        promptTokens: 100,
        bytesPerToken: 4,
        status: 0,
        isEventStream: false,
        ...facts,
      };
      assert.equal(tokensUsed(timelineOf(story), all), used);
    });
  }

  it('were reported only when the whole answer was', () => {
    const open = { inputTokens: 5, outputTokens: 1 };
    assert.equal(reportedTokens(timelineOf({ progress: open })), -1);
    assert.equal(reportedTokens(timelineOf({ progress: { ...open, terminal: true } })), 6);
    assert.equal(reportedTokens(timelineOf({ progress: { terminal: true } })), -1);
    assert.equal(reportedTokens(timelineOf({})), -1);
  });
});
