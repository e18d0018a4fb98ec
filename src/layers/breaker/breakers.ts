// Every circuit of a gateway. They outlive reloads and are shared by all stacks. One per endpoint,
// route kind and credential, because a tenant's exhausted key must not close a place for others;
// and one per endpoint that counts only whether it could be reached.
// Bounded: callers bring credentials of their own. When full, the circuits that have rested longest
// go, closed ones first: an open one is worth remembering.

import { credentialOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import type { Endpoint, RouteKind } from '../../core/route.ts';
import type { Target, TargetGate } from '../../core/target.ts';
import { silentBreakerObserver } from './breaker-observer.ts';
import type { BreakerObserver, CircuitName, CircuitView } from './breaker-observer.ts';
import { Circuit } from './circuit.ts';
import type { CircuitListener } from './circuit.ts';
import { defaultBreakerOptions } from './options.ts';
import type { BreakerOptions } from './options.ts';
import { Breaker, Place } from './place.ts';
import type { TripReason } from './trip-rules.ts';

/** Room made at once when the registry is full, so that the search for it is rare. */
const EVICT_SHARE = 1 / 8;

/** How far a look from outside went: a connection was made, or a request was answered well. */
export type ProbeProof = 'connects' | 'answers';

/** What the registry is given. */
export interface BreakersDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer?: BreakerObserver;
}

/** The registry. Ends with the gateway. */
export class Breakers implements TargetGate {
  readonly observer: BreakerObserver;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: BreakerOptions;
  readonly #places = new Map<string, Place>();
  readonly #overruled = new WeakSet<Call>();
  #size: number = 0;
  #uses: number = 0;

  constructor(deps: BreakersDeps, options: BreakerOptions = defaultBreakerOptions) {
    this.observer = deps.observer ?? silentBreakerObserver;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#options = options;
  }

  /** Circuits kept, those of addresses aside. */
  get size(): number {
    return this.#size;
  }

  /** The circuits of an attempt, made where there are none. */
  at(endpoint: Endpoint, kind: RouteKind, credential: string): Breaker {
    const known = this.#places.get(endpoint.key)?.of(kind).get(credential);
    const breaker = known ?? this.#add(endpoint, kind, credential);
    this.#uses += 1;
    breaker.usedAt = this.#uses;
    return breaker;
  }

  /** As a gate: 0 where an attempt would be let through, else when it may be. Takes nothing. */
  opensAt(target: Target, call: Call, now: number): number {
    const place = this.#places.get(target.endpoint.key);
    if (place === undefined) return 0;
    const own = this.#ownOf(place, target, call);
    if (own === undefined) return place.address.opensAt(now);
    return own.isClosed ? 0 : own.opensAt(now);
  }

  /**
   * Whether the refusal of this target may be overruled when too few others are left. What its
   * answers were may have been our own fault or everybody's; a place that cannot be reached
   * relieves nobody.
   */
  mayOverrule(target: Target): boolean {
    return this.#places.get(target.endpoint.key)?.address.isClosed !== false;
  }

  /** Lets one attempt pass an open circuit; it counts for nothing. */
  overrule(attempt: Call): void {
    this.#overruled.add(attempt);
  }

  isOverruled(attempt: Call): boolean {
    return this.#overruled.has(attempt);
  }

  /** When the target came back from being given up, in monotonic ms; `-Infinity` = it never was. */
  recoveredAt(target: Target, call: Call): number {
    const place = this.#places.get(target.endpoint.key);
    if (place === undefined) return Number.NEGATIVE_INFINITY;
    const own = this.#ownOf(place, target, call)?.own.closedAt ?? Number.NEGATIVE_INFINITY;
    return Math.max(own, place.address.closedAt);
  }

  /** Whether the place of this attempt is trusted: what it shows now is its usual self. */
  isClosed(attempt: Call): boolean {
    const { endpoints, kind } = attempt.route;
    const place = this.#places.get(endpoints[0]?.key ?? '');
    if (place === undefined) return true;
    const breaker = place.of(kind).get(credentialOf(attempt));
    return place.address.isClosed && breaker?.own.isClosed !== false;
  }

  /** Whether any circuit of the endpoint is open and its time is not over. */
  isEjected(endpointKey: string): boolean {
    const now = this.#clock.now();
    const circuits = this.#places.get(endpointKey)?.circuits ?? [];
    return circuits.some(({ state }) => state.kind === 'open' && state.until > now);
  }

