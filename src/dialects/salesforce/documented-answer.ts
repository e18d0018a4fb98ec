// Reads whole answers of the documented surface into the events of an answer, so that they can be
// said in any format, as a stream too. The surface knows no stop sequences: they are applied here.
// Never invents success: a document without a generation is an error.
// Source: the reference on Salesforce, sections 2, 7 and 8.

import type { AnswerError, AnswerEvent, FinishReason } from '../conversion/answer-events.ts';
import { asObject } from '../conversion/json-values.ts';
import type { JsonObject } from '../conversion/json-values.ts';
import { listOf, parsedJson, textOf } from './json-value.ts';
import { providerUsage } from './provider-usage.ts';
import { answerError, isErrorDocument, salesforceError } from './salesforce-error.ts';
import { textPieces } from './text-pieces.ts';

/** What the request says about its answer. */
export interface DocumentedContext {
  /** Id of the message, as the caller will see it. */
  readonly id: string;
  /** The model as the caller named it. */
  readonly model: string;
  readonly stop: readonly string[];
  /** Tokens of the request by estimate; used where the answer does not count. */
  readonly estimatedInputTokens: number;
  /** The text comes in pieces, as a stream would bring it. */
  readonly streamed: boolean;
  /** An answer that the trust layer found toxic counts as refused. Its text stays. */
  readonly toxicRefuses: boolean;
}

/** Characters per token where nobody counted. */
const CHARS_PER_TOKEN = 4;

const finishReasons = new Map<string, FinishReason>([
  ['stop', 'stop'],
  ['end_turn', 'stop'],
  ['complete', 'stop'],
  ['stop_sequence', 'stop-sequence'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'context-window'],
  ['content_filter', 'refusal'],
  ['content_filtered', 'refusal'],
  ['guardrail_intervened', 'refusal'],
  ['refusal', 'refusal'],
  ['safety', 'refusal'],
  ['recitation', 'refusal'],
  ['blocklist', 'refusal'],
  ['prohibited_content', 'refusal'],
  ['spii', 'refusal'],
]);

/**
 * Reads the body of an answer with status 200 or 201 from `generations` or `chat-generations`: a
 * whole row of events, or `error` alone.
 */
export function documentedAnswer(body: string, context: DocumentedContext): AnswerEvent[] {
  const value = parsedJson(body);
  const document = asObject(value);
  const generation = document === undefined ? undefined : generationIn(document);
  if (document === undefined || generation === undefined) {
    return [{ type: 'error', error: noAnswer(value, body) }];
  }
  const whole = contentOf(generation);
  const cut = cutAtStop(whole, context.stop);
  const text = whole.slice(0, cut.at);
  const counted = usageIn(document, generation);
  const usage = counted ?? {
    input: context.estimatedInputTokens,
    output: Math.ceil(text.length / CHARS_PER_TOKEN),
    cacheRead: -1,
    cacheWrite: -1,
    reasoning: -1,
  };
  const key = 'text';
  const pieces = context.streamed ? textPieces(text) : text === '' ? [] : [text];
  return [
    { type: 'start', id: context.id, model: context.model },
    ...pieces.map((delta): AnswerEvent => ({ type: 'text', key, delta })),
    { type: 'usage', usage, estimated: counted === undefined },
    finishOf(generation, cut.sequence, context.toxicRefuses),
    { type: 'end' },
  ];
}

function noAnswer(value: unknown, body: string): AnswerError {
  if (isErrorDocument(value)) return salesforceError(200, body);
  return answerError('server', 'The service answered with a document that holds no generation.');
}

/** The first generation, in all spellings that were seen. */
function generationIn(document: JsonObject): JsonObject | undefined {
  const details = detailsIn(document);
  return (
    asObject(listOf(details?.['generations'])[0]) ??
    asObject(document['generation']) ??
    asObject(listOf(document['generations'])[0])
  );
}

function detailsIn(document: JsonObject): JsonObject | undefined {
  return asObject(document['generationDetails']) ?? asObject(document['generation_details']);
}

function contentOf(generation: JsonObject): string {
  const content = generation['content'];
  if (Array.isArray(content)) {
    return listOf(content)
      .map((part) => textOf(asObject(part)?.['text']) ?? '')
      .join('');
  }
  return (
    textOf(content) ??
    textOf(generation['generatedText']) ??
    textOf(generation['generated_text']) ??
    ''
  );
}

/** Where the first stop sequence begins, else the end. */
function cutAtStop(
  text: string,
  stop: readonly string[],
): { readonly at: number; readonly sequence: string | undefined } {
  let at = text.length;
  let sequence: string | undefined;
  for (const candidate of stop) {
    const found = candidate === '' ? -1 : text.indexOf(candidate);
    if (found < 0 || found >= at) continue;
    at = found;
    sequence = candidate;
  }
  return { at, sequence };
}

function finishOf(
  generation: JsonObject,
  sequence: string | undefined,
  toxicRefuses: boolean,
): AnswerEvent {
  if (sequence !== undefined) {
    return { type: 'finish', reason: 'stop-sequence', stopSequence: sequence };
  }
  const parameters = asObject(generation['parameters']);
  const said = textOf(parameters?.['finish_reason']) ?? textOf(parameters?.['finishReason']) ?? '';
  const refused = toxicRefuses && isToxic(generation);
  const reason = refused ? 'refusal' : (finishReasons.get(said.toLowerCase()) ?? 'stop');
  return { type: 'finish', reason, stopSequence: undefined };
}

function isToxic(generation: JsonObject): boolean {
  const quality = asObject(generation['contentQuality']) ?? asObject(generation['content_quality']);
  const scan = asObject(quality?.['scanToxicity']) ?? asObject(quality?.['scan_toxicity']);
  return scan?.['isDetected'] === true || scan?.['is_detected'] === true;
}

/** Counts stand beside the generation, beside the list of them, or inside it. */
function usageIn(document: JsonObject, generation: JsonObject): ReturnType<typeof providerUsage> {
  for (const holder of [detailsIn(document), document, generation]) {
    const usage = providerUsage(asObject(holder?.['parameters'])?.['usage']);
    if (usage !== undefined) return usage;
  }
  return undefined;
}
