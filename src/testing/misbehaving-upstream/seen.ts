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
  readonly #keepBodyBytes: number;
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
  readonly #kept: Buffer[] = [];
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
    readonly keepBodyBytes: number;
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
    this.#keepBodyBytes = parts.keepBodyBytes;
    this.id = this.header(parts.idHeader);
  }

  /** First value of a header, or `undefined`. */
  header(lowerName: string): string | undefined {
    return this.headers.find(([name]) => name.toLowerCase() === lowerName)?.[1];
  }

  /** The body as UTF-8 text, as much as is kept of it. */
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

  /** Lets go of the body's text. */
  forgetBody(): void {
    this.#kept.length = 0;
  }

  /** Takes body bytes. Called by the connection. */
  addBody(bytes: Buffer): void {
    if (this.bodyBytes < this.#keepBodyBytes) this.#kept.push(Buffer.from(bytes));
    this.bodyBytes += bytes.length;
    this.#hash ??= createHash('sha256');
    this.#hash.update(bytes);
  }
}

/** How much an upstream remembers. */
export interface KeepLimits {
  /** Requests and, apart, connections; the oldest are forgotten. Default: all. */
  readonly records?: number;
  /** Of each body, as text for scripts; the hash covers all of it. Default 1 MiB. */
  readonly bodyBytes?: number;
  /** Forget the text of a body once its request is answered. */
  readonly bodyUntilAnswered?: boolean;
}

/** All an upstream saw. */
export class Seen {
  readonly keep: KeepLimits;
  readonly connections: SeenConnection[] = [];
  readonly requests: SeenRequest[] = [];
  /** Counts that outlive forgotten records. */
  connectionCount: number = 0;
  requestCount: number = 0;
  executedCount: number = 0;
  answeredCount: number = 0;
  abortedCount: number = 0;
  readonly closedCounts = new Map<ClosedBy, number>();

  constructor(keep: KeepLimits = {}) {
    this.keep = keep;
  }

  /** A connection was accepted. */
  connectionOpened(now: number): SeenConnection {
    const record = new SeenConnection(this.connectionCount, now);
    this.connectionCount += 1;
    this.#push(this.connections, record);
    return record;
  }

  /** A connection's socket is closed on both sides. */
  connectionClosed(record: SeenConnection): void {
    const who = record.closedBy;
    if (who !== undefined) this.closedCounts.set(who, (this.closedCounts.get(who) ?? 0) + 1);
  }

  /** A request's head is complete. */
  requestBegan(
    head: Pick<SeenRequest, 'method' | 'path' | 'version' | 'headers' | 'rawHead'>,
    connection: SeenConnection,
    idHeader: string,
    headAt: number,
  ): SeenRequest {
    const keepBodyBytes = this.keep.bodyBytes ?? 1024 * 1024;
    const index = this.requestCount;
    const parts = { ...head, index, connection, idHeader, headAt, keepBodyBytes };
    const request = new SeenRequest(parts);
    this.requestCount += 1;
    connection.requests += 1;
    this.#push(this.requests, request);
    return request;
  }

  /** A request was read whole; `executes`: and acted upon. */
  requestRead(request: SeenRequest, now: number, executes: boolean): void {
    request.bodyAt = now;
    request.executed = executes;
    if (executes) this.executedCount += 1;
  }

  /** A request's answer was written whole. */
  requestAnswered(request: SeenRequest, now: number): void {
    request.answeredAt = now;
    this.answeredCount += 1;
    if (this.keep.bodyUntilAnswered === true) request.forgetBody();
  }

  /** The caller left while a request was under way. */
  requestAborted(request: SeenRequest, now: number): void {
    request.abortedAt = now;
    this.abortedCount += 1;
  }

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
    let closed = 0;
    for (const count of this.closedCounts.values()) closed += count;
    return this.connectionCount - closed;
  }

  /** Connections closed by `who`. */
  closedBy(who: ClosedBy): number {
    return this.connections.filter((connection) => connection.closedBy === who).length;
  }

  #push<T>(list: T[], record: T): void {
    list.push(record);
    const max = this.keep.records ?? Number.POSITIVE_INFINITY;
    // In blocks, because cutting off one at a time moves the whole list each time.
    if (list.length >= max * 2) list.splice(0, list.length - max);
  }
}
