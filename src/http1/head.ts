// What a message head says, decided once. Parsers fill these; nobody re-reads the text to guess.

import type { HeaderList } from '../core/header-list.ts';
import type { Framing, Head } from '../core/sink.ts';

/** Bounds on a head; crossing one is a fault, never a truncation. */
export interface HeadLimits {
  /** Start line and fields together, in bytes. */
  readonly headBytes: number;
  readonly fields: number;
}

/** 64 KiB holds the longest heads of real clients several times over; 128 fields likewise. */
export const defaultHeadLimits: HeadLimits = { headBytes: 65_536, fields: 128 };

/** Why a message was refused. A value; after it the connection cannot be trusted. */
export class HttpFault {
  readonly code: 'BAD_REQUEST' | 'HEAD_TOO_LARGE' | 'NOT_SUPPORTED';
  readonly detail: string;

  constructor(code: 'BAD_REQUEST' | 'HEAD_TOO_LARGE' | 'NOT_SUPPORTED', detail: string) {
    this.code = code;
    this.detail = detail;
  }
}

/** A fault of the most common kind. */
export function badRequest(detail: string): HttpFault {
  return new HttpFault('BAD_REQUEST', detail);
}

/** A fault for a head that crosses its limits. */
export function tooLarge(detail: string): HttpFault {
  return new HttpFault('HEAD_TOO_LARGE', detail);
}

/** A request head in one strict reading. */
export class RequestHead {
  method: string = '';
  /** Origin-form path with query (absolute-form is reduced to it), or `*` for OPTIONS. */
  target: string = '';
  /** From Host, or from an absolute-form target, which wins (RFC 9112 3.2.2). */
  authority: string = '';
  /** Minor version of HTTP/1: 0 or 1. */
  minor: number = 1;
  headers: HeaderList;
  framing: Framing = 'none';
  contentLength: number = -1;
  /** The caller allows a further request on this connection. */
  keepAlive: boolean = true;
  expectContinue: boolean = false;
  /** Lower-case protocol of an Upgrade field that Connection names, if any. */
  upgrade: string | undefined = undefined;

  constructor(headers: HeaderList) {
    this.headers = headers;
  }
}

/** A response head in one strict reading. */
export class ResponseHead implements Head {
  status: number = 0;
  reason: string = '';
  minor: number = 1;
  headers: HeaderList;
  framing: Framing = 'none';
  contentLength: number = -1;
  keepAlive: boolean = true;
  /** `Keep-Alive: timeout`, in ms, -1 when absent. */
  keepAliveTimeoutMs: number = -1;
  /** `Keep-Alive: max`, requests left, -1 when absent. */
  keepAliveMax: number = -1;

  constructor(headers: HeaderList) {
    this.headers = headers;
  }
}
