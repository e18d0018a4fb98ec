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

/** The debug views at `/api/<name>`, and what each shows. */
export const adminPages = {
  endpoints: 'upstream connections by endpoint',
  leases: 'what is held, oldest first',
  config: 'the configuration in force, without secrets',
  limits: 'calls at a time and queues, by upstream',
  breakers: 'endpoints that are given up, and why',
  loads: 'what is expected of each endpoint',
  twins: 'calls under way that an equal one of their session can join',
  credentials: 'stored credentials and the life of their tokens; never a secret',
  pacing: 'upstreams that are left alone to stay within their limits',
  quotas: 'what callers and tenants have used',
  latency: 'usual times to the first byte',
  websockets: 'sessions now',
} as const;

/** Name of a debug view. */
export type AdminPage = keyof typeof adminPages;

/** What the admin listener shows. Each is asked anew for every request. */
export interface AdminViews {
  /** Accepting calls; `false` while draining. */
  ready(): boolean;
  /** A word on readiness, shown with it: why not, or what to look at. */
  readyNote?(): string | undefined;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** JSON values, or promises of them. */
  readonly pages: Readonly<Record<AdminPage, () => unknown>>;
}

const pageLines = Object.entries(adminPages).map(
  ([name, what]) => `/api/${name.padEnd(12)}${what}`,
);

const INDEX = `Holdfast admin

/healthz         the process answers
/readyz          calls are accepted (503 while draining)
/metrics         Prometheus text
${pageLines.join('\n')}
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
  listen({ reusePort = false }: { readonly reusePort?: boolean } = {}): Promise<Address> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      const { host, port } = this.#address;
      this.#server.listen({ host, port, reusePort }, () => {
        this.#server.off('error', reject);
        const found = this.#server.address() as AddressInfo;
        this.#address = { host: found.address, port: found.port };
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
        return this.#readiness();
      case '/metrics':
        return this.#metrics();
      default:
        return this.#page(path ?? '');
    }
  }

  #readiness(): AdminAnswer {
    const ready = this.#views.ready();
    const note = this.#views.readyNote?.() ?? (ready ? 'ready' : 'draining');
    return text(ready ? 200 : 503, `${note}\n`);
  }

  async #page(path: string): Promise<AdminAnswer> {
    const name = path.startsWith('/api/') ? path.slice('/api/'.length) : '';
    if (!Object.hasOwn(adminPages, name)) {
      return text(404, `Nothing is here. These paths are:\n\n${INDEX}`);
    }
    return json(await this.#views.pages[name as AdminPage]());
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
