// What a simulated service is to those who put it on a port: a function from a request to an answer
// whose writes are made while it is sent. Bodies may be bytes, as not every service speaks text.

import type { HeaderList } from '../core/header-list.ts';
import type { Random } from '../core/random.ts';
import type { AnswerEnding, PlanRequest } from './answer-plan.ts';
import type { HeaderPair } from './service-headers.ts';

/** One write of a body. */
export interface ServiceStep {
  /** Milliseconds since the step before; for the first, since the request was complete. */
  readonly afterMs: number;
  readonly bytes: string | Uint8Array;
}

/** One answer. */
export interface ServiceAnswer {
  readonly status: number;
  /** Without Content-Length, Transfer-Encoding, Connection and Date: they are the wire's. */
  readonly headers: HeaderPair[];
  /** Its length is not known beforehand. */
  readonly streamed: boolean;
  readonly ending: AnswerEnding;
  /** Can be read once. The head goes out with the first step. */
  readonly steps: Iterable<ServiceStep>;
}

/** A simulated service. */
export interface SimulatedService {
  /** `wallMs` is the time of the request, since the epoch. */
  open(request: PlanRequest, random: Random, wallMs: number): ServiceAnswer;
}

/** A request with another path, for services that stand below a prefix. */
export function withPath(request: PlanRequest, path: string): PlanRequest {
  return { ...request, path };
}

/** The first value of a field without its parameters, in lower case; '' when it is missing. */
export function mediaTypeOf(headers: HeaderList): string {
  const [type = ''] = (headers.get('content-type') ?? '').split(';');
  return type.trim().toLowerCase();
}
