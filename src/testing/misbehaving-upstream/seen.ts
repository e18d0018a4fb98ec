// What the misbehaving upstream saw: the evidence tests judge by. Owns records only; they are
// written by connection.ts. Times are monotonic ms of the upstream's clock, NEVER when it did not
// happen. Invariant: a request is listed once, in the order in which its head was complete.

import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { NEVER } from '../../core/timeline.ts';

/** Who ended a connection, and how. */
export type ClosedBy =
  | 'caller-fin'
  | 'caller-rst'
  | 'upstream-fin'
  | 'upstream-rst'
  | 'upstream-silence'
  | 'shutdown';

/** One accepted connection. */
export class SeenConnection {
  /** From 0, in the order of accepting. */
  readonly index: number;
  readonly openedAt: number;
  closedAt: number = NEVER;
  closedBy: ClosedBy | undefined = undefined;
  /** When this side decided to close; its FIN or RST left then. */
  weClosedAt: number = NEVER;
  requests: number = 0;
  /** Bytes that came after this side had closed or gone silent. */
  bytesAfterClose: number = 0;

  constructor(index: number, openedAt: number) {
    this.index = index;
    this.openedAt = openedAt;
  }
}

/** Body bytes kept as text for scripts; the hash covers all of them. */
const KEEP_BODY_BYTES = 1024 * 1024;

/** One request. */
export class SeenRequest {
  /** From 0, over all connections. */
  readonly index: number;
  /** From 0, on its connection. */
  readonly indexOnConnection: number;
  readonly connection: SeenConnection;
  readonly method: string;
  /** Target with query. */
  readonly path: string;
  readonly version: string;
  readonly headers: readonly (readonly [string, string])[];
  /** The head as it came, with its blank line. */
  readonly rawHead: string;
  /** Value of the header that names the request (`x-request-id` unless told otherwise). */
  readonly id: string | undefined;
  readonly headAt: number;
  bodyAt: number = NEVER;
  bodyBytes: number = 0;
  trailers: readonly (readonly [string, string])[] = [];
  /** The request was read whole and acted upon: sending it again runs it twice. */
  executed: boolean = false;
  /** More bytes followed before this request was answered. */
  pipelined: boolean = false;
  /** Why the request was refused as malformed, if it was. */
  defect: string | undefined = undefined;
  /** The last point of the answer that was passed, or `reading`. */
  point: string = 'reading';
  /** Bytes written in answer, framing included. */
  sentBytes: number = 0;
  /** The answer was written whole. */
  answeredAt: number = NEVER;
  /** When the caller left while the request was under way. */
  abortedAt: number = NEVER;
  #kept: Buffer[] = [];
  #hash: Hash | undefined = undefined;
  #digest: string | undefined = undefined;

  constructor(parts: {
    readonly index: number;
    readonly connection: SeenConnection;
    readonly method: string;
    readonly path: string;
    readonly version: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly rawHead: string;
    readonly idHeader: string;
    readonly headAt: number;
  }) {
    this.index = parts.index;
    this.connection = parts.connection;
    this.indexOnConnection = parts.connection.requests;
    this.method = parts.method;
    this.path = parts.path;
    this.version = parts.version;
    this.headers = parts.headers;
    this.rawHead = parts.rawHead;
    this.headAt = parts.headAt;
    this.id = this.header(parts.idHeader);
  }

  /** First value of a header, or `undefined`. */
  header(lowerName: string): string | undefined {
    return this.headers.find(([name]) => name.toLowerCase() === lowerName)?.[1];
  }

  /** The body as UTF-8 text, up to 1 MiB of it. */
  get body(): string {
    return Buffer.concat(this.#kept).toString('utf8');
  }

  /** SHA-256 of the whole body so far, in hexadecimal. */
  get bodyHash(): string {
    if (this.#digest !== undefined) return this.#digest;
    const digest = (this.#hash?.copy() ?? createHash('sha256')).digest('hex');
    if (this.bodyAt !== NEVER) this.#digest = digest;
    return digest;
  }

  /** The caller left while the request was under way. */
  get aborted(): boolean {
    return this.abortedAt !== NEVER;
  }

  /** Takes body bytes. Called by the connection. */
  addBody(bytes: Buffer): void {
    if (this.bodyBytes < KEEP_BODY_BYTES) this.#kept.push(Buffer.from(bytes));
    this.bodyBytes += bytes.length;
    this.#hash ??= createHash('sha256');
    this.#hash.update(bytes);
  }
}

/** All an upstream saw. */
export class Seen {
  readonly connections: SeenConnection[] = [];
  readonly requests: SeenRequest[] = [];

  /** How often each request id was executed; requests without an id do not count. */
  executions(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { executed, id } of this.requests) {
      if (executed && id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }

  /** Ids that were executed more than once. */
  doubleExecutions(): string[] {
    return [...this.executions()].filter(([, times]) => times > 1).map(([id]) => id);
  }

  /** Connections that are open now. */
  get open(): number {
    return this.connections.filter((connection) => connection.closedAt === NEVER).length;
  }

  /** Connections closed by `who`. */
  closedBy(who: ClosedBy): number {
    return this.connections.filter((connection) => connection.closedBy === who).length;
  }
}
