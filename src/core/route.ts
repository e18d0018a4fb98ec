// What configuration decided about a call, resolved once and frozen. A call keeps the route it
// started with, so a reload never changes the rules under a running call.

import type { Conversion } from './conversion.ts';
import type { Dialect } from './dialect.ts';
import type { HeaderList } from './header-list.ts';
import type { Service } from './layer.ts';
import type { Caller } from './caller.ts';
import type { Target } from './target.ts';

/** When a failed send may be tried again on a fresh connection (reference: replay ladder L0-L4). */
export type ReplayMark = 'strict' | 'idle-race' | 'always';

/** What a request asks for, as far as its path and method tell: they fail and last differently. */
export type RouteKind = 'completion' | 'other';

/** Limits of the phases of a call, in milliseconds; `Infinity` = no limit. */
export interface PhaseLimits {
  readonly queueMs: number;
  readonly connectMs: number;
  readonly tlsMs: number;
  /** Without upload progress, in either direction of the gateway. */
  readonly uploadMs: number;
  readonly firstByteMs: number;
  readonly byteIdleMs: number;
  /** Replaces `byteIdleMs` once the stream has shown a ping or comment. */
  readonly byteIdleAfterPingMs: number;
  readonly progressIdleMs: number;
  readonly totalMs: number;
  readonly writeStallMs: number;
}

/** One address of an upstream. */
export interface Endpoint {
  /** `https://host:port`, unique among pools. */
  readonly key: string;
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** The value of the Host field. */
  readonly authority: string;
  /** Path in front of every call's path, without a trailing slash; often empty. */
  readonly basePath: string;
  /** PEM certificates to trust instead of the built-in ones, for a private CA. */
  readonly ca: string | undefined;
  /**
   * Forward proxy to tunnel through (`http://host:port`), decided from HTTPS_PROXY and NO_PROXY.
   */
  readonly proxy: string | undefined;
}

/** The resolved rules for one call. */
export interface Route {
  readonly name: string;
  /** Name of the upstream, from configuration: a safe metric label. */
  readonly upstream: string;
  readonly kind: RouteKind;
  readonly dialect: Dialect;
  /** Name of the stored credentials it is sent with; `undefined` = those of the caller. */
  readonly credential: string | undefined;
  /** Puts calls in the form of this one endpoint; `undefined` = it takes them as they are. */
  readonly conversion: Conversion | undefined;
  /** Everything an attempt may be sent to; empty where nothing is chosen (simulator, refusals). */
  readonly targets: readonly Target[];
  readonly endpoints: readonly Endpoint[];
  readonly limits: PhaseLimits;
  readonly replay: ReplayMark;
  /** Accept answers without their terminal event; counted, never silent. */
  readonly lenient: boolean;
  /** Request bytes that may be kept for a replay; above it a body streams through. */
  readonly replayBytesMax: number;
}

/** Where one request goes. Local answers and refusals are services like any other. */
export interface Resolution {
  readonly route: Route;
  readonly service: Service;
  /** Path with query as sent upstream, after rewriting, without the endpoint's base path. */
  readonly path: string;
  /** End-to-end fields as sent upstream, after rewriting. */
  readonly headers: HeaderList;
  readonly caller: Caller;
  /** See `Call.fingerprint`. */
  readonly fingerprint: string;
}
