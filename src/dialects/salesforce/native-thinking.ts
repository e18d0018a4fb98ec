// Fits what Anthropic's callers say of thinking to the model that is asked instead of the one they
// had in mind: newer models refuse budgets, older ones the word `adaptive` and efforts, the oldest
// all of it. Pure; the texts of all other members stay as they are.

import type { Effort } from '../conversion/model-request.ts';
import { asObject } from '../conversion/json-values.ts';
import type { JsonObject } from '../conversion/json-values.ts';
import {
  budgetWithin,
  effortOfBudget,
  effortScale,
  nearestEffort,
} from '../conversion/thinking-effort.ts';
import type { ThinkingFit } from '../conversion/thinking-fit.ts';
import { listOf, textOf } from './json-value.ts';

/** The two things that a request says of thinking; `undefined` = the member is not sent. */
export interface FittedThinking {
  readonly thinking: JsonObject | undefined;
  /** A part of `output_config`. */
  readonly effort: string | undefined;
}

/** What adaptive thinking stands for where no effort is named: the default of the models. */
const USUAL_EFFORT: Effort = 'high';

/**
 * What to say in place of what `asked`, a request of at most `maxTokens`, says. Losses are added to
 * `dropped`. A fit that is not sure changes nothing: the caller may know the model better.
 */
export function fittedThinking(
  asked: JsonObject,
  fit: ThinkingFit,
  maxTokens: number,
  dropped: Set<string>,
): FittedThinking {
  const thinking = asObject(asked['thinking']);
  const effort = textOf(asObject(asked['output_config'])?.['effort']);
  if (!fit.isSure) return { thinking, effort };
  switch (fit.form) {
    case 'adaptive':
      return adaptive(thinking, effort, fit, dropped);
    case 'budget':
      return budgeted(asked, thinking, effort, maxTokens, dropped);
    case 'none':
      if (thinking !== undefined && thinking['type'] !== 'disabled') dropped.add('thinking');
      if (effort !== undefined) dropped.add('output_config.effort');
      return { thinking: undefined, effort: undefined };
  }
}

function adaptive(
  thinking: JsonObject | undefined,
  effort: string | undefined,
  fit: ThinkingFit,
  dropped: Set<string>,
): FittedThinking {
  const isBudget = thinking?.['type'] === 'enabled';
  const budget = thinking?.['budget_tokens'];
  let said = effort;
  if (isBudget && said === undefined) {
    said = typeof budget === 'number' ? effortOfBudget(budget) : USUAL_EFFORT;
  }
  const word = effortScale.find((known) => known === said);
  // A word that is new to us may be known to the model.
  const taken = word === undefined ? said : nearestEffort(word, fit.efforts);
  if (effort !== undefined && taken !== effort) dropped.add('output_config.effort');
  if (!isBudget) return { thinking, effort: taken };
  dropped.add('thinking.budget_tokens');
  const { budget_tokens: _, ...rest } = thinking;
  return { thinking: { ...rest, type: 'adaptive' }, effort: taken };
}

function budgeted(
  asked: JsonObject,
  thinking: JsonObject | undefined,
  effort: string | undefined,
  maxTokens: number,
  dropped: Set<string>,
): FittedThinking {
  if (thinking?.['type'] !== 'adaptive') {
    if (effort !== undefined) dropped.add('output_config.effort');
    return { thinking, effort: undefined };
  }
  const wanted = effortScale.find((known) => known === effort) ?? USUAL_EFFORT;
  const budget = budgetWithin(wanted, maxTokens);
  if (budget !== undefined && !inUnthoughtLoop(asked)) {
    return { thinking: { type: 'enabled', budget_tokens: budget }, effort: undefined };
  }
  dropped.add('thinking');
  return { thinking: undefined, effort: undefined };
}

/**
 * Whether tools are at work that the model called without a thought, as after an answer of another
 * one: thinking by budget is refused until their turn is over.
 */
function inUnthoughtLoop(asked: JsonObject): boolean {
  const turns = listOf(asked['messages']).map((turn) => asObject(turn));
  const last = turns.findLast((turn) => turn?.['role'] === 'assistant');
  const types = listOf(last?.['content']).map((block) => textOf(asObject(block)?.['type']));
  return types.includes('tool_use') && !(types[0] ?? '').endsWith('thinking');
}
