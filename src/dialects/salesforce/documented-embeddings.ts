// Embeddings on the documented surface, for callers who speak OpenAI's `/v1/embeddings`. The
// surface takes texts and gives lists of numbers; the packed form that OpenAI's clients ask for is
// made here.

import type { AnswerError } from '../conversion/answer-events.ts';
import type { RequestProblem } from '../conversion/model-request.ts';
import { documentedPath } from './documented-request.ts';
import type { DocumentedRequest } from './documented-request.ts';
import { asObject } from '../conversion/json-values.ts';
import { listOf, parsedJson, textOf } from './json-value.ts';
import { providerUsage } from './provider-usage.ts';
import { requestProblem } from './request-problem.ts';
import { answerError, isErrorDocument, salesforceError } from './salesforce-error.ts';

/** A request and what its answer has to look like. */
export interface EmbeddingsRequest extends DocumentedRequest {
  /** The caller wants float32 in base64 instead of numbers. */
  readonly packed: boolean;
  readonly inputs: number;
  /** Tokens by estimate, where the answer does not count. */
  readonly estimatedTokens: number;
}

const CHARS_PER_TOKEN = 4;

/** The request for the text of an OpenAI body. `model` is its name on the surface. */
export function embeddingsRequest(
  body: string,
  model: string,
  unsupported: 'reject' | 'drop' = 'reject',
): EmbeddingsRequest | RequestProblem {
  const asked = asObject(parsedJson(body));
  if (asked === undefined) return requestProblem(undefined, 'the body must be a JSON object');
  const { input } = asked;
  const texts = typeof input === 'string' ? [input] : listOf(input);
  if (texts.length === 0) return requestProblem('input', 'must be a text or a list of texts');
  if (!texts.every((text): text is string => typeof text === 'string' && text !== '')) {
    return requestProblem('input', 'must hold texts; this API takes no token numbers');
  }
  const dropped = ['dimensions', 'user'].filter((name) => asked[name] !== undefined);
  if (dropped.includes('dimensions') && unsupported === 'reject') {
    return requestProblem('dimensions', 'cannot be chosen for this model; leave it out');
  }
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  return {
    path: documentedPath(model, 'embeddings'),
    body: JSON.stringify({ input: texts }),
    dropped,
    packed: asked['encoding_format'] === 'base64',
    inputs: texts.length,
    estimatedTokens: Math.ceil(characters / CHARS_PER_TOKEN),
  };
}

/** The answer as OpenAI would give it, as JSON text. `model` is what the caller called it. */
export function embeddingsAnswer(
  body: string,
  model: string,
  request: Pick<EmbeddingsRequest, 'packed' | 'inputs' | 'estimatedTokens'>,
): string | AnswerError {
  const value = parsedJson(body);
  if (isErrorDocument(value)) return salesforceError(200, body);
  const document = asObject(value);
  const rows = listOf(document?.['embeddings']).map((row, place) => {
    const object = asObject(row);
    const vector = listOf(object?.['embedding']);
    const told = object?.['index'];
    const index = typeof told === 'number' ? told : place;
    const good = vector.length > 0 && vector.every((item) => typeof item === 'number');
    return { object: 'embedding', index, vector: good ? vector : [] };
  });
  if (rows.length !== request.inputs || rows.some(({ vector }) => vector.length === 0)) {
    const message = 'The service answered with a document that does not hold all embeddings.';
    return answerError('server', message);
  }
  const usage = providerUsage(asObject(document?.['parameters'])?.['usage']);
  const tokens = usage === undefined || usage.input < 0 ? request.estimatedTokens : usage.input;
  const data = rows
    .toSorted((a, b) => a.index - b.index)
    .map(({ vector, ...row }) => ({
      ...row,
      embedding: request.packed ? packed(vector) : vector,
    }));
  return JSON.stringify({
    object: 'list',
    data,
    model: textOf(model) ?? 'embedding',
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

/** Little-endian float32 in base64, as OpenAI's clients read it. */
function packed(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [place, value] of vector.entries()) bytes.writeFloatLE(value, place * 4);
  return bytes.toString('base64');
}
