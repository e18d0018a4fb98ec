// The listener for those who run the gateway: health, metrics and debug views. Separate from the
// callers' port so that it can stay private, and on node:http because nothing here is hot.
// Refuses requests that name a foreign host, which is how a web page would get in.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from './config/values.ts';
import { isExpectedHost } from './host-check.ts';

/** What one path of the admin listener answers. */
export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What the admin listener shows. Each is asked anew for every request. */
export interface AdminViews {
  /** Accepting calls; `false` while draining. */
  ready(): boolean;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  leases(): unknown;
  endpoints(): unknown;
  config(): unknown;
}

const INDEX = `Holdfast admin

/healthz         the process answers
/readyz          calls are accepted (503 while draining)
/metrics         Prometheus text
/api/endpoints   upstream connections by endpoint
/api/leases      what is held, oldest first
/api/config      the configuration in force, without secrets
`;

/** The admin listener. Ends by `close`. */
export class AdminServer {
  readonly #views: AdminViews;
  readonly #server: Server;
  #address: Address;

  constructor(views: AdminViews, at: Address) {
    this.#views = views;
    this.#address = at;
    this.#server = createServer(
      { requestTimeout: 10_000, keepAliveTimeout: 65_000 },
      (asked, answer) => {
        void this.#serve(asked, answer);
      },
    );
  }

  /** Starts to listen; fails like `net.Server` when the address cannot be had. */
  listen(): Promise<Address> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: this.#address.host, port: this.#address.port }, () => {
        this.#server.off('error', reject);
        const { address, port } = this.#server.address() as AddressInfo;
        this.#address = { host: address, port };
        resolve(this.#address);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { status, contentType, body } = await this.#answerOrFault(asked);
    answer.writeHead(status, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    answer.end(asked.method === 'HEAD' ? undefined : body);
  }

  async #answerOrFault(asked: IncomingMessage): Promise<AdminAnswer> {
    try {
      return await this.#answer(asked);
    } catch (fault) {
      // A defect in a view must not end the process that carries calls.
      return text(500, `This view failed: ${String(fault)}\n`);
    }
  }

  #answer(asked: IncomingMessage): AdminAnswer | Promise<AdminAnswer> {
    if (!isExpectedHost(asked.headers.host, this.#address)) {
      return text(403, 'This listener is private to the machine; use 127.0.0.1 or localhost.\n');
    }
    if (asked.method !== 'GET' && asked.method !== 'HEAD') {
      return text(405, 'Only GET and HEAD are answered here.\n');
    }
    const [path] = (asked.url ?? '/').split('?');
    switch (path) {
      case '/':
        return text(200, INDEX);
      case '/healthz':
        return text(200, 'ok\n');
      case '/readyz':
        return this.#views.ready() ? text(200, 'ready\n') : text(503, 'draining\n');
      case '/metrics':
        return this.#metrics();
      case '/api/leases':
        return json(this.#views.leases());
      case '/api/endpoints':
        return json(this.#views.endpoints());
      case '/api/config':
        return json(this.#views.config());
      default:
        return text(404, `Nothing is here. These paths are:\n\n${INDEX}`);
    }
  }

  async #metrics(): Promise<AdminAnswer> {
    const { contentType, text: body } = await this.#views.metrics();
    return { status: 200, contentType, body };
  }
}

function text(status: number, body: string): AdminAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

function json(value: unknown): AdminAnswer {
  const body = `${JSON.stringify(value, undefined, 2)}\n`;
  return { status: 200, contentType: 'application/json', body };
}
