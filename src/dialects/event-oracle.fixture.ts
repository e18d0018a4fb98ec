// A second, slow reading of event streams to compare the scanner with: it decodes the whole text,
// follows the standard's algorithm line by line and parses every event's data with JSON.parse.

import { Progress } from '../core/dialect.ts';

interface Json {
  readonly [key: string]: unknown;
}

interface OracleEvent {
  name: string;
  data: string[];
  touched: boolean;
}

const asObject = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const asText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;
const asCount = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;

function parsed(data: string): Json {
  try {
    return asObject(JSON.parse(data));
  } catch {
    return {};
  }
}

/** What a stream of that dialect means, with all its events read in full. */
export class EventOracle {
  readonly progress: Progress = new Progress();
  sawEvent: boolean = false;
  endedByError: boolean = false;
  readonly #dialect: string;
  readonly #seen: Set<number> = new Set();
  readonly #finished: Set<number> = new Set();
  #event: OracleEvent = { name: '', data: [], touched: false };

  constructor(dialect: string) {
    this.#dialect = dialect;
  }

  /** Reads a stream that ends with a complete line or whose rest is ignored. */
  read(text: string): void {
    const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
    const lines = body.split(/\r\n|\n|\r/);
    for (const line of lines.slice(0, -1)) this.#line(line);
  }

  #line(line: string): void {
    if (line === '') {
      this.#dispatch();
      return;
    }
    if (line.startsWith(':')) {
      this.progress.pings += 1;
      return;
    }
    this.#event.touched = true;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event.name = value;
    if (field === 'data' && (value !== '' || this.#event.data.length > 0)) {
      if (this.#event.data.length === 0) this.#judgeDone(value);
      this.#event.data.push(value);
    }
  }

  /** Counts from its line on, since many clients wait for no blank line here. */
  #judgeDone(value: string): void {
    const isNamed = ['ping', 'keepalive', 'error'].includes(this.#event.name);
    if (this.#dialect !== 'openai-chat' || isNamed || value.trimEnd() !== '[DONE]') return;
    const { contentComplete, contentEvents } = this.progress;
    const isOther = this.sawEvent && contentEvents === 0;
    if (!contentComplete && !this.endedByError && !isOther) this.progress.falseEnd = true;
  }

  #dispatch(): void {
    const { name, data, touched } = this.#event;
    this.#event = { name: '', data: [], touched: false };
    if (!touched) return;
    if (data.length === 0) this.progress.pings += 1;
    else if (this.#dialect === 'anthropic') this.#anthropic(name, data.join('\n'));
    else if (this.#dialect === 'openai-chat') this.#chat(name, data.join('\n'));
    else if (this.#dialect === 'openai-responses') this.#responses(name, data.join('\n'));
    else this.#generic(name);
  }

  #ping(): void {
    this.progress.pings += 1;
  }

  #content(): void {
    this.sawEvent = true;
    this.endedByError = false;
    this.progress.contentEvents += 1;
  }

  #error(name: string): void {
    this.sawEvent = true;
    this.endedByError = true;
    this.progress.errorType = name;
  }

  #over(): void {
    this.sawEvent = true;
    this.endedByError = false;
    this.progress.terminal = true;
    this.progress.contentComplete = true;
  }

  #ids(source: Json): void {
    this.progress.messageId ??= asText(source['id']);
    this.progress.model ??= asText(source['model']);
  }

  #usage(value: unknown, input: string, output: string): void {
    const usage = asObject(value);
    const { progress } = this;
    progress.inputTokens = asCount(usage[input]) ?? progress.inputTokens;
    progress.outputTokens = asCount(usage[output]) ?? progress.outputTokens;
    const details = asObject(usage[`${input}_details`]);
    const cached = asCount(usage['cache_read_input_tokens']) ?? asCount(details['cached_tokens']);
    progress.cachedTokens = cached ?? progress.cachedTokens;
  }

  #generic(name: string): void {
    if (['ping', 'keepalive', 'heartbeat'].includes(name)) this.#ping();
    else if (name === 'error') this.#error('error');
    else this.#content();
  }

  #anthropic(name: string, data: string): void {
    const body = parsed(data);
    const kind = name === '' ? asText(body['type']) : name;
    if (name === '' && data.trimEnd() === '[DONE]') this.sawEvent = true;
    else if (kind === 'ping') this.#ping();
    else if (kind === 'error') this.#error(asText(asObject(body['error'])['type']) ?? 'error');
    else if (kind === 'message_start') {
      this.sawEvent = true;
      this.endedByError = false;
      this.#ids(asObject(body['message']));
      this.#usage(asObject(body['message'])['usage'], 'input_tokens', 'output_tokens');
    } else if (kind === 'message_stop') this.#over();
    else {
      this.#content();
      if (kind === 'content_block_stop') this.progress.blockCompleted = true;
      if (kind !== 'message_delta') return;
      this.#usage(body['usage'], 'input_tokens', 'output_tokens');
      const reason = asText(asObject(body['delta'])['stop_reason']);
      if (reason !== undefined) this.progress.contentComplete = true;
    }
  }

  #chat(name: string, data: string): void {
    if (name === 'ping' || name === 'keepalive') {
      this.#ping();
      return;
    }
    if (name !== 'error' && data.trimEnd() === '[DONE]') {
      if (!this.progress.falseEnd) this.#over();
      return;
    }
    const body = parsed(data);
    this.#ids(body);
    this.#usage(body['usage'], 'prompt_tokens', 'completion_tokens');
    const choices = Array.isArray(body['choices']) ? body['choices'].map(asObject) : [];
    for (const choice of choices) {
      const index = Math.min(asCount(choice['index']) ?? 0, 30);
      this.#seen.add(index);
      if (asText(choice['finish_reason']) !== undefined) this.#finished.add(index);
    }
    if (this.#finished.size > 0) {
      this.progress.blockCompleted = true;
      const all = this.#finished.size === this.#seen.size;
      this.progress.contentComplete = this.progress.terminal || all;
    }
    const failure = asObject(body['error']);
    if (name === 'error' || Object.keys(failure).length > 0) {
      this.#error(asText(failure['type']) ?? asText(failure['code']) ?? 'error');
    } else if (choices.length > 0) this.#content();
    else this.sawEvent = true;
  }

  #responses(name: string, data: string): void {
    const body = parsed(data);
    this.progress.sequence = asCount(body['sequence_number']) ?? this.progress.sequence;
    const kind = name === '' ? asText(body['type']) : name;
    const response = asObject(body['response']);
    const failure = asObject(kind === 'error' ? body['error'] : response['error']);
    const reason = asText(failure['type']) ?? asText(failure['code']);
    if (name === '' && data.trimEnd() === '[DONE]') this.sawEvent = true;
    else if (kind === 'ping' || kind === 'keepalive') this.#ping();
    else if (kind === 'error') this.#error(reason ?? asText(body['code']) ?? 'error');
    else if (kind === 'response.output_item.done') {
      this.#content();
      this.progress.blockCompleted = true;
    } else if (
      /^response\.(created|queued|in_progress|completed|incomplete|failed)$/.test(kind ?? '')
    ) {
      this.#ids(response);
      this.#usage(response['usage'], 'input_tokens', 'output_tokens');
      this.sawEvent = true;
      this.endedByError = false;
      if (/(completed|incomplete|failed)$/.test(kind ?? '')) this.#over();
      if (kind === 'response.failed') this.progress.errorType = reason ?? 'response.failed';
    } else this.#content();
  }
}
