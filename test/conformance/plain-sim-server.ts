// The simulator behind a plain `node:http` server: the baseline that every client is proven against
// before anything of ours stands between. Can be told to misbehave, request by request, and keeps
// what it saw. Ends by `close`, which also ends every answer that is still going on.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeaderList } from '../../src/core/header-list.ts';
import { seededRandom } from '../../src/core/random.ts';
import type { Random } from '../../src/core/random.ts';
import { openAnswer } from '../../src/simulator/answer-plan.ts';
import type { OpenAnswer } from '../../src/simulator/answer-plan.ts';

/** How one request is treated; `afterEvents` counts the events that still go out. */
export type Treatment =
  | { readonly kind: 'answer' }
  | {
      readonly kind: 'refuse';
      readonly status: number;
      readonly retryAfter?: number;
      /** Silence before the refusal. */
      readonly afterMs?: number;
    }
  /** Silence before the head, and then the answer. */
  | { readonly kind: 'late'; readonly afterMs: number }
  /** Before any byte. */
  | { readonly kind: 'reset' }
  /** An error event in the started stream. */
  | { readonly kind: 'error'; readonly afterTokens: number }
  /** RST, FIN without the last chunk, or a clean end without the closing event. */
  | { readonly kind: 'rst' | 'fin' | 'truncate'; readonly afterEvents: number }
  | { readonly kind: 'stall'; readonly afterEvents: number; readonly forMs: number };

/** What a treatment is chosen by. */
export interface RequestFacts {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** One request as the server saw it. */
export interface SeenRequest extends RequestFacts {
  readonly treatment: Treatment['kind'];
  /** The client left before the answer was whole. */
  abandoned: boolean;
}

const ANSWER: Treatment = { kind: 'answer' };

/** A running server. */
export class PlainSimServer {
  readonly requests: SeenRequest[] = [];
  readonly #server: Server;
  #running: number = 0;
  readonly #random: Random;
  readonly #treat: (request: RequestFacts) => Treatment;
  readonly #stopped: AbortController = new AbortController();

  private constructor(treat: (request: RequestFacts) => Treatment) {
    this.#random = seededRandom(1);
    this.#treat = treat;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response);
    });
  }

  /** Starts a server on a free port of this machine. */
  static async listen(
    treat: (request: RequestFacts) => Treatment = () => ANSWER,
  ): Promise<PlainSimServer> {
    const server = new PlainSimServer(treat);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  /** Without a path or a trailing slash. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Answers whose client left before they were whole. */
  get abandoned(): number {
    return this.requests.filter((request) => request.abandoned).length;
  }

  /** Answers that are going on. */
  get running(): number {
    return this.#running;
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => {});
    response.on('error', () => {});
    const body = await bodyText(request);
    if (body === undefined) return;
    const facts = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body,
    };
    const treatment = this.#treat(facts);
    const seen: SeenRequest = { ...facts, treatment: treatment.kind, abandoned: false };
    this.requests.push(seen);
    this.#running += 1;
    response.on('close', () => {
      this.#running -= 1;
      seen.abandoned = !response.writableFinished && treatment.kind === 'answer';
    });
    try {
      await this.#play(seen, treatment, response);
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error;
    }
  }

  async #play(seen: SeenRequest, treatment: Treatment, response: ServerResponse): Promise<void> {
    if (treatment.kind === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    const headers = HeaderList.of(
      Object.entries(seen.headers).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const request = { method: seen.method, path: seen.path, headers, body: seen.body };
    const wish = directivesOf(treatment);
    const asked = wish === '' ? request : { ...request, body: withWish(seen.body, wish) };
    const answer = openAnswer(asked, this.#random, Date.now());
    await this.#write(answer, treatment, response);
  }

  async #write(answer: OpenAnswer, treatment: Treatment, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.#stopped.signal]);
    if ('afterMs' in treatment) await sleep(treatment.afterMs, undefined, { signal });
    response.writeHead(answer.status, answer.headers.flat());
    let sent = 0;
    for (const step of answer.steps) {
      if (step.afterMs > 0) await sleep(step.afterMs, undefined, { signal });
      if ('afterEvents' in treatment && sent === treatment.afterEvents) {
        if (treatment.kind !== 'stall') return breakOff(treatment.kind, response);
        await sleep(treatment.forMs, undefined, { signal });
      }
      signal.throwIfAborted();
      if (!response.write(step.bytes)) await drained(response, signal);
      sent += 1;
    }
    if (answer.ending === 'cut') return breakOff('rst', response);
    response.end();
    return undefined;
  }
}

function directivesOf(treatment: Treatment): string {
  if (treatment.kind === 'error') return `[[error@${treatment.afterTokens}]]`;
  if (treatment.kind !== 'refuse') return '';
  const wait = treatment.retryAfter;
  return `[[status=${treatment.status}]]${wait === undefined ? '' : `[[retry-after=${wait}]]`}`;
}

/** The request with its conversation replaced by a wish to the simulator, in any dialect. */
function withWish(body: string, wish: string): string {
  const asked = JSON.parse(body) as Record<string, unknown>;
  const said = [{ role: 'user', content: wish }];
  return JSON.stringify({ ...asked, ...('input' in asked ? { input: said } : { messages: said }) });
}

function breakOff(kind: 'rst' | 'fin' | 'truncate', response: ServerResponse): void {
  // Written bytes are in the kernel by the next turn; without it a reset would discard them.
  setImmediate(() => {
    if (kind === 'truncate') response.end();
    else if (kind === 'fin') response.socket?.destroy();
    else response.socket?.resetAndDestroy();
  });
}

async function bodyText(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  try {
    for await (const part of request) parts.push(part as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(parts).toString('utf8');
}

function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    response.once('drain', resolve);
    signal.addEventListener('abort', () => reject(new DOMException('gone', 'AbortError')), {
      once: true,
    });
  });
}
