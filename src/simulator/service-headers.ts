// The response headers that the real services send beside the framing, which belongs to the wire.
// Source: the services' documentation and SDKs. The amounts are made up, the forms are not.

import type { Random } from '../core/random.ts';
import { randomId } from './random-id.ts';
import type { Vendor } from './refusal.ts';

/** One response field. */
export type HeaderPair = [string, string];

const RESET_MS = 60_000;

/** A request id of the vendor's form. */
export function requestIdOf(vendor: Vendor, random: Random): string {
  return `req_${vendor === 'anthropic' ? '01' : ''}${randomId(random, 22)}`;
}

/** The fields of one answer. `processingMs`: how long the service took to its head. */
export function serviceHeaders(
  vendor: Vendor,
  requestId: string,
  contentType: string,
  processingMs: number,
  random: Random,
  wallMs: number,
): HeaderPair[] {
  const common: HeaderPair[] = [['content-type', contentType]];
  if (contentType.startsWith('text/event-stream')) common.push(['cache-control', 'no-cache']);
  return vendor === 'anthropic'
    ? [...common, ...anthropicHeaders(requestId, random, wallMs)]
    : [...common, ...openaiHeaders(requestId, processingMs, random)];
}

function anthropicHeaders(requestId: string, random: Random, wallMs: number): HeaderPair[] {
  const reset = new Date(wallMs + RESET_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  const headers: HeaderPair[] = [
    ['request-id', requestId],
    ['anthropic-organization-id', '00000000-0000-4000-8000-000000000000'],
  ];
  const limits = {
    requests: 4000,
    tokens: 480_000,
    'input-tokens': 400_000,
    'output-tokens': 80_000,
  };
  for (const [name, limit] of Object.entries(limits)) {
    const prefix = `anthropic-ratelimit-${name}`;
    headers.push([`${prefix}-limit`, `${limit}`], [`${prefix}-remaining`, left(limit, random)]);
    headers.push([`${prefix}-reset`, reset]);
  }
  return headers;
}

function openaiHeaders(requestId: string, processingMs: number, random: Random): HeaderPair[] {
  return [
    ['x-request-id', requestId],
    ['openai-organization', 'holdfast-simulator'],
    ['openai-version', '2020-10-01'],
    ['openai-processing-ms', `${Math.round(processingMs)}`],
    ['x-ratelimit-limit-requests', '10000'],
    ['x-ratelimit-remaining-requests', left(10_000, random)],
    ['x-ratelimit-reset-requests', '6ms'],
    ['x-ratelimit-limit-tokens', '2000000'],
    ['x-ratelimit-remaining-tokens', left(2_000_000, random)],
    ['x-ratelimit-reset-tokens', '17ms'],
  ];
}

function left(limit: number, random: Random): string {
  return `${limit - 1 - Math.floor(random.next() * limit * 0.1)}`;
}
