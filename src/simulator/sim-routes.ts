// Which paths the simulated services have, and what each one makes of a request. Refuses unknown
// paths, wrong methods and bodies that are no JSON objects in the words of the service.

import type { HeaderList } from '../core/header-list.ts';
import { readAnthropicAsk } from './anthropic-ask.ts';
import type { Ask } from './ask.ts';
import { readChatAsk } from './chat-ask.ts';
import { embeddings } from './embeddings.ts';
import type { JsonObject } from './json.ts';
import { modelList, oneModel } from './model-list.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { Refusal, Vendor } from './refusal.ts';
import { readResponsesAsk } from './responses-ask.ts';
import { speakAnthropic, speakChat, speakResponses } from './speech.ts';
import type { Speak } from './speech.ts';

/** What a request comes to: a refusal, a value known already, or a question to a model. */
export type Found =
  | Refusal
  | { kind: 'value'; value: object }
  | { kind: 'ask'; ask: Ask; speak: Speak };

const postPaths = new Map<string, (body: JsonObject) => Found>([
  ['/v1/messages', (body) => asked(readAnthropicAsk(body, false), speakAnthropic)],
  ['/v1/messages/count_tokens', (body) => counted(readAnthropicAsk(body, true), false)],
  ['/v1/chat/completions', (body) => asked(readChatAsk(body), speakChat)],
  ['/v1/responses', (body) => asked(readResponsesAsk(body), speakResponses)],
  ['/v1/responses/input_tokens', (body) => counted(readResponsesAsk(body), true)],
  ['/v1/embeddings', (body) => asValue(embeddings(body))],
]);

const MODELS_PATH = '/v1/models';

/** The service that is played: by the path where it tells, else by a header that only one has. */
export function vendorOf(path: string, headers: HeaderList): Vendor {
  if (path.startsWith('/v1/messages')) return 'anthropic';
  if (postPaths.has(path)) return 'openai';
  return headers.has('anthropic-version') ? 'anthropic' : 'openai';
}

/** Finds what `path` (without query) stands for. `body`: `undefined` = none, or not JSON. */
export function resolve(
  path: string,
  method: string,
  vendor: Vendor,
  body: JsonObject | undefined,
): Found {
  const post = postPaths.get(path);
  if (post !== undefined) {
    if (method !== 'POST') return wrongMethod(vendor);
    return body === undefined ? badJson(vendor) : post(body);
  }
  const isModels = path === MODELS_PATH || path.startsWith(`${MODELS_PATH}/`);
  if (!isModels) return notFound(vendor, method, path);
  if (method !== 'GET' && method !== 'HEAD') return wrongMethod(vendor);
  if (path === MODELS_PATH) return asValue(modelList(vendor));
  return asValue(oneModel(vendor, path.slice(MODELS_PATH.length + 1)));
}

function asValue(value: object | Refusal): Found {
  return isRefusal(value) ? value : { kind: 'value', value };
}

function asked(ask: Ask | Refusal, speak: Speak): Found {
  return isRefusal(ask) ? ask : { kind: 'ask', ask, speak };
}

function counted(ask: Ask | Refusal, named: boolean): Found {
  if (isRefusal(ask)) return ask;
  const count = { input_tokens: ask.promptTokens };
  return asValue(named ? { object: 'response.input_tokens', ...count } : count);
}

function wrongMethod(vendor: Vendor): Refusal {
  return refuse(
    405,
    vendor === 'anthropic' ? 'Method Not Allowed' : 'Not allowed to do that here.',
  );
}

function badJson(vendor: Vendor): Refusal {
  return refuse(
    400,
    vendor === 'anthropic'
      ? 'The request body is not valid JSON.'
      : 'We could not parse the JSON body of your request.',
  );
}

function notFound(vendor: Vendor, method: string, path: string): Refusal {
  if (vendor === 'anthropic') return refuse(404, 'Not Found');
  return refuse(404, `Invalid URL (${method} ${path})`);
}
