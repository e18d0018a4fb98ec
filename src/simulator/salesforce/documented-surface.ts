// The documented REST surface of a simulated org: generations, chat-generations, embeddings and
// feedback. Takes roles and texts only, ignores every field it does not know, and knows no streams,
// as the real one. Source: the reference on Salesforce, sections 2 and 3.

import type { Random } from '../../core/random.ts';
import { readChatAsk } from '../chat-ask.ts';
import { compose } from '../composition.ts';
import type { Composition } from '../composition.ts';
import type { Directives } from '../directives.ts';
import { embeddings } from '../embeddings.ts';
import { asList, asText, objectsIn } from '../json.ts';
import type { JsonObject } from '../json.ts';
import { randomId } from '../random-id.ts';
import { isRefusal } from '../refusal.ts';
import type { ServiceAnswer } from '../simulated-service.ts';
import type { Speech } from '../speech.ts';
import type { Ask } from '../ask.ts';
import { modelAnswer } from './org-answer.ts';
import type { OrgModel } from './org-models.ts';
import type { OrgOptions } from './org-options.ts';
import { providerFinish, providerUsage } from './provider-words.ts';
import { jsonAnswer, refusalAnswer, refuse } from './org-refusal.ts';
import type { OrgRefusal } from './org-refusal.ts';
import { wishesToxic } from './org-wishes.ts';

/** What can be asked of a model here. */
export type DocumentedAction = 'generations' | 'chat-generations' | 'embeddings';

const actions: readonly DocumentedAction[] = ['generations', 'chat-generations', 'embeddings'];

/** The action of that name. */
export function actionNamed(name: string | undefined): DocumentedAction | undefined {
  return actions.find((action) => action === name);
}

const roles = ['system', 'user', 'assistant'];

/** Answers one request to a model. */
export function documentedAnswer(
  action: DocumentedAction,
  model: OrgModel,
  body: JsonObject,
  options: OrgOptions,
  random: Random,
  wallMs: number,
): ServiceAnswer {
  if (action === 'embeddings') return embeddingsAnswer(model, body);
  const messages = action === 'chat-generations' ? chatMessages(body) : promptMessage(body);
  if ('refused' in messages) return refusalAnswer('documented', messages);
  const characters = messages.reduce((sum, { content }) => sum + asText(content).length, 0);
  if (characters > options.promptCharsMax) {
    const message = 'Prompt size exceeds the token limit for when PII is enabled';
    return refusalAnswer('documented', refuse(400, 'BAD_ARGUMENT', message, 'E30036'));
  }
  // Nothing but the messages is read: no limit of tokens, no tools, no stream.
  const ask = readChatAsk({ model: model.name, messages });
  if (isRefusal(ask)) return refusalAnswer('documented', badArgument(ask.message));
  const speak = (wishes: Directives, own: Random): Speech => {
    const said = compose(ask, wishes, model.sim, own, false);
    const whole = action === 'chat-generations' ? chatDocument : promptDocument;
    return { voice: wholeVoice(whole(model, ask, said, own, wallMs)), tokens: said.outputTokens };
  };
  // Both 200 and 201 are seen for success, so each action has one.
  const status = action === 'chat-generations' ? 201 : 200;
  return modelAnswer({ surface: 'documented', ask, model, status, speak }, random);
}

/** Takes feedback on a generation. */
export function feedbackAnswer(body: JsonObject, random: Random): ServiceAnswer {
  if (asText(body.generationId) === '') {
    return refusalAnswer('documented', badArgument('generationId must not be blank'));
  }
  return jsonAnswer(201, JSON.stringify({ id: randomId(random, 20), message: 'Success' }));
}

function badArgument(message: string): OrgRefusal {
  return refuse(400, 'BAD_ARGUMENT', message, 'E30020');
}

function chatMessages(body: JsonObject): JsonObject[] | OrgRefusal {
  const messages = objectsIn(body.messages);
  if (messages.length === 0 || messages.length !== asList(body.messages).length) {
    return badArgument('messages must not be empty');
  }
  for (const [place, { role, content }] of messages.entries()) {
    if (!roles.includes(asText(role))) {
      return badArgument(`messages[${place}].role must be one of system, user, assistant`);
    }
    if (typeof content !== 'string' || content === '') {
      return badArgument(`messages[${place}].content must be a string that is not blank`);
    }
  }
  if (messages.at(-1)?.role !== 'user') return badArgument('the last message must be of role user');
  return messages;
}

function promptMessage(body: JsonObject): JsonObject[] | OrgRefusal {
  const prompt = asText(body.prompt);
  return prompt === ''
    ? badArgument('prompt must not be blank')
    : [{ role: 'user', content: prompt }];
}

/** A voice for answers that are never streamed. */
function wholeVoice(document: object): Speech['voice'] {
  const failure = { type: 'error', data: {}, content: false };
  return { events: () => [], frame: () => '', whole: () => document, ping: undefined, failure };
}

function chatDocument(
  model: OrgModel,
  ask: Ask,
  said: Composition,
  random: Random,
  wallMs: number,
): object {
  const generation = {
    id: randomId(random, 24),
    role: 'assistant',
    content: [...said.text].join(''),
    timestamp: wallMs,
    parameters: providerFinish(model.provider, said.stop),
    contentQuality: qualityFor(ask),
  };
  const parameters = { ...providerUsage(model.provider, ask, said), model: model.name };
  return { id: randomId(random, 24), generationDetails: { generations: [generation], parameters } };
}

function promptDocument(
  model: OrgModel,
  ask: Ask,
  said: Composition,
  random: Random,
  wallMs: number,
): object {
  const id = `chatcmpl-${randomId(random, 20)}`;
  const generation = {
    id: randomId(random, 24),
    generatedText: [...said.text].join(''),
    contentQuality: qualityFor(ask),
    parameters: { ...providerFinish(model.provider, said.stop), index: 0 },
  };
  const parameters = {
    created: Math.floor(wallMs / 1000),
    model: model.name,
    object: 'chat.completion',
    ...providerUsage(model.provider, ask, said),
  };
  return { id, generation, moreGenerations: null, prompt: ask.userText, parameters };
}

function qualityFor(ask: Ask): object {
  const isDetected = wishesToxic(ask.userText);
  const categories = [{ categoryName: 'violence', score: isDetected ? '0.9' : '0.0' }];
  return { scanToxicity: { isDetected, categories } };
}

function embeddingsAnswer(model: OrgModel, body: JsonObject): ServiceAnswer {
  if (!model.embeds) {
    return refusalAnswer('documented', badArgument('the model makes no embeddings'));
  }
  if (!asList(body.input).every((text) => typeof text === 'string')) {
    return refusalAnswer('documented', badArgument('input must be a list of strings'));
  }
  const made = embeddings({ model: model.name, input: asList(body.input) });
  if (isRefusal(made)) return refusalAnswer('documented', badArgument(made.message));
  const { data, usage } = made as { data: { embedding: number[]; index: number }[]; usage: object };
  const rows = data.map(({ embedding, index }) => ({ embedding, index }));
  const parameters = { model: model.name, object: 'list', usage };
  return jsonAnswer(200, JSON.stringify({ embeddings: rows, parameters }));
}
