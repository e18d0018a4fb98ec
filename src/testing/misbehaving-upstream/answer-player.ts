// Plays the operations of one answer on a socket, keeping to its pace and its backpressure.
// Refuses to end anything itself: the operation that ends the answer goes to `over`, after all
// bytes before it are with the kernel. Invariant: `over` is called at most once, never after
// `stop`.

import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../core/clock.ts';
import type { SeenRequest } from './seen.ts';
import type { Op } from './wire-plan.ts';
import { endsAnswer } from './wire-plan.ts';

/** Plays one answer. Ends by `over` or `stop`. */
export class AnswerPlayer {
  readonly #socket: Socket;
  readonly #ops: Iterator<Op>;
  readonly #clock: Clock;
  readonly #seen: SeenRequest;
  readonly #over: (op: Op) => void;
  readonly #onWritten: () => void;
  #timer: Timer | undefined = undefined;
  #unwritten: number = 0;
  #last: Op | undefined = undefined;
  #stopped: boolean = false;

  constructor(
    socket: Socket,
    ops: Iterator<Op>,
    clock: Clock,
    seen: SeenRequest,
    over: (op: Op) => void,
  ) {
    this.#socket = socket;
    this.#ops = ops;
    this.#clock = clock;
    this.#seen = seen;
    this.#over = over;
    this.#onWritten = () => {
      this.#unwritten -= 1;
      this.#tryOver();
    };
  }

  /** Plays on until it has to wait. */
  play(): void {
    while (!this.#stopped) {
      const next = this.#ops.next();
      if (next.done === true) return;
      if (!this.#perform(next.value)) return;
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** `false` when the next operation has to wait. */
  #perform(op: Op): boolean {
    switch (op.do) {
      case 'mark':
        this.#seen.point = op.point;
        return true;
      case 'write':
        return this.#write(op.bytes);
      case 'wait':
        this.#timer = this.#clock.after(op.ms, () => this.play());
        return false;
      case 'turn':
        this.#clock.nextTurn(() => this.play());
        return false;
      default:
        if (!endsAnswer(op)) throw new Error(`unknown operation ${op.do}`);
        this.#last = op;
        this.#tryOver();
        return false;
    }
  }

  #write(bytes: Buffer): boolean {
    if (!this.#socket.writable) return false;
    this.#seen.sentBytes += bytes.length;
    this.#unwritten += 1;
    if (this.#socket.write(bytes, this.#onWritten)) return true;
    this.#socket.once('drain', () => this.play());
    return false;
  }

  #tryOver(): void {
    const last = this.#last;
    if (last === undefined || this.#unwritten > 0 || this.#stopped) return;
    this.#stopped = true;
    this.#over(last);
  }
}
