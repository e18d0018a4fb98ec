// How much a model shall think, in the words of each vendor. OpenAI's have a scale of words,
// Anthropic's a budget of tokens (models before 4.6) or a scale of its own with adaptive thinking.

import type { Effort } from './model-request.ts';
import type { Reading } from './request-reading.ts';

/** Every word, weakest first. */
export const effortScale: readonly Effort[] = [
  'none',
  'minimal',
  'low',
  'medium',
  'high',
  'xhigh',
  'max',
];

/** Words that every vendor's thinking models know. */
export const commonEfforts: readonly Effort[] = ['low', 'medium', 'high'];

/** Anthropic refuses smaller budgets of thinking; in tokens. */
const THINKING_BUDGET_MIN = 1024;

/**
 * The largest budget, in tokens, that still counts as each effort, and what is asked for in its
 * name. 31,999 was the largest that Claude Code had a word for; it shall read as high.
 */
const budgets: ReadonlyMap<Effort, number> = new Map([
  ['minimal', THINKING_BUDGET_MIN],
  ['low', 4096],
  ['medium', 16_384],
  ['high', 32_768],
  ['xhigh', 65_536],
  ['max', 98_304],
]);

/**
 * The effort that a caller's word means. A word that is new to us is dropped: the upstream's own
 * default is a better guess than a refusal.
 */
export function decodeEffort(reading: Reading, value: unknown, path: string): Effort | undefined {
  const word = reading.text(value, path);
  if (word === undefined) return undefined;
  const effort = effortScale.find((known) => known === word);
  if (effort === undefined) reading.drop(path);
  return effort;
}

/** The effort that a budget of thinking tokens stands for. */
export function effortOfBudget(tokens: number): Effort {
  for (const [effort, budget] of budgets) if (tokens <= budget) return effort;
  return 'max';
}

/** The budget of thinking tokens that stands for an effort. */
export function budgetOf(effort: Effort): number {
  return budgets.get(effort) ?? THINKING_BUDGET_MIN;
}

/** The share of the answer's limit that thinking by budget may take; the rest is for the answer. */
const THINKING_SHARE_MAX = 0.8;

/**
 * The budget for an effort within an answer of at most `maxTokens`; `undefined` where that leaves
 * less than Anthropic accepts.
 */
export function budgetWithin(effort: Effort, maxTokens: number): number | undefined {
  const budget = Math.min(budgetOf(effort), Math.floor(maxTokens * THINKING_SHARE_MAX));
  return budget < THINKING_BUDGET_MIN ? undefined : budget;
}

/**
 * The nearest effort that a model takes, the weaker of two. No thinking at all is a different
 * thing, not a weak effort: it is never chosen for another and never replaced by one.
 */
export function nearestEffort(wanted: Effort, taken: readonly Effort[]): Effort | undefined {
  if (taken.includes(wanted)) return wanted;
  if (wanted === 'none') return undefined;
  const place = effortScale.indexOf(wanted);
  let nearest: Effort | undefined;
  let distance = Infinity;
  for (const effort of effortScale) {
    if (effort === 'none' || !taken.includes(effort)) continue;
    const steps = Math.abs(effortScale.indexOf(effort) - place);
    if (steps < distance) {
      nearest = effort;
      distance = steps;
    }
  }
  return nearest;
}
