// Refusals of a simulated org, in the several forms that the real one has: the documented object,
// the same in snake case, the list of the core REST API, and pages of HTML from its edge.

import type { HeaderPair } from '../service-headers.ts';
import type { ServiceAnswer } from '../simulated-service.ts';

/** Which part of the org speaks, and so in which form. */
export type OrgVoice = 'documented' | 'native' | 'core' | 'token';

/** Why the org refuses a request. */
export interface OrgRefusal {
  readonly refused: true;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly messageCode: string | undefined;
}

/** A refusal in the org's words. */
export function refuse(
  status: number,
  code: string,
  message: string,
  messageCode?: string,
): OrgRefusal {
  return { refused: true, status, code, message, messageCode };
}

/** Codes and sentences by status, for refusals on request. */
const usual = new Map<number, readonly [string, string]>([
  [400, ['BAD_ARGUMENT', 'The request is not valid.']],
  [401, ['UNAUTHORIZED', 'The token is not valid.']],
  [403, ['FORBIDDEN', 'The model is not enabled for this org.']],
  [404, ['NOT_FOUND', 'The model does not exist.']],
  [415, ['UNSUPPORTED_MEDIA_TYPE', 'The content type is not supported.']],
  [423, ['SERVER_BUSY', 'The server is busy. Try again later.']],
  [429, ['TOO_MANY_REQUESTS', 'The rate limit of the org is exceeded.']],
  [500, ['INTERNAL_SERVER_ERROR', 'Something went wrong.']],
  [502, ['BAD_GATEWAY', 'The provider of the model did not answer.']],
  [503, ['SERVICE_UNAVAILABLE', 'The service is not available.']],
  [504, ['GATEWAY_TIMEOUT', 'The provider of the model took too long.']],
]);

/** The refusal with this status that a request has asked for. */
export function refusalWithStatus(status: number): OrgRefusal {
  const [code, message] = usual.get(status) ?? ['ERROR', `Refused with status ${status}.`];
  return refuse(status, code, message);
}

/** Too many requests of the org within a minute. */
export const overRate: OrgRefusal = refusalWithStatus(429);

/** The body of a refusal. */
export function refusalBody(voice: OrgVoice, refusal: OrgRefusal): string {
  const { code, message, messageCode } = refusal;
  switch (voice) {
    case 'documented':
      return JSON.stringify({ errorCode: code, message, messageCode });
    case 'native':
      return JSON.stringify({ error_code: code, message, message_code: messageCode });
    case 'core':
      return JSON.stringify([{ message, errorCode: code }]);
    case 'token':
      return JSON.stringify({ error: code, error_description: message });
  }
}

/** The whole answer of a refusal. */
export function refusalAnswer(
  voice: OrgVoice,
  refusal: OrgRefusal,
  retryAfter?: number,
  afterMs: number = 0,
): ServiceAnswer {
  const answer = jsonAnswer(refusal.status, refusalBody(voice, refusal), afterMs);
  if (retryAfter !== undefined) answer.headers.push(['retry-after', `${retryAfter}`]);
  return answer;
}

/** A page of the org's edge. */
export function pageAnswer(status: number, afterMs: number = 0): ServiceAnswer {
  const bytes = `<html><head><title>${status} Error</title></head><body>Sorry.</body></html>\n`;
  return bodyAnswer(status, [['content-type', 'text/html; charset=utf-8']], bytes, afterMs);
}

/** An answer of one JSON text. */
export function jsonAnswer(status: number, bytes: string, afterMs: number = 0): ServiceAnswer {
  return bodyAnswer(status, [['content-type', 'application/json;charset=utf-8']], bytes, afterMs);
}

function bodyAnswer(
  status: number,
  headers: HeaderPair[],
  bytes: string,
  afterMs: number,
): ServiceAnswer {
  return { status, headers, streamed: false, ending: 'end', steps: [{ afterMs, bytes }] };
}
