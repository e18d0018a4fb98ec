// Turns a request for a model into what the documented surface takes: roles and texts, nothing
// else. What it cannot say is refused where the answer would be another one without it (images,
// tools, a fixed form), or left out and named where it only tunes the answer.
// Source: the reference on Salesforce, sections 2 and 7.

import type { ModelRequest, RequestProblem, Turn } from '../conversion/model-request.ts';
import type { JsonObject } from '../conversion/json-values.ts';
import { requestProblem } from './request-problem.ts';
import { turnText } from './turn-text.ts';

/** Where the documented surface begins on the API's host. */
export const DOCUMENTED_BASE = '/einstein/platform/v1';

/** The ways to ask a model for a text: a conversation, or one prompt made of it. */
export type DocumentedEndpoint = 'chat-generations' | 'generations';

/** How requests are fitted to the surface. */
export interface DocumentedRequestOptions {
  readonly endpoint: DocumentedEndpoint;
  /** Tools, images, documents, a begun answer, a fixed form of the answer: refused or left out. */
  readonly unsupported: 'reject' | 'drop';
  /** `fold`: what the system says in mid-conversation goes into the user's next words. */
  readonly laterSystem: 'in-place' | 'fold';
  /** Further members of every body, for example `localization` and `tags`. */
  readonly members: JsonObject;
}

/** Nothing is lost in silence. */
export const defaultDocumentedRequestOptions: DocumentedRequestOptions = {
  endpoint: 'chat-generations',
  unsupported: 'reject',
  laterSystem: 'in-place',
  members: {},
};

/** A request as the surface takes it. */
export interface DocumentedRequest {
  /** On the API's host. */
  readonly path: string;
  /** JSON. */
  readonly body: string;
  /** What was left out, by name; sorted, each once. */
  readonly dropped: readonly string[];
}

/** One message of the surface. */
export interface DocumentedMessage {
  readonly role: Turn['role'];
  readonly content: string;
}

/** The path for a model, by its name on the surface. */
export function documentedPath(model: string, endpoint: string): string {
  return `${DOCUMENTED_BASE}/models/${encodeURIComponent(model)}/${endpoint}`;
}

/** The request for `model` there, or a problem that tells the caller what cannot be asked here. */
export function documentedRequest(
  request: ModelRequest,
  model: string,
  options: DocumentedRequestOptions = defaultDocumentedRequestOptions,
): DocumentedRequest | RequestProblem {
  const dropped = new Set(untunable(request));
  const missing = refusedMember(request, options, dropped);
  if (missing !== undefined) return missing;
  const messages = messagesOf(request.turns, options, dropped);
  if (!Array.isArray(messages)) return messages;
  const said = options.endpoint === 'generations' ? { prompt: promptOf(messages) } : { messages };
  return {
    path: documentedPath(model, options.endpoint),
    body: JSON.stringify({ ...options.members, ...said }),
    dropped: [...dropped].toSorted(),
  };
}

/** Whether the documented surface could answer only a part of the request. */
export function needsNativeSurface(request: ModelRequest): boolean {
  return (
    (request.tools.length > 0 && request.toolChoice?.kind !== 'none') ||
    request.format !== undefined ||
    request.turns.some((turn) => turn.parts.some((part) => holdsMedia(part)))
  );
}

/** Members that tune an answer. `stop` is not among them: it is applied to the text. */
function untunable(request: ModelRequest): string[] {
  const tuned: Record<string, boolean> = {
    max_tokens: request.maxTokens !== undefined,
    temperature: request.temperature !== undefined,
    top_p: request.topP !== undefined,
    top_k: request.topK !== undefined,
    effort: request.effort !== undefined,
    thinking: request.wantsReasoning,
    user: request.user !== undefined,
  };
  return Object.keys(tuned).filter((name) => tuned[name] === true);
}

function refusedMember(
  request: ModelRequest,
  options: DocumentedRequestOptions,
  dropped: Set<string>,
): RequestProblem | undefined {
  const offered = request.tools.length > 0 && request.toolChoice?.kind !== 'none';
  if (offered && options.unsupported === 'reject') {
    return requestProblem(
      'tools',
      'this model is reached by an API without tools; ask without them, or ask a model of ' +
        'Anthropic, which is reached by another',
    );
  }
  if (request.tools.length > 0) dropped.add('tools');
  if (request.toolChoice !== undefined) dropped.add('tool_choice');
  if (request.parallelTools !== undefined) dropped.add('parallel_tool_calls');
  if (request.format === undefined) return undefined;
  dropped.add('response_format');
  if (options.unsupported === 'drop') return undefined;
  return requestProblem(
    'response_format',
    'this model is reached by an API that cannot fix the form of an answer',
  );
}

function holdsMedia(part: Turn['parts'][number]): boolean {
  if (part.kind === 'tool-result') return part.content.some((inner) => inner.kind !== 'text');
  return part.kind === 'image' || part.kind === 'document';
}

/** The conversation: no empty messages, no two of one role in a row, the last one the user's. */
function messagesOf(
  turns: readonly Turn[],
  options: DocumentedRequestOptions,
  dropped: Set<string>,
): DocumentedMessage[] | RequestProblem {
  const messages: DocumentedMessage[] = [];
  const lastSpoken = turns.findLastIndex((turn) => turn.role !== 'system');
  for (const [place, turn] of turns.entries()) {
    const content = turnText(turn, options.unsupported === 'reject', dropped);
    if (typeof content !== 'string') return content;
    if (content === '') continue;
    const begun = messages.some((message) => message.role !== 'system');
    const late = turn.role === 'system' && begun;
    // After the last words of the user it has to be the user's, or they would not be the last.
    const folded = late && (options.laterSystem === 'fold' || place > lastSpoken);
    add(messages, folded ? 'user' : turn.role, folded ? `<system>${content}</system>` : content);
  }
  const last = messages.at(-1);
  if (last?.role === 'assistant') {
    if (options.unsupported === 'reject') {
      return requestProblem('messages', 'the last message must be from the user');
    }
    dropped.add('prefill');
    messages.pop();
  }
  if (messages.at(-1)?.role === 'user') return messages;
  return requestProblem('messages', 'at least one message of the user is required');
}

function add(messages: DocumentedMessage[], role: Turn['role'], content: string): void {
  const last = messages.at(-1);
  if (last?.role !== role) messages.push({ role, content });
  else messages[messages.length - 1] = { role, content: `${last.content}\n\n${content}` };
}

const speakers = { system: 'System', user: 'User', assistant: 'Assistant' } as const;

/** A conversation as one prompt. A single question stays as it is. */
function promptOf(messages: readonly DocumentedMessage[]): string {
  const [only, ...more] = messages;
  if (only !== undefined && more.length === 0) return only.content;
  const lines = messages.map(({ role, content }) => `${speakers[role]}: ${content}`);
  return `${lines.join('\n\n')}\n\nAssistant:`;
}
