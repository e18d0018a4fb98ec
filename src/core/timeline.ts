// When each thing happened to one call, in a few number slots: no event list, no allocation.
// Retried attempts overwrite the wire slots; `attempts` says how many there were.

import type { Progress } from './dialect.ts';
import type { Phase } from './error-row.ts';

/** A slot that has not happened. */
export const NEVER = -1;

/** Monotonic milliseconds of each instant of a call, or `NEVER`. */
export class Timeline {
  /** First byte of the request head arrived. */
  readonly startedAt: number;
  /** The head was understood and a route chosen. */
  routedAt: number = NEVER;
  /** The caller's last body byte arrived. */
  receivedAt: number = NEVER;
  /** It was given its slot at an upstream; the time before, from `routedAt` on, is queueing. */
  admittedAt: number = NEVER;
  /** The current attempt asked for a connection. */
  acquiredAt: number = NEVER;
  /** The TCP connection of a fresh socket stood. */
  connectedAt: number = NEVER;
  /** The TLS handshake of a fresh socket was done. */
  securedAt: number = NEVER;
  /** The first byte of the request was about to be written. */
  firstWriteAt: number = NEVER;
  /** The last time the upstream took upload bytes. */
  uploadProgressAt: number = NEVER;
  /** The last byte of the request was handed to the kernel. */
  sentAt: number = NEVER;
  /** The first byte of the final response head arrived. */
  firstByteAt: number = NEVER;
  /** The head was passed to the caller's side: attempts can no longer be replaced. */
  committedAt: number = NEVER;
  /** The last upstream byte so far. */
  lastByteAt: number = NEVER;
  /** The last sign of real progress (content, not ping or comment). */
  lastProgressAt: number = NEVER;
  /** Set while we hold the upstream back ourselves; its idle limits stand still. */
  pausedAt: number = NEVER;
  /** Set while the call rests between two attempts; the wire slots are those of the one before. */
  backoffSince: number = NEVER;
  /** The call was over. */
  endedAt: number = NEVER;

  /** Tries at an endpoint, the first included. */
  attempts: number = 0;
  /** Replays on a fresh connection by the replay ladder. */
  replays: number = 0;
  /** The last attempt used a connection that had served a request before. */
  reused: boolean = false;
  /** Name of the upstream whose slot the call holds, '' before and without admission. */
  admittedTo: string = '';
  /** Time spent waiting between attempts, in ms. */
  backoffMs: number = 0;
  /** How many requests this connection had served before the last attempt. */
  connectionUses: number = 0;
  /** Name of the upstream of the last attempt, '' before one was chosen. */
  upstream: string = '';
  /** `host:port` of the last attempt. */
  endpoint: string = '';
  /** Bytes from the caller, body only. */
  requestBytes: number = 0;
  /** Bytes from the upstream, body only, after transfer decoding. */
  responseBytes: number = 0;
  /** What the last attempt's answer has meant so far; set by the `meaning` layer at the head. */
  progress: Progress | undefined = undefined;
  /** Status of the last attempt's answer, converted where the call was; 0 before its head. */
  upstreamStatus: number = 0;
  /** Status passed to the caller, 0 before the head. */
  status: number = 0;
  /** The model it asks for, '' where it is not known. In the words of the caller: no safe label. */
  askedModel: string = '';
  /** Id of the running call whose answer this one was given; '' for a call of its own. */
  twinOf: string = '';

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  /** Forgets the wire slots before a further attempt. */
  beginAttempt(now: number): void {
    this.attempts += 1;
    this.acquiredAt = now;
    this.connectedAt = NEVER;
    this.securedAt = NEVER;
    this.firstWriteAt = NEVER;
    this.uploadProgressAt = NEVER;
    this.sentAt = NEVER;
    this.firstByteAt = NEVER;
    this.lastByteAt = NEVER;
    this.lastProgressAt = NEVER;
    this.pausedAt = NEVER;
    this.backoffSince = NEVER;
    this.responseBytes = 0;
    this.progress = undefined;
    this.upstreamStatus = 0;
  }

  /**
   * The phase the call is in now. `awaitsCaller`: whoever reads its body has had all that came, and
   * the caller has not sent the rest.
   */
  phase(awaitsCaller: boolean): Phase {
    if (this.routedAt === NEVER) return this.receivedAt === NEVER ? 'send' : 'route';
    if (this.backoffSince !== NEVER) return 'wait';
    if (this.acquiredAt === NEVER) {
      if (awaitsCaller) return 'send';
      return this.admittedAt === NEVER ? 'admit' : 'connect';
    }
    if (this.firstByteAt !== NEVER) return 'stream';
    if (this.firstWriteAt === NEVER) return 'connect';
    return this.sentAt === NEVER ? 'send' : 'wait';
  }

  /**
   * Shows the wire of `other`, whose answer this call is given as well. What happened there before
   * `since` is put at that time: to this caller it was done when it came.
   */
  copyWire(other: Timeline, since: number): void {
    this.admittedAt = notBefore(since, other.admittedAt);
    this.acquiredAt = notBefore(since, other.acquiredAt);
    this.connectedAt = notBefore(since, other.connectedAt);
    this.securedAt = notBefore(since, other.securedAt);
    this.firstWriteAt = notBefore(since, other.firstWriteAt);
    this.uploadProgressAt = notBefore(since, other.uploadProgressAt);
    this.sentAt = notBefore(since, other.sentAt);
    this.firstByteAt = notBefore(since, other.firstByteAt);
    this.lastByteAt = notBefore(since, other.lastByteAt);
    this.lastProgressAt = notBefore(since, other.lastProgressAt);
    this.attempts = other.attempts;
    this.replays = other.replays;
    this.reused = other.reused;
    this.connectionUses = other.connectionUses;
    this.endpoint = other.endpoint;
    this.upstream = other.upstream;
    this.backoffSince = notBefore(since, other.backoffSince);
    this.backoffMs = other.backoffMs;
    this.responseBytes = other.responseBytes;
    this.progress = other.progress;
    this.upstreamStatus = other.upstreamStatus;
  }

  /** We hold the upstream back from now on. */
  pause(now: number): void {
    if (this.pausedAt === NEVER) this.pausedAt = now;
  }

  /** The upstream may go on. Time we held it back is not its silence, so the marks move along. */
  resume(now: number): void {
    if (this.pausedAt === NEVER) return;
    const held = now - this.pausedAt;
    this.pausedAt = NEVER;
    if (this.lastByteAt !== NEVER) this.lastByteAt += held;
    if (this.lastProgressAt !== NEVER) this.lastProgressAt += held;
  }
}

function notBefore(since: number, at: number): number {
  return at === NEVER ? NEVER : Math.max(since, at);
}
