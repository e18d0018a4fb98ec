// Asks token endpoints over HTTP, on a pool of its own: a renewal must not stand in line behind the
// calls that need it. Built on node:https, because fetch offers no other certificates. Follows no
// redirection and keeps no more of an answer than a token can need.

import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '../core/clock.ts';
import type { EndpointAnswer, TokenEndpoint } from '../layers/credentials/token-endpoint.ts';

/** What is different for one endpoint. */
export interface TokenEndpointOptions {
  readonly clock: Clock;
  /** PEM certificates to trust instead of the built-in ones. */
  readonly ca?: string | undefined;
  /** Time for the whole exchange, in ms. */
  readonly timeoutMs?: number;
  /** Where HTTPS_PROXY and NO_PROXY stand; without it the way is direct. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** As for callers who wait: an endpoint that takes longer does not answer. */
const TIMEOUT_MS = 10_000;
/** Tokens with many claims are a few KiB. */
const BODY_BYTES_MAX = 64 * 1024;
/** Renewals come one at a time for each credential. */
const SOCKETS_MAX = 4;
/** Longer than any pause between attempts, shorter than servers keep idle connections. */
const IDLE_MS = 4_000;

/** A failure with a code, which alone is shown: messages may hold anything. */
class EndpointFailure extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** One endpoint's connections. Ends by `close`. */
export class HttpTokenEndpoint implements TokenEndpoint {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  readonly #asking = new Set<AbortController>();
  #closed: boolean = false;

  constructor({ ca, clock, env, timeoutMs = TIMEOUT_MS }: TokenEndpointOptions) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    const pool = {
      keepAlive: true,
      maxSockets: SOCKETS_MAX,
      timeout: IDLE_MS,
      ...(env === undefined ? {} : { proxyEnv: { ...env } }),
    };
    this.#http = new HttpAgent(pool);
    this.#https = new HttpsAgent({ ...pool, ...(ca === undefined ? {} : { ca }) });
  }

  async post(
    url: string,
    form: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
  ): Promise<EndpointAnswer> {
    // Its agents would open connections again.
    if (this.#closed) throw new EndpointFailure('ECANCELED');
    const body = new URLSearchParams(form).toString();
    const patience = new AbortController();
    this.#asking.add(patience);
    const timer = this.#clock.after(this.#timeoutMs, () => patience.abort());
    try {
      const answer = await this.#answer(new URL(url), headers, body, patience.signal);
      const { date, 'retry-after': retryAfter } = answer.headers;
      const text = await wholeBody(answer);
      return {
        status: answer.statusCode ?? 0,
        headers: { date, 'retry-after': retryAfter },
        body: text,
      };
    } catch (error) {
      if (this.#closed) throw new EndpointFailure('ECANCELED');
      if (patience.signal.aborted) throw new EndpointFailure('ETIMEDOUT');
      throw error;
    } finally {
      timer.cancel();
      this.#asking.delete(patience);
    }
  }

  /** Ends idle connections and requests under way; later ones are refused. */
  close(): void {
    this.#closed = true;
    // An agent does not know of a request whose tunnel through a proxy does not stand yet.
    for (const patience of this.#asking) patience.abort();
    this.#http.destroy();
    this.#https.destroy();
  }

  #answer(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const secure = url.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent: secure ? this.#https : this.#http,
      signal,
      headers: {
        ...headers,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
      },
    });
    request.on('response', resolve);
    request.on('error', reject);
    request.end(body);
    return promise;
  }
}

async function wholeBody(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the connection.
    if (bytes > BODY_BYTES_MAX) throw new EndpointFailure('E2BIG');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
