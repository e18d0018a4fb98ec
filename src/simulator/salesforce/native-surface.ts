// The native surface of a simulated org: Claude models behind Bedrock-style bodies, streamed as AWS
// event streams. Refuses what the real one was seen to refuse: `model` and `stream` in the body,
// thoughts of finished turns, thinking budgets on newer models, betas that its host does not know.
// Source: the reference on Salesforce, section 6.

import type { Random } from '../../core/random.ts';
import { AnthropicVoice } from '../anthropic-voice.ts';
import { readAnthropicAsk } from '../anthropic-ask.ts';
import { compose } from '../composition.ts';
import type { Directives } from '../directives.ts';
import { asList, asObject, asText, objectsIn } from '../json.ts';
import type { JsonObject } from '../json.ts';
import { isRefusal } from '../refusal.ts';
import type { ServiceAnswer } from '../simulated-service.ts';
import type { Speech } from '../speech.ts';
import { FrameVoice } from './frame-voice.ts';
import { modelAnswer } from './org-answer.ts';
import type { OrgModel } from './org-models.ts';
import type { OrgOptions } from './org-options.ts';
import { refusalAnswer, refuse } from './org-refusal.ts';
import type { OrgRefusal } from './org-refusal.ts';

const VERSION = 'bedrock-2023-05-31';

/** Answers one request to a model. */
export function nativeAnswer(
  stream: boolean,
  model: OrgModel,
  body: JsonObject,
  options: OrgOptions,
  random: Random,
): ServiceAnswer {
  const refusal = refusalOf(model, body, options);
  if (refusal !== undefined) return refusalAnswer('native', refusal);
  const ask = readAnthropicAsk({ ...body, model: model.name, stream }, false);
  if (isRefusal(ask)) return refusalAnswer('native', invalid(ask.message));
  const speak = (wishes: Directives, own: Random): Speech => {
    const said = compose(ask, wishes, model.sim, own, true);
    const voice = new FrameVoice(new AnthropicVoice(ask, said, own), ask, said);
    return { voice, tokens: said.outputTokens };
  };
  return modelAnswer({ surface: 'native', ask, model, status: 200, speak }, random);
}

function invalid(message: string): OrgRefusal {
  return refuse(400, 'BAD_ARGUMENT', message, 'E30020');
}

function refusalOf(model: OrgModel, body: JsonObject, options: OrgOptions): OrgRefusal | undefined {
  if (body.anthropic_version !== VERSION) {
    return invalid(`anthropic_version: Input should be '${VERSION}'`);
  }
  for (const name of ['model', 'stream']) {
    if (body[name] !== undefined) return invalid(`${name}: Extra inputs are not permitted`);
  }
  const beta = refusedBeta(model, body);
  if (beta !== undefined) return beta;
  if (model.adaptiveOnly && asObject(body.thinking)?.type === 'enabled') {
    return invalid('"thinking.type.enabled" is not supported for this model');
  }
  if (holdsOldThoughts(objectsIn(body.messages))) {
    return refuse(502, 'BAD_GATEWAY', 'No user context has been created');
  }
  const characters = JSON.stringify(body.messages ?? '').length;
  if (characters <= options.promptCharsMax) return undefined;
  const tokens = Math.ceil(characters / 4);
  const most = Math.floor(options.promptCharsMax / 4);
  return invalid(`prompt is too long: ${tokens} tokens > ${most} maximum`);
}

/** Betas that the host behind the surface knows. Its later models take none. */
const hostBetas = [
  /^(computer-use|token-efficient-tools|output-128k|context-1m|tool-examples)-\d/,
  /^(interleaved-thinking|dev-full-thinking|context-management|effort|tool-search-tool)-\d/,
];
const TAKES_NO_BETA = /claude(4[78]|5)/i;

function refusedBeta(model: OrgModel, body: JsonObject): OrgRefusal | undefined {
  const betas = asList(body.anthropic_beta).map((beta) => asText(beta));
  const isKnown = (beta: string): boolean => hostBetas.some((known) => known.test(beta));
  if (!betas.every(isKnown) || (betas.length > 0 && TAKES_NO_BETA.test(model.name))) {
    return invalid('invalid beta flag');
  }
  const manages = betas.some((beta) => beta.startsWith('context-management'));
  return body.context_management === undefined || manages
    ? undefined
    : invalid('context_management: Extra inputs are not permitted');
}

/** Thoughts of turns before the user's last words. */
function holdsOldThoughts(turns: readonly JsonObject[]): boolean {
  const last = turns.findLastIndex(
    ({ role, content }) =>
      role === 'user' && !objectsIn(content).some((block) => block.type === 'tool_result'),
  );
  return turns
    .slice(0, Math.max(0, last))
    .some(({ content }) =>
      objectsIn(content).some((block) => asText(block.type).endsWith('thinking')),
    );
}
