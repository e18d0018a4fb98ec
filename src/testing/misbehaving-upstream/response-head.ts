// How one answer of the misbehaving upstream is framed and what its head says. Pure.
// Refuses nothing: a wrong length or a missing one is written as the behaviour wants it.
// Invariant: without such wishes the head tells the truth about the body that follows.

import type { Answer, Behaviour } from './behaviour.ts';

/** What the request and the connection add to the answer. */
export interface WireContext {
  readonly method: string;
  readonly requestVersion: string;
  /** The connection closes after this answer and says so. */
  readonly announceClose: boolean;
}

const ownFields = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);

/** The head of one answer. */
export class ResponseHead {
  readonly framing: NonNullable<Behaviour['framing']>;
  /** No body follows, whatever the head says. */
  readonly bodiless: boolean;
  /** No further answer can follow on this connection. */
  readonly closes: boolean;
  readonly #behaviour: Behaviour;
  readonly #answer: Answer;
  readonly #context: WireContext;

  constructor(behaviour: Behaviour, answer: Answer, context: WireContext) {
    const { status } = answer;
    this.#behaviour = behaviour;
    this.#answer = answer;
    this.#context = context;
    this.framing = framingOf(behaviour, answer, context);
    this.bodiless = context.method === 'HEAD' || status === 204 || status === 304;
    this.closes =
      behaviour.close === true || context.announceClose || this.framing === 'until-close';
  }

  /** The head with its blank line, latin1. */
  text(): string {
    const { version = '1.1', keepAlive, trailers } = this.#behaviour;
    const { status, reason = reasonOf(status), headers } = this.#answer;
    const fields = headers.filter(([name]) => !ownFields.has(name.toLowerCase()));
    if (this.framing === 'chunked') fields.push(['transfer-encoding', 'chunked']);
    if (this.framing === 'length' && status !== 204 && status !== 304) {
      fields.push(['content-length', String(this.#toldLength())]);
    }
    if (trailers !== undefined) fields.push(['trailer', trailers.map(([name]) => name).join(', ')]);
    if (keepAlive !== undefined) fields.push(['keep-alive', keepAlive]);
    const old = version === '1.0' || this.#context.requestVersion === '1.0';
    if (this.closes) fields.push(['connection', 'close']);
    else if (old || keepAlive !== undefined) fields.push(['connection', 'keep-alive']);
    return `HTTP/${version} ${status} ${reason}\r\n${fieldLines(fields)}\r\n`;
  }

  #toldLength(): number {
    const factor = this.#answer.broken === true ? 2 : 1;
    return this.#bodyBytes() * factor + (this.#behaviour.lengthOff ?? 0);
  }

  #bodyBytes(): number {
    const { errorEvent } = this.#behaviour;
    const { bodyBytes, steps } = this.#answer;
    if (bodyBytes !== undefined) return bodyBytes;
    let bytes = 0;
    let events = 0;
    for (const step of steps) {
      if (errorEvent !== undefined && events === errorEvent.afterEvents) break;
      bytes += Buffer.byteLength(step.bytes);
      events += 1;
    }
    return errorEvent === undefined ? bytes : bytes + Buffer.byteLength(errorEvent.bytes);
  }
}

/** Header lines, each with its CRLF. */
export function fieldLines(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

function framingOf(
  behaviour: Behaviour,
  answer: Answer,
  context: WireContext,
): ResponseHead['framing'] {
  if (behaviour.framing !== undefined) return behaviour.framing;
  if (behaviour.trailers !== undefined || behaviour.badChunk !== undefined) return 'chunked';
  if (behaviour.lengthOff !== undefined || answer.bodyBytes !== undefined) return 'length';
  if (!(answer.streamed ?? isStream(answer))) return 'length';
  const old = behaviour.version === '1.0' || context.requestVersion === '1.0';
  return old ? 'until-close' : 'chunked';
}

function isStream(answer: Answer): boolean {
  return !Array.isArray(answer.steps) || answer.steps.length > 1;
}

/** The usual words for a status; parsers ignore them. */
function reasonOf(status: number): string {
  const known: Record<number, string> = {
    200: 'OK',
    204: 'No Content',
    304: 'Not Modified',
    400: 'Bad Request',
    401: 'Unauthorized',
    417: 'Expectation Failed',
    429: 'Too Many Requests',
    500: 'Internal Server Error',
    502: 'Bad Gateway',
    503: 'Service Unavailable',
    529: 'Overloaded',
  };
  return known[status] ?? 'Status';
}
