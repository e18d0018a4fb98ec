// What the services refuse of a wish to think, by the name of the model and in their words. Kept
// apart from what the gateway knows of names, so that a mistake there is found by a refusal here.
// Names that are not listed take everything.
// Source: the services' documentation and refusals quoted in reports of users, 2025 and 2026.

import { asNumber, asObject, asText, objectsIn } from './json.ts';
import type { JsonObject } from './json.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** What a Claude model makes of thinking. */
type ClaudeThinking = 'none' | 'budget' | 'both' | 'adaptive';

/** Names at Anthropic, then those of Salesforce; the first that fits counts. */
const claudes: readonly (readonly [RegExp, ClaudeThinking])[] = [
  [/claude-(instant|2|3-5|3-opus|3-sonnet|3-haiku)/, 'none'],
  [/claude(35|3)(opus|sonnet|haiku)/, 'none'],
  [/claude-(3-7|(opus|sonnet|haiku)-4-[015]($|\D)|(opus|sonnet)-4($|-2|@))/, 'budget'],
  [/claude(37|4|41|45)(opus|sonnet|haiku)/, 'budget'],
  [/claude-(opus|sonnet)-4-6|claude46/, 'both'],
  [/claude-(opus|sonnet)-4-[78]|claude4[78]/, 'adaptive'],
  [/claude-(opus|sonnet|haiku|fable|mythos)-5|claude5/, 'adaptive'],
];

/** The model that is there to be refused by. */
const PLAIN = 'sim-plain';

/** What Anthropic's API says to a wish to think; `undefined` = it is taken. */
export function anthropicThinkingRefusal(body: JsonObject): Refusal | undefined {
  const thinking = asObject(body.thinking);
  const type = asText(thinking?.type);
  const hasEffort = asObject(body.output_config)?.effort !== undefined;
  const name = asText(body.model).toLowerCase();
  const takes = name === PLAIN ? 'none' : claudes.find(([pattern]) => pattern.test(name))?.[1];
  const isAsked = type === 'adaptive' || type === 'enabled';
  if (takes === 'none' && isAsked) return refuse(400, 'thinking is not supported on this model');
  if (takes === 'budget' && type === 'adaptive') {
    return refuse(400, 'adaptive thinking is not supported on this model');
  }
  if (takes === 'adaptive' && type === 'enabled') {
    return refuse(
      400,
      '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and ' +
        '"output_config.effort" to control thinking behavior.',
    );
  }
  const knowsEffort = takes !== 'none' && takes !== 'budget';
  // The one that took an effort before it took `adaptive`.
  if (hasEffort && !knowsEffort && !/opus-?4-?5|claude45opus/.test(name)) {
    return refuse(400, 'This model does not support the effort parameter.');
  }
  return type === 'enabled' ? budgetRefusal(body, asNumber(thinking?.budget_tokens)) : undefined;
}

const BUDGET_MIN = 1024;

function budgetRefusal(body: JsonObject, budget: number | undefined): Refusal | undefined {
  const where = 'thinking.enabled.budget_tokens';
  if (budget === undefined) return refuse(400, `${where}: Field required`);
  if (budget < BUDGET_MIN) {
    return refuse(400, `${where}: Input should be greater than or equal to ${BUDGET_MIN}`);
  }
  if ((asNumber(body.max_tokens) ?? Infinity) <= budget) {
    return refuse(400, '`max_tokens` must be greater than `thinking.budget_tokens`.');
  }
  const choice = asText(asObject(body.tool_choice)?.type);
  if (choice === 'any' || choice === 'tool') {
    return refuse(400, 'Thinking may not be enabled when tool_choice forces tool use.');
  }
  return unthoughtCall(objectsIn(body.messages));
}

/** Whose tools are at work has to give back the thoughts that led to them. */
function unthoughtCall(messages: readonly JsonObject[]): Refusal | undefined {
  const at = messages.findLastIndex(({ role }) => role === 'assistant');
  const blocks = objectsIn(messages[at]?.content);
  const first = asText(blocks[0]?.type);
  if (!blocks.some(({ type }) => type === 'tool_use') || first.endsWith('thinking')) {
    return undefined;
  }
  const where = `messages.${at}.content.0.type`;
  return refuse(
    400,
    `${where}: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first}\`. When ` +
      '`thinking` is enabled, a final `assistant` message must start with a thinking block.',
  );
}

const openAiWithout = /^(gpt-(3\.5|4)|chatgpt|o1-(mini|preview)|gpt-5(\.\d)?-chat)/;
const localWithout = /^(qwen[\d.]*-coder|llama|mistral|gemma|phi|codellama)/;
const openAiWords = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];

/** What a chat service says to `reasoning_effort`: OpenAI, or a server on one's own machine. */
export function chatEffortRefusal(body: JsonObject): Refusal | undefined {
  const { reasoning_effort: effort } = body;
  const name = asText(body.model);
  if (effort === undefined || effort === null) return undefined;
  if (openAiWithout.test(name)) {
    return refuse(400, 'Unrecognized request argument supplied: reasoning_effort');
  }
  if (localWithout.test(name) || name === PLAIN) {
    return refuse(400, `"${name}" does not support thinking`);
  }
  return unknownWord(effort, 'reasoning_effort');
}

/** What the Responses API says to `reasoning.effort`. */
export function responsesEffortRefusal(body: JsonObject): Refusal | undefined {
  const effort = asObject(body.reasoning)?.effort;
  if (effort === undefined || effort === null) return undefined;
  const name = asText(body.model);
  if (openAiWithout.test(name) || name === PLAIN) {
    const message = "Unsupported parameter: 'reasoning.effort' is not supported with this model.";
    return refuse(400, message, 'unsupported_parameter', 'reasoning.effort');
  }
  return unknownWord(effort, 'reasoning.effort');
}

function unknownWord(effort: unknown, param: string): Refusal | undefined {
  if (typeof effort === 'string' && openAiWords.includes(effort)) return undefined;
  const words = openAiWords.join(', ');
  const message = `Invalid value: '${String(effort)}'. Supported values are: ${words}.`;
  return refuse(400, message, 'invalid_value', param);
}
