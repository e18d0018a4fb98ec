// Services, layers and the one order in which layers may stand.

import type { Call } from './call.ts';
import type { Sink } from './sink.ts';

/** Answers calls. Returns at once; the answer arrives at the sink. */
export type Service = (call: Call, sink: Sink) => void;

/** Wraps a service in one concern. `name` must stand in `canonicalOrder`. */
export interface Layer {
  readonly name: string;
  wrap(next: Service): Service;
}

/** Every layer, outermost first, each where it is for the reason beside it. */
export const canonicalOrder = [
  'observe', // Outermost: sees refusals and the true last byte.
  'drain', // Refuses before anything is spent; counts calls to their last byte.
  'deadline', // Everything that can wait lies inside it.
  'rate-limit', // The tenant's quota: refuse before taking memory or a place in line.
  'cache', // A hit or a coalesced twin needs no slot or upstream.
  'heartbeat', // Outside all waiting, so a queued or retried caller still hears us.
  'admission', // One slot per call across its attempts, held to the last byte.
  'retry', // Outside all that may differ per attempt.
  'balance', // Per attempt: an endpoint not yet tried.
  'breaker', // Outside timeouts so they count; judges at first and last byte.
  'convert', // Per attempt, because the next target may speak another format.
  'credentials', // A fresh token per attempt.
  'timeouts', // They time the wire, not our queue; they read the progress found below.
  'meaning', // On the wire itself: what bytes mean is found once and read by all above.
] as const;

/**
 * Builds one service from layers (first is outermost) and the service that ends them.
 * Throws when the order differs from `canonicalOrder`, unless `anyOrder` is set.
 */
export function stack(
  layers: readonly Layer[],
  terminal: Service,
  options?: { readonly anyOrder?: boolean; readonly between?: (below: string) => Layer },
): Service {
  if (options?.anyOrder !== true) assertOrder(layers);
  let service = terminal;
  let below = 'terminal';
  for (const layer of layers.toReversed()) {
    if (options?.between !== undefined) service = options.between(below).wrap(service);
    service = layer.wrap(service);
    below = layer.name;
  }
  if (options?.between !== undefined) service = options.between(below).wrap(service);
  return service;
}

function assertOrder(layers: readonly Layer[]): void {
  const known: readonly string[] = canonicalOrder;
  let last = -1;
  for (const layer of layers) {
    const at = known.indexOf(layer.name);
    if (at < 0) throw new Error(`layer "${layer.name}" is not in the canonical order`);
    if (at <= last) {
      throw new Error(`layer "${layer.name}" must stand outside "${known[last]}", not inside it`);
    }
    last = at;
  }
}
