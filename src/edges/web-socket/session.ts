// Two legs as one call: messages pass whole and in order, each side is read no faster than the
// other takes, and the end of one leg ends the other. The call ends with the last of both.
// Memory is bounded per direction: one message, `backlogBytes`, and for the instant in which a
// message is joined its bytes once more.
// Invariant: the sink hears one `end` or `fail`, and then the lease is back and nothing is swept.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Call } from '../../core/call.ts';
import type { CancelListener } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import type { Lease, Leases } from '../../core/leases.ts';
import type { Sink } from '../../core/sink.ts';
import type { Sweep, Swept } from '../../core/sweep.ts';
import { NEVER } from '../../core/timeline.ts';
import { CloseCode, closeLabel, legLosses, passedOn } from './close-codes.ts';
import type { LegFault, LegSide } from './close-codes.ts';
import { Leg } from './leg.ts';
import type { LegOwner, LegParts } from './leg.ts';
import type { ClosedBy, WebSocketObserver } from './web-socket-observer.ts';

/** What all sessions of one proxy share. */
export interface SessionParts extends LegParts {
  readonly sweep: Sweep;
  readonly leases: Leases;
  readonly observer: WebSocketObserver;
  /** Every session that is not over. */
  readonly sessions: Set<Session>;
}

/** One session, for the debug view. */
export interface SessionView {
  readonly id: string;
  readonly route: string;
  readonly upstream: string;
  readonly ageMs: number;
  readonly bytesToCaller: number;
  readonly bytesToUpstream: number;
  /** Bytes that wait, and which leg is not read because of those that wait for the other. */
  readonly waitsForCaller: number;
  readonly waitsForUpstream: number;
  readonly paused: LegSide | 'both' | 'none';
}

/** Below this share of the limit the other side is read again. */
const RESUME_SHARE = 0.25;

/** One session, from the upstream's 101 to the last byte. */
export class Session implements LegOwner, CancelListener, Swept {
  sweepIndex: number = -1;
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #parts: SessionParts;
  readonly #lease: Lease;
  readonly #openedAt: number;
  readonly #upstream: Leg;
  #caller: Leg | undefined = undefined;
  /** Who ended it, how, and what that makes of the call. */
  #closedBy: ClosedBy | undefined = undefined;
  #code: number = CloseCode.cut;
  #error: CallError | undefined = undefined;
  #drain: CallError | undefined = undefined;
  #drainAt: number = NEVER;
  #over: boolean = false;

