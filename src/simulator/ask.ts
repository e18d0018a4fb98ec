// What a request asks of the model, the same for every dialect. The dialects' own readers
// (anthropic-ask, chat-ask, responses-ask) build it; what is said in return knows nothing else.

import { asObject, asText, objectsIn } from './json.ts';
import type { Json, JsonObject } from './json.ts';

/** A tool that the request offers. */
export interface OfferedTool {
  readonly name: string;
  /** JSON Schema of the input; `undefined` for a tool that takes free text. */
  readonly schema: JsonObject | undefined;
}

/** Whether tools may or must be called, and which. */
export interface ToolChoice {
  readonly mode: 'auto' | 'none' | 'required';
  readonly name: string | undefined;
}

/** One request to a model. */
export interface Ask {
  readonly body: JsonObject;
  readonly model: string;
  readonly stream: boolean;
  /** The last text of the user, with its directives; without what clients slip in for the model. */
  readonly userText: string;
  readonly tools: readonly OfferedTool[];
  readonly choice: ToolChoice;
  /** Several calls at once are allowed. */
  readonly parallel: boolean;
  /** Rounds of tool results since the user's last text. */
  readonly roundsDone: number;
  /** What the tools of the last round answered. */
  readonly toolOutputs: readonly string[];
  /** `Infinity` = no limit. */
  readonly maxTokens: number;
  readonly promptTokens: number;
  readonly thinking: 'never' | 'allowed' | 'asked';
  /** Thinking happens but is not shown. */
  readonly thinkingHidden: boolean;
  /** The text has to be JSON of this schema. */
  readonly format: JsonObject | undefined;
  /** Alternatives asked for (`n` of chat completions). */
  readonly alternatives: number;
}

/** One turn of a conversation, seen from its end. */
export interface Turn {
  readonly speaker: 'user' | 'tool' | 'other';
  readonly text: string;
  readonly outputs: readonly string[];
}

/** The part of a conversation that the next answer is about. */
export interface Situation {
  readonly userText: string;
  readonly roundsDone: number;
  readonly toolOutputs: readonly string[];
}

/** Walks back to the user's last text and counts the rounds of tools since. */
export function situationOf(turns: readonly Turn[]): Situation {
  let roundsDone = 0;
  const toolOutputs: string[] = [];
  let within = false;
  for (const turn of turns.toReversed()) {
    if (turn.speaker === 'user' && turn.text !== '') {
      return { userText: turn.text, roundsDone, toolOutputs };
    }
    if (turn.speaker === 'tool' && !within) roundsDone += 1;
    if (turn.speaker === 'tool' && roundsDone === 1) toolOutputs.unshift(...turn.outputs);
    within = turn.speaker === 'tool';
  }
  return { userText: '', roundsDone, toolOutputs };
}

const REMINDER = /<([a-z_-]+)>[\s\S]*?<\/\1>/g;

/** A text without the tagged notes that coding clients put in front of what the user wrote. */
export function spokenText(text: string): string {
  return text.replaceAll(REMINDER, '').trim();
}

/** The text of a content that is a text or a list of parts with texts. */
export function contentText(content: Json | undefined): string {
  if (typeof content === 'string') return spokenText(content);
  const texts = objectsIn(content).map((part) => spokenText(asText(part.text)));
  return texts.filter((text) => text !== '').join('\n');
}

/** What a tool answered, as text, whatever its form. */
export function outputText(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  return objectsIn(content)
    .map((part) => asText(part.text))
    .join('\n');
}

/** The schema in a field, or one that allows nothing but an empty object. */
export function schemaOr(value: Json | undefined): JsonObject {
  return asObject(value) ?? { type: 'object', properties: {} };
}

/** Whether a limit on tokens makes sense; no limit does. */
export function isTokenLimit(limit: number): boolean {
  return limit === Infinity || (Number.isInteger(limit) && limit >= 1);
}
