// What a kind of upstream may be expected to do: its phase limits and the two habits that follow.
// The only home of these numbers; values and reasons from the resilience reference, section 2.

import type { ReplayMark } from '../../core/route.ts';

/** The kinds of upstream. */
export const profileNames = ['llm-hosted', 'llm-local', 'rest', 'servicenow', 'websocket'] as const;

/** A name of `profileNames`. */
export type ProfileName = (typeof profileNames)[number];

/** The limits that may be set, in the order in which a call meets them. */
export const phaseNames = [
  'queue',
  'connect',
  'tls',
  'upload',
  'firstByte',
  'byteIdle',
  'byteIdleAfterPing',
  'progressIdle',
  'total',
] as const;

/** A name of `phaseNames`. */
export type PhaseName = (typeof phaseNames)[number];

/** What each phase is, for documentation. */
export const phaseDocs: Readonly<Record<PhaseName, { doc: string; why: string }>> = {
  queue: {
    doc: 'Longest wait for a free place under `limit`; never more than half of the time that the call has left.',
    why: 'Whoever would wait longer is better told to come back; few places need more patience.',
  },
  connect: {
    doc: 'Longest time for DNS and TCP.',
    why: 'A healthy path needs far less; a longer wait only hides a dead one.',
  },
  tls: {
    doc: 'Longest time for the TLS handshake, timed apart from TCP.',
    why: 'An endpoint that accepts and does not answer is a different fault from one out of reach.',
  },
  upload: {
    doc: 'Longest time in which the upstream takes no byte of the request.',
    why: 'A slow upload is fine, a stalled one is not.',
  },
  firstByte: {
    doc: 'Longest time from the last request byte to the first response byte.',
    why: 'Long prompts are read in silence; anything beyond this is a lost request.',
  },
  byteIdle: {
    doc: 'Longest silence inside an answer.',
    why: 'Reasoning models pause for minutes; a 300 s limit is the best known cause of cut streams.',
  },
  byteIdleAfterPing: {
    doc: 'Replaces byteIdle once the stream has shown a ping or a comment.',
    why: 'A provider that pings and then stops is dead sooner.',
  },
  progressIdle: {
    doc: 'Longest time with nothing but pings inside an answer.',
    why: 'Pings prove a living connection, not a working model.',
  },
  total: {
    doc: 'Longest time for the whole call; never cuts an answer that is producing.',
    why: 'Bounds what a call may hold, without ending work that is alive.',
  },
};

/** One kind of upstream. */
export interface Profile {
  readonly doc: string;
  /** Limits as a person writes them; `none` = no limit. */
  readonly timeouts: Readonly<Record<PhaseName, string>>;
  /** How LLM completions are replayed; everything else is `strict`. */
  readonly completionReplay: ReplayMark;
  /** What happens to the caller's Accept-Encoding on completions. */
  readonly acceptEncoding: 'identity' | 'pass';
}

/** Every profile. */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  'llm-hosted': {
    doc: 'Models behind a provider: long silences, streams of many minutes.',
    timeouts: {
      queue: '10s',
      connect: '2s',
      tls: '3s',
      upload: '30s',
      firstByte: '120s',
      byteIdle: '600s',
      byteIdleAfterPing: '90s',
      progressIdle: '900s',
      total: '30m',
    },
    completionReplay: 'idle-race',
    acceptEncoding: 'identity',
  },
  'llm-local': {
    doc: 'Models on own machines: loading a model may take minutes before the first byte.',
    timeouts: {
      queue: '30s',
      connect: '2s',
      tls: '3s',
      upload: '30s',
      firstByte: '600s',
      byteIdle: '900s',
      byteIdleAfterPing: '900s',
      progressIdle: '1200s',
      total: '60m',
    },
    completionReplay: 'idle-race',
    acceptEncoding: 'identity',
  },
  rest: {
    doc: 'Ordinary HTTP services: answers within seconds, requests that may change state.',
    timeouts: {
      queue: '2s',
      connect: '2s',
      tls: '3s',
      upload: '15s',
      firstByte: '30s',
      byteIdle: '15s',
      byteIdleAfterPing: '15s',
      progressIdle: 'none',
      total: '60s',
    },
    completionReplay: 'strict',
    acceptEncoding: 'pass',
  },
  servicenow: {
    doc: 'ServiceNow: four calls at a time, whole documents, queries of up to a minute.',
    timeouts: {
      // A burst of forty takes ten rounds.
      queue: '60s',
      connect: '10s',
      tls: '10s',
      upload: '15s',
      // Just above the 60 s after which the platform gives a query up by itself.
      firstByte: '65s',
      byteIdle: '30s',
      byteIdleAfterPing: '30s',
      progressIdle: 'none',
      // Its load balancer cuts at five minutes.
      total: '5m',
    },
    completionReplay: 'strict',
    acceptEncoding: 'identity',
  },
  websocket: {
    doc: 'Sessions over WebSockets: they may rest for hours, and pings tell who is still there.',
    timeouts: {
      queue: '2s',
      connect: '2s',
      tls: '3s',
      upload: '15s',
      firstByte: '15s',
      byteIdle: 'none',
      byteIdleAfterPing: 'none',
      progressIdle: 'none',
      total: 'none',
    },
    completionReplay: 'strict',
    acceptEncoding: 'pass',
  },
};
