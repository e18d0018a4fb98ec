// A service whose refresh tokens are good for one use: the second use of one ends the grant, as
// RFC 9700 (4.14.2) wants it. What it answers shows with which token it was asked.

import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** The first refresh token. */
export const FIRST = 'refresh-0';

/** One service with one grant. Ends by `close`. */
export class RotatingService {
  readonly lifeMs: number;
  /** Every refresh token that was used, in order. */
  readonly uses: string[] = [];
  /** Calls with a token that is not living. */
  refused: number = 0;
  /** Somebody has used a refresh token twice. */
  ended: boolean = false;
  readonly #server: Server;
  readonly #issuedAt = new Map<string, number>();
  #current: string = FIRST;

  private constructor(lifeMs: number) {
    this.lifeMs = lifeMs;
    this.#server = createServer((request, response) => {
      response.sendDate = false;
      response.setHeader('content-type', 'application/json');
      if (request.url === '/token') void text(request).then((form) => this.#renew(form, response));
      else {
        request.resume();
        this.#answer(request.headers.authorization ?? '', response);
      }
    });
  }

  static async listen(lifeMs: number): Promise<RotatingService> {
    const service = new RotatingService(lifeMs);
    const { promise, resolve } = Promise.withResolvers<void>();
    service.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #renew(form: string, response: ServerResponse): void {
    const used = new URLSearchParams(form).get('refresh_token') ?? '';
    this.uses.push(used);
    if (used !== this.#current) this.ended = true;
    if (this.ended) {
      response.statusCode = 400;
      response.end('{"error":"invalid_grant"}');
      return;
    }
    const count = this.uses.length;
    this.#current = `refresh-${count}`;
    this.#issuedAt.set(`Bearer token-${count}`, performance.now());
    response.end(
      JSON.stringify({
        access_token: `token-${count}`,
        token_type: 'Bearer',
        expires_in: this.lifeMs / 1_000,
        refresh_token: this.#current,
      }),
    );
  }

  #answer(authorization: string, response: ServerResponse): void {
    const issuedAt = this.#issuedAt.get(authorization) ?? Number.NEGATIVE_INFINITY;
    const isLiving = !this.ended && performance.now() < issuedAt + this.lifeMs;
    if (!isLiving) {
      this.refused += 1;
      response.statusCode = 401;
    }
    response.end(JSON.stringify({ by: authorization }));
  }
}
