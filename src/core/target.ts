// Where one attempt may go, and how the parts that know about such places speak with the layer that
// chooses between them. The choosing layer asks every gate before an attempt and tells every
// observer what became of it; neither knows the other.

import type { Call } from './call.ts';
import type { Outcome } from './outcome.ts';
import type { HeaderList } from './header-list.ts';
import type { Endpoint, Route } from './route.ts';
import type { Head } from './sink.ts';

/** What must differ in a call for one target; its body is the matter of `Route.conversion`. */
export interface TargetEdit {
  headers(headers: HeaderList): HeaderList;
  /** The fields of an answer as callers are to see them. */
  readonly answer?: (headers: HeaderList) => HeaderList;
  /** Model that answers instead of the one asked for; said to the caller in a header. */
  readonly model: string | undefined;
}

/** One endpoint of one upstream, as a call can be sent to it. Made once per route and frozen. */
export interface Target {
  /** Endpoint key and upstream name; the same in all routes that lead there. */
  readonly key: string;
  readonly endpoint: Endpoint;
  /** Name of the upstream, from configuration. */
  readonly upstream: string;
  /** 0 takes all calls while it is healthy; higher ones take what lower ones can not. */
  readonly tier: number;
  /** Share of the calls of its tier, relative to the others; 1 unless told. */
  readonly weight: number;
  readonly edit: TargetEdit | undefined;
  /** What an attempt sent there is given as its route: this endpoint alone, this target alone. */
  readonly route: Route;
}

/** Knows a reason why a target may not be used for now. */
export interface TargetGate {
  /**
   * When an attempt of this call may be sent there, in monotonic ms: 0 = now, `Infinity` = nobody
   * knows. Asked for each choice, so it must be cheap, and it must not take anything.
   */
  opensAt(target: Target, call: Call, now: number): number;
}

/** Learns from every attempt. `call` is the attempt's own copy, with the target's route. */
export interface AttemptObserver {
  attemptBegan(target: Target, call: Call, now: number): void;
  /** The final head came. `outcome` is what its status alone says. */
  attemptAnswered(target: Target, call: Call, head: Head, outcome: Outcome, now: number): void;
  /** The last byte, or the failure; said once for each `attemptBegan`. */
  attemptOver(target: Target, call: Call, outcome: Outcome, now: number): void;
}

/** Knows how long answers usually take; ms, `undefined` while too few were seen. */
export interface LatencyView {
  /** Half of the answers of this route class at these targets began within this time. */
  firstByteP50(route: Route): number | undefined;
}
