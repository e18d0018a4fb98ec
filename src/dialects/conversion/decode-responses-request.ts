// Reads a request of OpenAI's Responses API into the middle form. What points to a response kept
// elsewhere is refused, since no upstream of another format keeps one. Shapes: the official SDK's
// types and what Codex sends.

import {
  allowedTools,
  decodeAnswerFormat,
  decodeToolChoice,
  decodeTools,
} from './decode-openai-tools.ts';
import { decodeResponsesItems } from './decode-responses-items.ts';
import type { DecodedRequest, RequestProblem, Turn } from './model-request.ts';
import { Reading, type JsonObject } from './request-reading.ts';
import { decodeEffort } from './thinking-effort.ts';

const known = new Set([
  'model',
  'input',
  'instructions',
  'max_output_tokens',
  'previous_response_id',
  'conversation',
  'prompt',
  'parallel_tool_calls',
  'reasoning',
  'stream',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_p',
  'truncation',
  'service_tier',
  'background',
  'user',
  'safety_identifier',
  // Storing, caching and padding at OpenAI: they change nothing in the answer.
  'store',
  'include',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'client_metadata',
  'stream_options',
]);

/** Fields that point to what OpenAI keeps, and what to do instead. */
const kept = [
  ['previous_response_id', 'previous_response_not_found', 'send the whole conversation in input'],
  ['conversation', undefined, 'send the whole conversation in input'],
  ['prompt', undefined, 'send the text of the prompt in instructions'],
] as const;

/** The request in a parsed body. Never throws. */
export function decodeResponsesRequest(json: unknown): DecodedRequest | RequestProblem {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return Reading.notAnObject();
  }
  const body = json as JsonObject;
  const reading = new Reading();
  reading.dropUnknown(body, known);
  for (const [name, code, advice] of kept) {
    if (body[name] === undefined || body[name] === null) continue;
    reading.refuse(name, `responses are not kept by this upstream; ${advice}`, code);
  }
  dropQuirks(reading, body);
  const { choice, allowed } = decodeToolChoice(reading, body.tool_choice, 'flat');
  const reasoning = reading.object(body.reasoning, 'reasoning');
  const text = reading.object(body.text, 'text');
  reading.dropIfSaid('verbosity', text?.verbosity);
  const user = reading.text(body.user, 'user');
  return reading.result({
    model: reading.needName(body.model, 'model'),
    turns: decodeTurns(reading, body),
    tools: allowedTools(decodeTools(reading, body.tools, 'flat'), allowed),
    toolChoice: choice,
    parallelTools: reading.flag(body.parallel_tool_calls, 'parallel_tool_calls'),
    maxTokens: reading.count(body.max_output_tokens, 'max_output_tokens'),
    temperature: reading.number(body.temperature, 'temperature'),
    topP: reading.number(body.top_p, 'top_p'),
    topK: undefined,
    stop: [],
    effort: decodeEffort(reading, reasoning?.effort, 'reasoning.effort'),
    wantsReasoning: wantsSummary(reasoning),
    format: decodeAnswerFormat(reading, text?.format, 'text.format', 'flat'),
    user: user ?? reading.text(body.safety_identifier, 'safety_identifier'),
    stream: reading.flag(body.stream, 'stream') === true,
    includeUsage: false,
  });
}

function decodeTurns(reading: Reading, body: JsonObject): readonly Turn[] {
  const instructions = reading.text(body.instructions, 'instructions');
  const turns = decodeResponsesItems(reading, body.input);
  if (instructions === undefined || instructions === '') return turns;
  return [{ role: 'system', parts: [{ kind: 'text', text: instructions }] }, ...turns];
}

/** Thoughts come as summaries, and those only when asked for. */
function wantsSummary(reasoning: JsonObject | undefined): boolean {
  const summary = reasoning?.summary ?? reasoning?.generate_summary;
  return typeof summary === 'string' && summary !== 'none';
}

/** Fields whose usual value says nothing. */
function dropQuirks(reading: Reading, body: JsonObject): void {
  const { truncation, service_tier: tier, background } = body;
  if (truncation !== 'disabled') reading.dropIfSaid('truncation', truncation);
  if (tier !== 'auto' && tier !== 'default') reading.dropIfSaid('service_tier', tier);
  if (background !== false) reading.dropIfSaid('background', background);
}
