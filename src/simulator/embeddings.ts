// Answers POST /v1/embeddings. Vectors are made from the words of the text, so the same text always
// has the same vector and texts that share words lie near each other. Every vector has length one.

import { asList, asNumber, asText } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { estimatedTokens } from './prose.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

const DIMENSIONS = 1536;
const DIMENSIONS_MAX = 3072;
const INPUTS_MAX = 2048;
const MARKS_PER_WORD = 8;

/** The whole body of the answer, or why there is none. */
export function embeddings(body: JsonObject): object | Refusal {
  const model = asText(body.model);
  if (model === '') return refuse(400, 'you must provide a model parameter', null, 'model');
  const inputs = inputsOf(body.input);
  if (inputs.length === 0) return refuse(400, "'input' is missing or empty.", null, 'input');
  if (inputs.length > INPUTS_MAX) {
    return refuse(400, `'input' holds more than ${INPUTS_MAX} texts.`, null, 'input');
  }
  const dimensions = asNumber(body.dimensions) ?? DIMENSIONS;
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > DIMENSIONS_MAX) {
    return refuse(400, `'dimensions' must be from 1 to ${DIMENSIONS_MAX}.`, null, 'dimensions');
  }
  const asBase64 = body.encoding_format === 'base64';
  let tokens = 0;
  const data = inputs.map((words, index) => {
    tokens += estimatedTokens(words.join(' ').length);
    const vector = vectorOf(words, dimensions);
    const embedding = asBase64 ? base64Of(vector) : Array.from(vector);
    return { object: 'embedding', index, embedding };
  });
  return { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** Each input as its words; an input may also be a list of token numbers, or one such list. */
function inputsOf(input: Json | undefined): string[][] {
  if (typeof input === 'string') return input === '' ? [] : [wordsOf(input)];
  const list = asList(input);
  if (typeof list[0] === 'number') return [list.map(String)];
  return list.map((entry) =>
    typeof entry === 'string' ? wordsOf(entry) : asList(entry).map(String),
  );
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
}

/** Feature hashing: each word adds or takes one at a few places that only it decides. */
function vectorOf(words: readonly string[], dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const word of words) {
    for (let mark = 0; mark < MARKS_PER_WORD; mark += 1) {
      const hash = hashOf(word, mark);
      const place = hash % dimensions;
      vector[place] = (vector[place] ?? 0) + ((hash & 0x8000_0000) === 0 ? 1 : -1);
    }
  }
  let squares = 0;
  for (const value of vector) squares += value * value;
  // Marks can cancel each other out in very short vectors; such a text points along the first axis.
  if (squares === 0) vector[0] = squares = 1;
  const length = Math.sqrt(squares);
  return vector.map((value) => value / length);
}

/** FNV-1a with a finishing mix. */
function hashOf(word: string, salt: number): number {
  let hash = 0x811c_9dc5 ^ Math.imul(salt + 1, 0x9e37_79b1);
  for (let at = 0; at < word.length; at += 1) {
    hash = Math.imul(hash ^ word.charCodeAt(at), 0x0100_0193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function base64Of(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [place, value] of vector.entries()) bytes.writeFloatLE(value, place * 4);
  return bytes.toString('base64');
}
