// How many tokens a call that is over is charged. What the upstream reports counts as reported:
// providers differ in whether cached tokens count, and their own number is what their limit is
// measured in. Where nothing was reported, what was probably used is kept and the rest given back:
//
// - Nothing reached an upstream (refused by us, a cached answer, a failed connection, an upload
//   that broke off), or the answer was a refusal: nothing.
// - The request was out and no answer came: the prompt. It was most likely read, and for a caller
//   who gives up early and often, free prompts would be a way around the quota.
// - A stream broke off, or ended without a report: the prompt, and a token for each event with
//   content. Deltas hold one token or a few, so this is a lower bound. A report at the head of a
//   stream (`message_start`) stands for the prompt, but not for an answer that was cut.
// - Any other answer without a report: the prompt, and the bytes of the answer like those of a
//   request.

import { NEVER } from '../../core/timeline.ts';
import type { Timeline } from '../../core/timeline.ts';

/** What the layer has seen of one call, beyond its timeline. */
export interface UseFacts {
  /** Estimate for the prompt. */
  readonly promptTokens: number;
  readonly bytesPerToken: number;
  /** Status of the answer, 0 without one. */
  readonly status: number;
  readonly isEventStream: boolean;
}

/** Tokens that a call of this timeline has used. */
export function tokensUsed(timeline: Timeline, facts: UseFacts): number {
  const { progress } = timeline;
  const reported = reportedTokens(timeline);
  if (reported >= 0) return reported;
  if (timeline.attempts === 0 || facts.status >= 400) return 0;
  if (facts.status === 0 && timeline.sentAt === NEVER) return 0;
  const prompt = Math.max(progress?.inputTokens ?? -1, -1);
  return (prompt >= 0 ? prompt : facts.promptTokens) + answerUsed(timeline, facts);
}

/** Tokens that the upstream has reported for the whole answer, or -1. */
export function reportedTokens({ progress }: Timeline): number {
  if (progress === undefined || progress.inputTokens < 0) return -1;
  if (!progress.terminal && !progress.contentComplete) return -1;
  return progress.inputTokens + Math.max(0, progress.outputTokens);
}

function answerUsed({ progress, responseBytes }: Timeline, facts: UseFacts): number {
  if (facts.status === 0) return 0;
  if (!facts.isEventStream) return Math.ceil(responseBytes / facts.bytesPerToken);
  return Math.max(progress?.outputTokens ?? 0, progress?.contentEvents ?? 0);
}
