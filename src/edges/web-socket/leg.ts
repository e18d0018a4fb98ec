// One of the two connections of a session: its messages, its pulse, its backlog, and how it ends.
// Speaks `ws`; knows nothing of the other leg. Pings are its own and are not passed on.
// Invariant: its owner hears `legGone` once, or has itself called `leave` or `terminate`.

import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import { CloseCode } from './close-codes.ts';
import type { LegFault, LegSide } from './close-codes.ts';
import { Liveness } from './liveness.ts';
import type { WebSocketOptions } from './options.ts';
import { Outflow } from './outflow.ts';
import type { HeldBytes, OutflowOwner } from './outflow.ts';
import { WriteWatch } from './write-watch.ts';
import type { WriteState } from './write-watch.ts';

/** Hears of one leg. */
export interface LegOwner {
  /** A whole message; the bytes become the owner's. */
  legMessage(leg: Leg, data: Buffer, binary: boolean): void;
  /** Less waits for it than before. */
  legFlushed(leg: Leg): void;
  /** It has become useless; `legGone` follows when its connection is closed. */
  legBroke(leg: Leg, fault: LegFault): void;
  /** Its connection is closed. `code` and `reason` are those of the peer's close frame. */
  legGone(leg: Leg, code: number, reason: Buffer): void;
}

/** What all legs share. */
export interface LegParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly options: WebSocketOptions;
  readonly held: HeldBytes;
}

const tooBig: ReadonlySet<unknown> = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
]);

/** One open connection. */
export class Leg implements OutflowOwner {
  readonly side: LegSide;
  /** Its connection is closed, or will be without our doing. */
  gone: boolean = false;
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #owner: LegOwner;
  readonly #outflow: Outflow;
  readonly #liveness: Liveness;
  readonly #writes: WriteWatch;
  /** Bytes came since the last sweep. */
  #heard: boolean = false;
  /** It is to be closed, so what it says no longer matters. */
  #ending: boolean = false;
  /** Its close frame waits for the messages in front of it. */
  #lastWords: { readonly code: number | undefined; readonly reason: Buffer } | undefined =
    undefined;

  constructor(side: LegSide, ws: WebSocket, socket: Socket, owner: LegOwner, parts: LegParts) {
    const now = parts.clock.now();
    this.side = side;
    this.#ws = ws;
    this.#socket = socket;
    this.#owner = owner;
    this.#outflow = new Outflow(ws, this, parts.options.pieceBytes, parts.held);
    this.#liveness = new Liveness(parts.options, parts.random, now);
    this.#writes = new WriteWatch(parts.options.stallMs, now);
    ws.on('message', (data, isBinary) => {
      if (!this.#ending) owner.legMessage(this, data as Buffer, isBinary);
    });
    ws.on('error', (error: NodeJS.ErrnoException) => this.#broke(error));
    ws.on('close', (code, reason) => this.#closed(code, reason));
    // Not only whole frames: a long message on a slow path is a sign of life as well.
    socket.on('data', () => {
      this.#heard = true;
    });
  }

  get backlogBytes(): number {
    return this.#outflow.backlogBytes;
  }

  /** We do not read it. */
  get paused(): boolean {
    return this.#ws.isPaused;
  }

  send(data: Buffer, binary: boolean): void {
    if (!this.#ending) this.#outflow.send(data, binary);
  }

  /** Reads nothing more; messages that were read already still come. */
  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  flushed(): void {
    if (this.gone) return;
    if (this.#lastWords !== undefined) this.#sayLastWords();
    else this.#owner.legFlushed(this);
  }

  /** Closes it properly: what waits is sent, then the close frame; `legGone` follows. */
  finish(code: number | undefined, reason: Buffer): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#lastWords = { code, reason };
    // A leg that is not read would not see the peer's answer.
    this.resume();
    this.#sayLastWords();
  }

  /** Closes it at once: says `code` when the kernel has room for it. No `legGone` follows. */
  leave(code: number, reason: Buffer): void {
    if (this.gone) return;
    const speaks = this.#outflow.empty && this.#ws.readyState === WebSocket.OPEN;
    if (!speaks) {
      this.terminate();
      return;
    }
    this.#over();
    this.#ws.close(code, reason);
    this.#socket.destroySoon();
  }

  /** Cuts it. No `legGone` follows. */
  terminate(): void {
    if (this.gone) return;
    this.#over();
    this.#ws.terminate();
  }

  /** Whether it has to be given up; pings where that is due. */
  sweep(now: number): 'silent' | 'stalled' | undefined {
    if (this.gone) return undefined;
    // Nearly all sessions rest nearly always: then there is nothing to look at.
    const waits = this.#writes.waiting || !this.#outflow.empty;
    const writes = waits ? this.#lookAtWrites(now) : 'idle';
    if (writes === 'stalled') return 'stalled';
    // While we do not read it nothing can be heard; its peer, whose backlog is the cause, is
    // watched by that.
    if (this.#heard || writes === 'moving' || this.#ws.isPaused) {
      this.#heard = false;
      this.#liveness.heard(now);
      return undefined;
    }
    const pulse = this.#liveness.look(now);
    if (pulse === 'ping' && this.#ws.readyState === WebSocket.OPEN) this.#ws.ping();
    return pulse === 'silent' ? 'silent' : undefined;
  }

  #lookAtWrites(now: number): WriteState {
    const { backlogBytes, flushes } = this.#outflow;
    return this.#writes.look(now, backlogBytes, flushes);
  }

  #sayLastWords(): void {
    const words = this.#lastWords;
    if (words === undefined || !this.#outflow.empty) return;
    this.#lastWords = undefined;
    if (words.code === undefined) this.#ws.close();
    else this.#ws.close(words.code, words.reason);
  }

  /** The peer broke the protocol; `ws` has told it so and closes. */
  #broke(error: NodeJS.ErrnoException): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#owner.legBroke(this, tooBig.has(error.code) ? 'too-big' : 'protocol');
  }

  #closed(code: number, reason: Buffer): void {
    if (this.gone) return;
    // Cut is also who was to be closed but has not got all that waited for it.
    const cut = code === CloseCode.cut && (!this.#ending || this.#lastWords !== undefined);
    this.#over();
    if (cut) this.#owner.legBroke(this, 'cut');
    this.#owner.legGone(this, code, reason);
  }

  #over(): void {
    this.gone = true;
    this.#ending = true;
    this.#lastWords = undefined;
    this.#outflow.drop();
  }
}
