// The one place where an error becomes a response: the dialect words it, the edge adds the fields
// that clients act on.

import { STATUS_CODES } from 'node:http';
import type { Clock } from '../../core/clock.ts';
import type { Dialect } from '../../core/dialect.ts';
import type { CallError } from '../../core/errors.ts';
import { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import { plainDialect } from '../../dialects/plain.ts';
import { responseHeadText } from '../../http1/serializer.ts';
import type { UpgradeRefusal } from './upgrade.ts';

/** A whole response made from an error. */
export interface ErrorAnswer {
  readonly head: Head;
  readonly body: Buffer;
}

/** The answer to a request that no dialect can be told from, as it goes on the wire. */
export interface RefusalText {
  readonly head: string;
  readonly body: Buffer;
}

/** Refuses what did not become a call; its connection takes nothing more. */
export function refusalText(error: CallError, callId: string, clock: Clock): RefusalText {
  const { head, body } = errorAnswer(error, plainDialect, callId, clock);
  const extra = `x-holdfast-call-id: ${callId}\r\nConnection: close\r\n`;
  const { status, reason, headers } = head;
  return {
    head: responseHeadText(status, reason, 1, headers, 'length', body.length, extra),
    body,
  };
}

/**
 * Words `error` in `dialect`; a refused upgrade may have a status and fields of its own. Never
 * holds a cause: causes may hold addresses or secrets.
 */
export function errorAnswer(
  error: CallError,
  dialect: Dialect,
  callId: string,
  clock: Clock,
  upgrade?: UpgradeRefusal,
): ErrorAnswer {
  const rendered = dialect.renderError(error, callId);
  const body = Buffer.from(rendered.body);
  const fields: [string, string][] = [
    ['Date', new Date(clock.wallNow()).toUTCString()],
    ['Content-Type', rendered.contentType],
    ['x-holdfast-error', error.code],
  ];
  if (error.retryAfterMs !== undefined) {
    fields.push(['Retry-After', String(Math.ceil(error.retryAfterMs / 1000))]);
  }
  if (error.shouldRetry !== undefined) fields.push(['x-should-retry', String(error.shouldRetry)]);
  for (const [name, value] of upgrade?.fields ?? []) fields.push([name, value]);
  const status = upgrade?.status ?? rendered.status;
  // RFC 9110 15.5.2.
  if (rendered.status === 401) fields.push(['WWW-Authenticate', 'Bearer']);
  const head: Head = {
    status,
    reason: STATUS_CODES[status] ?? '',
    headers: HeaderList.of(fields),
    framing: 'length',
    contentLength: body.length,
  };
  return { head, body };
}
