// One HTTP call as a soak makes it: over a kept connection of Node's own client, read to its end or
// left on purpose, and told apart by how it ended.

import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';

/** What is asked. */
export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The caller leaves after so many ms ... */
  readonly leaveAfterMs?: number;
  /** ... or once it has read so many bytes. */
  readonly leaveAfterBytes?: number;
}

/**
 * What came of it.
 * - `whole`: the answer came to its proper end
 * - `broken`: the connection ended in the middle of an answer
 * - `left`: the caller went away on purpose
 * - `failed`: there was no answer at all
 * - `hung`: there was no end of it for `HUNG_MS`
 */
export interface Heard {
  readonly end: 'whole' | 'broken' | 'left' | 'failed' | 'hung';
  /** 0 without an answer. */
  readonly status: number;
  /** `x-holdfast-error`, '' without. */
  readonly code: string;
  readonly text: string;
  /** What Node says of a failure, '' without. */
  readonly reason: string;
}

/** No call of a soak takes nearly as long. */
export const HUNG_MS = 30_000;
/** Well below the gateway's own limit, so that no request meets a connection that just ends. */
const REST_MS = 20_000;

/** Callers of one gateway. Ends by `close`. */
export class HttpCaller {
  readonly port: number;
  readonly #agent = new Agent({ keepAlive: true, timeout: REST_MS, scheduling: 'lifo' });

  constructor(port: number) {
    this.port = port;
  }

  /** Makes one call. Never rejects. */
  call(ask: Ask): Promise<Heard> {
    return new Promise((resolve) => new HttpCall(this.port, this.#agent, ask, resolve));
  }

  close(): void {
    this.#agent.destroy();
  }
}

class HttpCall {
  readonly #done: (heard: Heard) => void;
  readonly #ask: Ask;
  readonly #asked: ReturnType<typeof request>;
  readonly #timers: NodeJS.Timeout[] = [];
  #status: number = 0;
  #code: string = '';
  #bytes: number = 0;
  readonly #parts: Buffer[] = [];
  #isOver: boolean = false;

  constructor(port: number, agent: Agent, ask: Ask, done: (heard: Heard) => void) {
    this.#ask = ask;
    this.#done = done;
    const { body = '', headers, leaveAfterMs, method, path } = ask;
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const all = body.length === 0 ? headers : { ...headers, ...length };
    this.#asked = request({ host: '127.0.0.1', port, agent, method, path, headers: { ...all } });
    this.#asked.on('response', (answer) => this.#read(answer));
    this.#asked.on('error', (fault) => this.#over(this.#status === 0 ? 'failed' : 'broken', fault));
    this.#asked.end(body);
    this.#timers.push(setTimeout(() => this.#leave('hung'), HUNG_MS));
    if (leaveAfterMs !== undefined) {
      this.#timers.push(setTimeout(() => this.#leave('left'), leaveAfterMs));
    }
  }

  #read(answer: IncomingMessage): void {
    this.#status = answer.statusCode ?? 0;
    this.#code = String(answer.headers['x-holdfast-error'] ?? '');
    answer.on('data', (bytes: Buffer) => {
      this.#bytes += bytes.length;
      this.#parts.push(bytes);
      if (this.#bytes >= (this.#ask.leaveAfterBytes ?? Infinity)) this.#leave('left');
    });
    answer.on('error', (fault) => this.#over('broken', fault));
    answer.on('end', () => this.#over(answer.complete ? 'whole' : 'broken'));
  }

  #leave(how: 'left' | 'hung'): void {
    this.#over(how);
    this.#asked.destroy();
  }

  #over(end: Heard['end'], fault?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const text = Buffer.concat(this.#parts).toString();
    const reason = fault?.message ?? '';
    this.#done({ end, status: this.#status, code: this.#code, text, reason });
  }
}
