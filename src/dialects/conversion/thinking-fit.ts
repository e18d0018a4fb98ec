// Whether a model can be asked to think, and in which form, as far as its name tells. Vendors
// refuse the wrong form with a 400: a budget at newer models, an effort at older ones, either at
// models that do not think.
// Source: the vendors' lists of models, and refusals quoted in reports of users, 2025 and 2026.
// Invariant: what is not known for certain is not asked for. A request without thinking is taken by
// every model; its answer may be worse, and the caller is told what was left out.

import type { Effort, EncodeLimits } from './model-request.ts';
import { commonEfforts } from './thinking-effort.ts';

/**
 * How thinking is asked for: by a word, and the model decides how much (`adaptive`); by a number of
 * tokens (`budget`); not at all (`none`).
 */
export type ThinkingForm = 'adaptive' | 'budget' | 'none';

/** What a model takes. */
export interface ThinkingFit {
  readonly form: ThinkingForm;
  /** The words of the form `adaptive`. */
  readonly efforts: readonly Effort[];
  /** Its name or the configuration says so; false = the safest guess. */
  readonly isSure: boolean;
}

type Asked = Pick<EncodeLimits, 'model' | 'thinking' | 'efforts'>;

const unknown: ThinkingFit = { form: 'none', efforts: [], isSure: false };
const never: ThinkingFit = { form: 'none', efforts: [], isSure: true };
const byBudget: ThinkingFit = { form: 'budget', efforts: [], isSure: true };
const adaptive = (...efforts: Effort[]): ThinkingFit => ({
  form: 'adaptive',
  efforts,
  isSure: true,
});

/**
 * A version in the name of a Claude model, before or after its family: `claude-3-5-sonnet`,
 * `claude-sonnet-4-5-20250929`, `anthropic.claude-opus-4-6-v1:0`, `...AnthropicClaude45Sonnet`.
 * Dates are too long to be taken for one.
 */
const CLAUDE = /claude(?:[-_. ]?[a-z]+)?[-_. ]?(\d)(?:[-_.]?(\d{1,2}))?(?!\d)/i;

/** The version of a Claude model, 4.5 as 405; `undefined` where its name holds none. */
export function claudeVersion(name: string): number | undefined {
  const found = CLAUDE.exec(name);
  return found === null ? undefined : Number(found[1]) * 100 + Number(found[2] ?? 0);
}

/** Thinking came with 3.7, the decision of the model over its amount with 4.6. */
const THINKING_SINCE = 307;
const ADAPTIVE_SINCE = 406;
/** From here on `xhigh` is a word. */
const XHIGH_SINCE = 407;

/** What a model takes that is asked in the words of Anthropic's API. */
export function anthropicFit(asked: Asked): ThinkingFit {
  const fit = chosen(asked, claudeFit(asked.model));
  // `minimal` is no word of Anthropic's, and `none` is a form of its own.
  return { ...fit, efforts: fit.efforts.filter((word) => word !== 'minimal' && word !== 'none') };
}

function claudeFit(name: string): ThinkingFit {
  const version = claudeVersion(name);
  if (version === undefined) return unknown;
  if (version < THINKING_SINCE) return never;
  if (version < ADAPTIVE_SINCE) return byBudget;
  if (version >= XHIGH_SINCE) return adaptive('low', 'medium', 'high', 'xhigh', 'max');
  return /opus/i.test(name) ? adaptive('low', 'medium', 'high', 'max') : adaptive(...commonEfforts);
}

/** Beginnings of names at OpenAI, the longer before the shorter. */
const openAiModels: readonly (readonly [RegExp, ThinkingFit])[] = [
  // Conversational variants have no setting, or one word of it.
  [/^gpt-5(\.\d+)?-chat/, never],
  [/^gpt-5(\.\d+)?-pro/, adaptive('high')],
  [/^gpt-5\.1-codex-max/, adaptive('low', 'medium', 'high', 'xhigh')],
  [/^gpt-5(\.[01])?-codex/, adaptive(...commonEfforts)],
  [/^gpt-5\.1(-|$)/, adaptive('none', 'low', 'medium', 'high')],
  [/^gpt-5\.\d+-codex/, adaptive('low', 'medium', 'high', 'xhigh')],
  [/^gpt-5\.\d+(-|$)/, adaptive('none', 'low', 'medium', 'high', 'xhigh')],
  [/^gpt-5(-|$)/, adaptive('minimal', 'low', 'medium', 'high')],
  [/^gpt-oss/, adaptive(...commonEfforts)],
  [/^o1-(mini|preview)/, never],
  [/^o[134](-|$)/, adaptive(...commonEfforts)],
  [/^(chatgpt-4o|gpt-4|gpt-3\.5)/, never],
];

/** What a model takes that is asked in the words of OpenAI's APIs, which know no budgets. */
export function openAiFit(asked: Asked): ThinkingFit {
  // Some hosts put the vendor in front.
  const name = asked.model.slice(asked.model.lastIndexOf('/') + 1).toLowerCase();
  const known = openAiModels.find(([begins]) => begins.test(name))?.[1] ?? unknown;
  return chosen(asked.thinking === 'budget' ? { ...asked, thinking: 'auto' } : asked, known);
}

/** Configuration goes before the name; words that were named are taken, so the model thinks. */
function chosen({ thinking = 'auto', efforts }: Asked, known: ThinkingFit): ThinkingFit {
  if (thinking === 'none' || efforts?.length === 0) return never;
  if (thinking === 'budget') return byBudget;
  const byName = known.form === 'adaptive' ? known.efforts : commonEfforts;
  if (thinking === 'adaptive') return adaptive(...(efforts ?? byName));
  return efforts === undefined || known.form === 'budget' ? known : adaptive(...efforts);
}
