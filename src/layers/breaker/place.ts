// The circuits of one endpoint, and the pair of them that an attempt passes.

import type { Endpoint, RouteKind } from '../../core/route.ts';
import type { Circuit } from './circuit.ts';
import { FirstByteHistory } from './first-byte-history.ts';
import type { SlowRule } from './options.ts';

/** What all circuits of one endpoint share. */
export class Place {
  readonly endpoint: Endpoint;
  readonly address: Circuit;
  readonly slow: SlowRule | undefined;
  #history: FirstByteHistory | undefined = undefined;
  readonly completion = new Map<string, Breaker>();
  readonly other = new Map<string, Breaker>();

  constructor(endpoint: Endpoint, address: Circuit, slow: SlowRule | undefined) {
    this.endpoint = endpoint;
    this.address = address;
    this.slow = slow;
  }

  /** Made when first asked for: most places are never judged by it. */
  get history(): FirstByteHistory {
    this.#history ??= new FirstByteHistory();
    return this.#history;
  }

  of(kind: RouteKind): Map<string, Breaker> {
    return kind === 'completion' ? this.completion : this.other;
  }

  get breakers(): Breaker[] {
    return [...this.completion.values(), ...this.other.values()];
  }

  get circuits(): Circuit[] {
    return [this.address, ...this.breakers.map(({ own }) => own)];
  }
}

/** The two circuits that an attempt passes. */
export class Breaker {
  readonly own: Circuit;
  readonly address: Circuit;
  readonly endpoint: Endpoint;
  readonly kind: RouteKind;
  readonly credential: string;
  /** Larger is later; for eviction. */
  usedAt: number = 0;
  readonly #slow: SlowRule | undefined;
  readonly #place: Place;

  constructor(own: Circuit, name: Pick<Breaker, 'kind' | 'credential'>, place: Place) {
    this.own = own;
    this.address = place.address;
    this.endpoint = place.endpoint;
    this.kind = name.kind;
    this.credential = name.credential;
    this.#slow = name.kind === 'other' ? place.slow : undefined;
    this.#place = place;
  }

  get isClosed(): boolean {
    return this.own.isClosed && this.address.isClosed;
  }

  /** When both let a call through: 0 = now. */
  opensAt(now: number): number {
    return Math.max(this.own.opensAt(now), this.address.opensAt(now));
  }

  /** Takes a permit of both; only after `opensAt` said 0. */
  admit(now: number): void {
    this.own.admit(now);
    this.address.admit(now);
  }

  /**
   * Whether a first byte of `now` is slow for this place, which the request reached at `sentAt`
   * (-1 = it was answered before); also remembers it.
   */
  isSlow(sentAt: number, now: number): boolean {
    const slow = this.#slow;
    if (slow === undefined || sentAt < 0 || now < sentAt) return false;
    const { history } = this.#place;
    const usual = history.p95(now);
    const tookMs = now - sentAt;
    history.record(tookMs, now);
    return usual !== undefined && tookMs > Math.max(usual * slow.timesP95, slow.floorMs);
  }
}