  /** The upstream is not read before the caller's leg stands. */
  constructor(
    call: Call,
    sink: Sink,
    upstream: { readonly ws: WebSocket; readonly socket: Socket; readonly lease: Lease },
    parts: SessionParts,
  ) {
    this.#call = call;
    this.#sink = sink;
    this.#parts = parts;
    this.#lease = upstream.lease;
    this.#openedAt = parts.clock.now();
    upstream.ws.pause();
    this.#upstream = new Leg('upstream', upstream.ws, upstream.socket, this, parts);
    parts.sessions.add(this);
    parts.sweep.add(this);
    call.cancellation.listen(this);
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** The caller's handshake is done: the two are one. */
  join(ws: WebSocket, socket: Socket): void {
    this.#caller = new Leg('caller', ws, socket, this, this.#parts);
    this.#upstream.resume();
    this.#parts.observer.opened(this.#call.route.upstream);
  }

  /** The caller left before its handshake could be done. */
  callerMissing(): void {
    this.#endBoth(new CallError('CALLER_GONE'), 'caller', CloseCode.goingAway);
  }

  /** Ends now; both peers are told to come back. */
  abandon(reason: CallError): void {
    this.#endBoth(reason, 'gateway', CloseCode.restart);
  }

  cancelled(reason: CallError): void {
    if (reason.code === 'DRAINING' && this.#caller !== undefined) {
      const { clock, random, options } = this.#parts;
      this.#drain = reason;
      this.#drainAt = clock.now() + options.drainSpreadMs * random.next();
      return;
    }
    const drains = reason.code === 'DRAINING';
    this.#endBoth(reason, 'gateway', drains ? CloseCode.restart : CloseCode.failed);
  }

  legMessage(leg: Leg, data: Buffer, binary: boolean): void {
    const to = leg === this.#upstream ? this.#caller : this.#upstream;
    if (to === undefined) return;
    const { timeline, route } = this.#call;
    const now = this.#parts.clock.now();
    if (leg === this.#upstream) {
      timeline.responseBytes += data.length;
      timeline.lastByteAt = now;
      timeline.lastProgressAt = now;
    } else timeline.requestBytes += data.length;
    this.#parts.observer.message(route.upstream, to.side, data.length);
    to.send(data, binary);
    if (to.backlogBytes > this.#backlogMax() && !leg.paused && !leg.gone) this.#hold(leg, now);
  }

  legFlushed(leg: Leg): void {
    const from = leg === this.#upstream ? this.#caller : this.#upstream;
    if (from === undefined || !from.paused) return;
    if (leg.backlogBytes > this.#parts.options.backlogBytes * RESUME_SHARE) return;
    if (from === this.#upstream) this.#call.timeline.resume(this.#parts.clock.now());
    from.resume();
  }

  legBroke(leg: Leg, fault: LegFault): void {
    const { code, detail, tell } = legLosses[leg.side][fault];
    const limit = `The limit is ${this.#parts.options.messageBytes} bytes.`;
    const words = fault === 'too-big' ? limit : detail;
    const error = new CallError(code, { detail: words, phase: 'stream' });
    if (this.#closedBy !== undefined) {
      this.#error ??= error;
      return;
    }
    this.#end(leg.side, fault === 'too-big' ? CloseCode.tooBig : CloseCode.cut, error);
    this.#other(leg)?.finish(tell, Buffer.from(code));
  }

  legGone(leg: Leg, code: number, reason: Buffer): void {
    if (this.#closedBy === undefined) {
      this.#end(leg.side, code, undefined);
      this.#other(leg)?.finish(passedOn(code), reason);
    }
    if (this.#upstream.gone && this.#caller?.gone !== false) this.#settle();
  }

  sweep(now: number): void {
    if (this.#drain !== undefined && now >= this.#drainAt) this.#startDrain(this.#drain);
    this.#look(this.#caller, now);
    if (!this.#over) this.#look(this.#upstream, now);
  }

  view(): SessionView {
    const { id, route, timeline } = this.#call;
    const caller = this.#caller?.paused === true;
    const upstream = this.#upstream.paused;
    const one = caller ? 'caller' : 'upstream';
    return {
      id,
      route: route.name,
      upstream: route.upstream,
      ageMs: this.#parts.clock.now() - this.#openedAt,
      bytesToCaller: timeline.responseBytes,
      bytesToUpstream: timeline.requestBytes,
      waitsForCaller: this.#caller?.backlogBytes ?? 0,
      waitsForUpstream: this.#upstream.backlogBytes,
      paused: caller && upstream ? 'both' : caller || upstream ? one : 'none',
    };
  }

  #backlogMax(): number {
    const { options, held } = this.#parts;
    return held.total > options.backlogTotalBytes ? 0 : options.backlogBytes;
  }

  #hold(leg: Leg, now: number): void {
    leg.pause();
    // Time in which we do not read it is not its silence.
    if (leg === this.#upstream) this.#call.timeline.pause(now);
  }

  #other(leg: Leg): Leg | undefined {
    return leg === this.#upstream ? this.#caller : this.#upstream;
  }

  #look(leg: Leg | undefined, now: number): void {
    const fault = leg?.sweep(now);
    if (leg === undefined || fault === undefined) return;
    const { observer } = this.#parts;
    const { upstream } = this.#call.route;
    if (fault === 'silent') observer.zombie(upstream, leg.side);
    else observer.stalled(upstream, leg.side);
    const { code, detail, tell } = legLosses[leg.side][fault];
    const error = new CallError(code, { detail, phase: 'stream' });
    if (this.#closedBy === undefined) this.#end(leg.side, CloseCode.cut, error);
    // In mid-close it matters only to a leg that has not got all that waited for it.
    else if (leg.backlogBytes > 0) this.#error ??= error;
    leg.terminate();
    this.#other(leg)?.leave(tell, Buffer.from(code));
    this.#settle();
  }

  #startDrain(reason: CallError): void {
    this.#drain = undefined;
    if (this.#closedBy !== undefined) return;
    this.#end('gateway', CloseCode.restart, reason);
    const words = Buffer.from(reason.code);
    this.#caller?.finish(CloseCode.restart, words);
    this.#upstream.finish(CloseCode.restart, words);
  }

  #endBoth(error: CallError, by: ClosedBy, code: number): void {
    if (this.#over) return;
    if (this.#closedBy === undefined) this.#end(by, code, error);
    else this.#error ??= error;
    const words = Buffer.from(error.code);
    this.#caller?.leave(code, words);
    this.#upstream.leave(code === CloseCode.failed ? CloseCode.goingAway : code, words);
    this.#settle();
  }

  #end(by: ClosedBy, code: number, error: CallError | undefined): void {
    this.#closedBy = by;
    this.#code = code;
    this.#error = error;
  }

  #settle(): void {
    if (this.#over) return;
    this.#over = true;
    const { sweep, leases, observer, sessions, clock } = this.#parts;
    const { cancellation, route } = this.#call;
    sweep.remove(this);
    cancellation.unlisten(this);
    sessions.delete(this);
    leases.release(this.#lease);
    if (this.#caller !== undefined) {
      const lifeMs = clock.now() - this.#openedAt;
      observer.closed(route.upstream, closeLabel(this.#code), this.#closedBy ?? 'gateway', lifeMs);
    }
    if (this.#error === undefined) this.#sink.end();
    else this.#sink.fail(this.#error);
  }
}
