// The one failure value of the data plane. Errors are values: raised without a stack, because
// refusing must stay cheap, and never thrown.

import { errorTable } from './error-table.ts';
import type { ErrorRow, Origin, Phase, Replay } from './error-row.ts';

/** A code of the error table. */
export type ErrorCode = keyof typeof errorTable;

/** What may be said beyond the table's row. */
export interface ErrorDetails {
  readonly detail?: string;
  readonly phase?: Phase;
  readonly replay?: Replay;
  readonly retryAfterMs?: number;
  /** Tells the caller's own retry loop what to do; unsaid when `undefined`. */
  readonly shouldRetry?: boolean;
  readonly cause?: unknown;
  /** The field of the request that is at fault, as the caller's API names it. */
  readonly param?: string | undefined;
  /** What the caller's API calls this failure, where its clients act on a word of their own. */
  readonly wireCode?: string | undefined;
}

/** The one failure value of the data plane. Not an `Error`: it has no stack and is never thrown. */
export class CallError {
  readonly code: ErrorCode;
  readonly origin: Origin;
  readonly phase: Phase;
  readonly replay: Replay;
  readonly status: number;
  readonly detail: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly shouldRetry: boolean | undefined;
  readonly cause: unknown;
  readonly param: string | undefined;
  readonly wireCode: string | undefined;

  constructor(code: ErrorCode, details?: ErrorDetails) {
    const known: ErrorRow = errorTable[code];
    this.code = code;
    this.origin = known.origin;
    this.phase = details?.phase ?? known.phase;
    this.replay = details?.replay ?? known.replay;
    this.status = known.status;
    this.detail = details?.detail;
    this.retryAfterMs = details?.retryAfterMs;
    this.shouldRetry = details?.shouldRetry;
    this.cause = details?.cause;
    this.param = details?.param;
    this.wireCode = details?.wireCode;
  }

  /** One sentence for a person: the row's meaning and what is known of this case. */
  get message(): string {
    const { meaning } = errorTable[this.code];
    return this.detail === undefined ? meaning : `${meaning} ${this.detail}`;
  }
}
