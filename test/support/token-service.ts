// A service that hands out bearer tokens with a short life, and answers calls that carry a living
// one. Its token endpoint can be made to hang, and counts who stands in front of it.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One service. Ends by `close`. */
export class TokenService {
  readonly lifeMs: number;
  /** Requests for tokens so far, and the most of them that waited at a time. */
  asked: number = 0;
  askedAtOnceMost: number = 0;
  /** Calls without a living token. */
  refused: number = 0;
  /** Calls under way, and the most of them at a time. */
  callsNow: number = 0;
  callsAtOnceMost: number = 0;
  /** Calls by the token that they carried. */
  readonly calls = new Map<string, number>();
  /** When each token was handed out, in ms of `performance.now`. */
  readonly issuedAt = new Map<string, number>();
  /** An answer takes as long, in ms. */
  readonly #answerMs: number;
  readonly #server: Server;
  readonly #waiting: ServerResponse[] = [];
  #hangs: boolean = false;

  private constructor(lifeMs: number, answerMs: number) {
    this.lifeMs = lifeMs;
    this.#answerMs = answerMs;
    this.#server = createServer((request, response) => this.#serve(request, response));
    this.#server.keepAliveTimeout = 60_000;
  }

  static async listen(lifeMs: number, answerMs: number = 0): Promise<TokenService> {
    const service = new TokenService(lifeMs, answerMs);
    const { promise, resolve } = Promise.withResolvers<void>();
    service.#server.listen(0, '127.0.0.1', 4_096, resolve);
    await promise;
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The endpoint takes requests and is silent, until `recover`. */
  hang(): void {
    this.#hangs = true;
  }

  /** Answers everybody who waits, and is as before. */
  recover(): void {
    this.#hangs = false;
    for (const response of this.#waiting.splice(0)) this.#issue(response);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    // Seconds are too coarse for lives this short: clocks would seem to differ by half of one.
    response.sendDate = false;
    request.resume();
    if (request.url === '/token') this.#takeAsk(response);
    else this.#answer(request.headers.authorization ?? '', response);
  }

  #takeAsk(response: ServerResponse): void {
    this.asked += 1;
    this.#waiting.push(response);
    this.askedAtOnceMost = Math.max(this.askedAtOnceMost, this.#waiting.length);
    if (!this.#hangs) this.recover();
  }

  #issue(response: ServerResponse): void {
    const token = `token-${this.issuedAt.size + 1}`;
    this.issuedAt.set(token, performance.now());
    const told = { access_token: token, token_type: 'Bearer', expires_in: this.lifeMs / 1_000 };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(told));
  }

  #answer(authorization: string, response: ServerResponse): void {
    const token = authorization.replace(/^Bearer /, '');
    const issuedAt = this.issuedAt.get(token) ?? Number.NEGATIVE_INFINITY;
    response.setHeader('content-type', 'application/json');
    if (performance.now() >= issuedAt + this.lifeMs) {
      this.refused += 1;
      response.statusCode = 401;
      response.end('{"error":"who are you"}');
      return;
    }
    this.calls.set(token, (this.calls.get(token) ?? 0) + 1);
    this.callsNow += 1;
    this.callsAtOnceMost = Math.max(this.callsAtOnceMost, this.callsNow);
    response.on('close', () => (this.callsNow -= 1));
    setTimeout(() => response.end('{"ok":true}'), this.#answerMs);
  }
}
