// Realistic streams of each dialect as lists of events, as servers send them, for tests and
// benchmarks of any room. Joined, the events of a list are a complete stream.

/** An event whose name repeats its type, as Anthropic and OpenAI Responses send them. */
export function typedEvent(data: {
  readonly type: string;
  readonly [key: string]: unknown;
}): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** An event without a name, as OpenAI Chat sends them. */
export function namelessEvent(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

const messageStart = typedEvent({
  type: 'message_start',
  message: {
    id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5-20250929',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: {
      input_tokens: 25,
      cache_creation_input_tokens: 300,
      cache_read_input_tokens: 2048,
      cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 0 },
      output_tokens: 1,
      service_tier: 'standard',
    },
  },
});

const blockDelta = (index: number, delta: Record<string, unknown>): string =>
  typedEvent({ type: 'content_block_delta', index, delta });

/** Events of a Messages stream with thinking, text and a tool call. */
export const anthropicEvents: readonly string[] = [
  messageStart,
  typedEvent({
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'thinking', thinking: '', signature: '' },
  }),
  'event: ping\ndata: {"type": "ping"}\n\n',
  blockDelta(0, { type: 'thinking_delta', thinking: 'The "type":"message_stop" in a text, é, 😀' }),
  blockDelta(0, {
    type: 'signature_delta',
    signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl',
  }),
  typedEvent({ type: 'content_block_stop', index: 0 }),
  typedEvent({ type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } }),
  blockDelta(1, { type: 'text_delta', text: 'I will look.\n\ndata: [DONE]\n\n' }),
  blockDelta(1, { type: 'text_delta', text: '' }),
  typedEvent({ type: 'content_block_stop', index: 1 }),
  typedEvent({
    type: 'content_block_start',
    index: 2,
    content_block: {
      type: 'tool_use',
      id: 'toolu_01T1x1fJ34qAmk2tNTrN7Up6',
      name: 'Read',
      input: {},
    },
  }),
  blockDelta(2, { type: 'input_json_delta', partial_json: '' }),
  blockDelta(2, { type: 'input_json_delta', partial_json: '{"path": "a\\\\b", "usage":{"x":1}}' }),
  typedEvent({ type: 'content_block_stop', index: 2 }),
  typedEvent({
    type: 'message_delta',
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 89 },
  }),
  typedEvent({ type: 'message_stop' }),
];

const chunkHead = {
  id: 'chatcmpl-CfTz1a2b3c4d5e6f7g8h9i',
  object: 'chat.completion.chunk',
  created: 1_763_690_000,
  model: 'gpt-4o-mini-2024-07-18',
  service_tier: 'default',
  system_fingerprint: 'fp_560af6e559',
};

/** One chunk of a chat stream with one choice. */
export function chatChunk(
  delta: Record<string, unknown>,
  finish: string | null,
  index = 0,
): string {
  const choices = [{ index, delta, logprobs: null, finish_reason: finish }];
  return namelessEvent({ ...chunkHead, choices, usage: null });
}