  /**
   * A look from outside went well: where that speaks to the reason of an opening, the next call
   * may probe at once. It closes nothing, because only calls show whether calls work.
   */
  mayProbeNow(endpointKey: string, proof: ProbeProof): void {
    const place = this.#places.get(endpointKey);
    if (place === undefined) return;
    const now = this.#clock.now();
    for (const circuit of place.circuits) {
      if (proof === 'answers' || circuit.isUnreachable) circuit.hasten(now);
    }
  }

  /** Forgets every endpoint that a new configuration does not have. */
  retain(endpointKeys: ReadonlySet<string>): void {
    for (const [key, place] of this.#places) {
      if (endpointKeys.has(key)) continue;
      this.#size -= place.completion.size + place.other.size;
      this.#places.delete(key);
    }
  }

  /** The worst state of any circuit of an endpoint; for a gauge. */
  stateOf(endpointKey: string): 'closed' | 'half-open' | 'open' {
    const place = this.#places.get(endpointKey);
    const kinds = place === undefined ? [] : place.circuits.map(({ state }) => state.kind);
    if (kinds.includes('open')) return 'open';
    return kinds.includes('half-open') ? 'half-open' : 'closed';
  }

  /** The circuits for the admin page: those that are not closed first, at most `limit`. */
  view(limit: number = 100): CircuitView[] {
    const now = this.#clock.now();
    const views: CircuitView[] = [];
    for (const place of this.#places.values()) {
      const endpoint = place.endpoint.key;
      views.push(viewOf({ endpoint, scope: 'address', credential: '' }, place.address, now));
      for (const { kind, credential, own } of place.breakers) {
        views.push(viewOf({ endpoint, scope: kind, credential }, own, now));
      }
    }
    const rank = ({ state }: CircuitView): number => (state === 'closed' ? 1 : 0);
    return views.toSorted((a, b) => rank(a) - rank(b)).slice(0, limit);
  }

  #ownOf(place: Place, target: Target, call: Call): Breaker | undefined {
    const { kind, credential } = target.route;
    return place.of(kind).get(credential ?? call.fingerprint);
  }

  #add(endpoint: Endpoint, kind: RouteKind, credential: string): Breaker {
    if (this.#size >= this.#options.circuitsMax) this.#evict();
    let place = this.#places.get(endpoint.key);
    if (place === undefined) {
      const name: CircuitName = { endpoint: endpoint.key, scope: 'address', credential: '' };
      place = new Place(endpoint, this.#circuit(name), this.#options.slow);
      this.#places.set(endpoint.key, place);
    }
    const own = this.#circuit({ endpoint: endpoint.key, scope: kind, credential });
    const breaker = new Breaker(own, { kind, credential }, place);
    place.of(kind).set(credential, breaker);
    this.#size += 1;
    return breaker;
  }

  #circuit(name: CircuitName): Circuit {
    return new Circuit(this.#options, this.#random, new NamedListener(name, this.observer));
  }

  #evict(): void {
    const all = [...this.#places.values()].flatMap((place) => place.breakers);
    const rank = ({ own }: Breaker): number => (own.isClosed ? 0 : 1);
    all.sort((a, b) => rank(a) - rank(b) || a.usedAt - b.usedAt);
    const share = Math.ceil(this.#options.circuitsMax * EVICT_SHARE);
    for (const { endpoint, kind, credential } of all.slice(0, share)) {
      if (this.#places.get(endpoint.key)?.of(kind).delete(credential) === true) this.#size -= 1;
    }
  }
}

class NamedListener implements CircuitListener {
  readonly #name: CircuitName;
  readonly #observer: BreakerObserver;

  constructor(name: CircuitName, observer: BreakerObserver) {
    this.#name = name;
    this.#observer = observer;
  }

  opened(reason: TripReason, openMs: number): void {
    this.#observer.opened(this.#name, reason, openMs);
  }

  halfOpened(): void {
    this.#observer.halfOpened(this.#name);
  }

  closed(): void {
    this.#observer.closed(this.#name);
  }
}

function viewOf(name: CircuitName, circuit: Circuit, now: number): CircuitView {
  const opensAt = circuit.opensAt(now);
  return {
    ...name,
    state: circuit.state.kind,
    opensInMs: opensAt === 0 ? 0 : opensAt - now,
    timesOpened: circuit.epoch,
    failuresInARow: circuit.rules.failuresInARow,
    ...circuit.rules.look(now),
  };
}