const chatUsage = namelessEvent({
  ...chunkHead,
  choices: [],
  usage: {
    prompt_tokens: 19,
    completion_tokens: 10,
    total_tokens: 29,
    prompt_tokens_details: { cached_tokens: 16, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  },
});

const toolDelta = (call: Record<string, unknown>): string =>
  chatChunk({ tool_calls: [{ index: 0, ...call }] }, null);

/** Events of a chat stream with text, a tool call and usage. */
export const chatEvents: readonly string[] = [
  chatChunk({ role: 'assistant', content: '', refusal: null }, null),
  chatChunk({ content: 'Hello' }, null),
  chatChunk({ content: ' "quoted" \\ and ,"finish_reason":"stop"}]}' }, null),
  chatChunk({ content: ' é 😀\n\ndata: [DONE]\n\n' }, null),
  toolDelta({ id: 'call_9rZ', type: 'function', function: { name: 'f', arguments: '' } }),
  toolDelta({ function: { arguments: '{"a":' } }),
  toolDelta({ function: { arguments: '"b"}' } }),
  chatChunk({}, 'tool_calls'),
  chatUsage,
  'data: [DONE]\n\n',
];

const responseObject = (status: string, output: unknown[], usage: unknown): unknown => ({
  id: 'resp_68af4030baa48193b0b43b4c2a176a1a0e5adff9',
  object: 'response',
  created_at: 1_756_315_696,
  status,
  error: null,
  incomplete_details: null,
  instructions: 'You are "Codex".\nObey.',
  model: 'gpt-5-codex',
  output,
  parallel_tool_calls: true,
  tools: [],
  usage,
  user: null,
  metadata: {},
});

const outputText = { type: 'output_text', annotations: [], logprobs: [], text: 'Hi "you"\n' };
const outputItem = (status: string, content: unknown[]): unknown => ({
  id: 'msg_68af40337e58',
  type: 'message',
  status,
  content,
  role: 'assistant',
});
const inItem = { item_id: 'msg_68af40337e58', output_index: 0, content_index: 0 };

const responseUsage = {
  input_tokens: 37,
  input_tokens_details: { cached_tokens: 12 },
  output_tokens: 11,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 48,
};

const numbered = (type: string, sequence: number, rest: Record<string, unknown>): string =>
  typedEvent({ type, sequence_number: sequence, ...rest });

const firstTextDelta = (delta: string): string =>
  numbered('response.output_text.delta', 4, { ...inItem, delta, logprobs: [], obfuscation: 'x' });

/** Events of a Responses stream with one message. */
export const responsesEvents: readonly string[] = [
  numbered('response.created', 0, { response: responseObject('in_progress', [], null) }),
  numbered('response.in_progress', 1, { response: responseObject('in_progress', [], null) }),
  numbered('response.output_item.added', 2, {
    output_index: 0,
    item: outputItem('in_progress', []),
  }),
  numbered('response.content_part.added', 3, { ...inItem, part: { ...outputText, text: '' } }),
  firstTextDelta('Hi'),
  'event: keepalive\ndata: {"type":"keepalive","sequence_number":5}\n\n',
  numbered('response.output_text.delta', 6, { ...inItem, delta: ' "you"\n', logprobs: [] }),
  numbered('response.output_text.done', 7, { ...inItem, text: 'Hi "you"\n', logprobs: [] }),
  numbered('response.content_part.done', 8, { ...inItem, part: outputText }),
  numbered('response.output_item.done', 9, {
    output_index: 0,
    item: outputItem('completed', [outputText]),
  }),
  numbered('response.completed', 10, {
    response: responseObject('completed', [outputItem('completed', [outputText])], responseUsage),
  }),
];

/** The beginning of a stream, and one delta of a few characters to repeat behind it. */
export interface SampleParts {
  readonly head: string;
  readonly delta: string;
}

const [messageHead = ''] = anthropicEvents;
const [created = '', inProgress = '', itemAdded = '', partAdded = ''] = responsesEvents;

/** What a stream of text begins with and goes on with, as each server sends it. */
export const textStreams: {
  readonly [dialect in 'anthropic' | 'openai-chat' | 'openai-responses']: SampleParts;
} = {
  anthropic: { head: messageHead, delta: blockDelta(0, { type: 'text_delta', text: ' word' }) },
  'openai-chat': {
    head: chatChunk({ role: 'assistant', content: '' }, null),
    delta: chatChunk({ content: ' word' }, null),
  },
  'openai-responses': {
    head: created + inProgress + itemAdded + partAdded,
    delta: firstTextDelta(' word'),
  },
};

/** Lines as Ollama sends them. */
export const ollamaLines: readonly string[] = [
  '{"model":"llama3.2","created_at":"2026-08-04T08:52:19.385406Z","response":"The"}\n',
  '{"model":"llama3.2","created_at":"2026-08-04T08:52:19.485406Z","response":" {sky}]"}\n',
  '{"model":"llama3.2","response":"","done":true,"context":[1,2,{"a":3}],"eval_count":290}\n',
];

/** Events of no particular dialect: fields in any order, comments, several lines of data. */
export const genericEvents: readonly string[] = [
  'retry: 3000\n\n',
  ': connected\n\n',
  'id: 1\nevent: price\ndata: {"symbol":"A",\ndata:  "price":1}\n\n',
  'data: plain text é\nid: 2\n\n',
  ': still here\n',
  'event: price\nid: 3\ndata:last\n\n',
];
