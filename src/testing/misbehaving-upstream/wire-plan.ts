// Turns a behaviour and its answer into what goes over the wire: a lazy list of operations, with
// the faults laid in at their points. Pure: no socket, no clock, no randomness.
// Invariant: without faults the operations are one correct HTTP response; after an operation that
// ends the connection or stalls for good there is none.

import type { Answer, Behaviour, Fault, Point, Step } from './behaviour.ts';
import type { WireContext } from './response-head.ts';
import { ResponseHead, fieldLines } from './response-head.ts';

/** One operation of the player. */
export type Op =
  | { readonly do: 'write'; readonly bytes: Buffer; readonly part: 'head' | 'body' }
  | { readonly do: 'wait'; readonly ms: number }
  /** Lets the event loop turn once, so that the next write is a packet of its own. */
  | { readonly do: 'turn' }
  | { readonly do: 'mark'; readonly point: string }
  | { readonly do: 'rst' | 'fin' | 'half-close' | 'stall' | 'silence' }
  /** The answer is complete; `reusable` tells whether its framing allows another. */
  | { readonly do: 'done'; readonly reusable: boolean };

/** All operations of one answer, faults included. */
export function* wireOps(
  behaviour: Behaviour,
  answer: Answer,
  context: WireContext,
): Generator<Op> {
  for (const op of spread(new Wire(behaviour, answer, context).ops(), behaviour)) {
    yield op;
    if (endsAnswer(op)) return;
  }
}

/** Nothing of an answer follows this operation. */
export function endsAnswer(op: Op): boolean {
  return ['rst', 'fin', 'half-close', 'stall', 'silence', 'done'].includes(op.do);
}

class Wire {
  readonly #behaviour: Behaviour;
  readonly #answer: Answer;
  readonly #head: ResponseHead;
  readonly #faults: readonly Fault[];
  #bodySent: number = 0;

  constructor(behaviour: Behaviour, answer: Answer, context: WireContext) {
    const head = new ResponseHead(behaviour, answer, context);
    // A length has to be told before the steps are sent, and some steps can be read only once.
    const counts = head.framing === 'length' && answer.bodyBytes === undefined;
    this.#behaviour = behaviour;
    this.#answer = counts ? { ...answer, steps: [...answer.steps] } : answer;
    this.#head = counts ? new ResponseHead(behaviour, this.#answer, context) : head;
    this.#faults = behaviour.faults ?? [];
  }

  *ops(): Generator<Op> {
    const behaviour = this.#behaviour;
    yield* this.#at('before-head');
    const headAfterMs = (behaviour.thinkMs ?? 0) + (this.#answer.headAfterMs ?? 0);
    if (headAfterMs > 0) yield { do: 'wait', ms: headAfterMs };
    for (const interim of behaviour.interim ?? []) {
      if ((interim.afterMs ?? 0) > 0) yield { do: 'wait', ms: interim.afterMs ?? 0 };
      const text = `HTTP/1.1 ${interim.status} Interim\r\n${fieldLines(interim.headers ?? [])}\r\n`;
      yield { do: 'write', bytes: Buffer.from(text, 'latin1'), part: 'head' };
    }
    yield* this.#headOps();
    yield* this.#at('after-head');
    yield* this.#at('first-event');
    if (!this.#head.bodiless) yield* this.#body();
    yield* this.#at('end');
    if (behaviour.extraBytes !== undefined) yield* this.#write(behaviour.extraBytes, 'body');
    yield { do: 'done', reusable: !this.#head.closes };
  }

  *#headOps(): Generator<Op> {
    const bytes = Buffer.from(this.#behaviour.rawHead ?? this.#head.text(), 'latin1');
    let sent = 0;
    for (const { at, fault } of this.#cuts('head:')) {
      if (at > bytes.length) break;
      yield* this.#write(bytes.subarray(sent, at), 'head');
      sent = at;
      yield* this.#strike(fault);
    }
    yield* this.#write(bytes.subarray(sent), 'head');
  }

  *#body(): Generator<Op> {
    let events = 0;
    let before: Step | undefined;
    // One step behind, so that the last one is known as the terminal one.
    for (const step of this.#steps()) {
      if (before !== undefined) {
        yield* this.#step(before, events);
        events += 1;
        yield* this.#at(`event:${events}`);
      }
      before = step;
    }
    yield* this.#at('before-terminal');
    if (before !== undefined) {
      yield* this.#step(before, events);
      yield* this.#at(`event:${events + 1}`);
    }
    yield* this.#at('before-end');
    if (this.#answer.broken === true) yield { do: 'rst' };
    if (this.#head.framing !== 'chunked') return;
    yield* this.#write(`0\r\n${fieldLines(this.#behaviour.trailers ?? [])}\r\n`, 'body');
  }

  *#steps(): Generator<Step> {
    // A whole JSON answer has no place for an event.
    const errorEvent = isEventStream(this.#answer) ? this.#behaviour.errorEvent : undefined;
    let events = 0;
    for (const step of this.#answer.steps) {
      if (errorEvent !== undefined && events === errorEvent.afterEvents) break;
      if (step.bytes.length === 0) continue;
      yield step;
      events += 1;
    }
    if (errorEvent !== undefined) yield { afterMs: 0, bytes: errorEvent.bytes };
  }

  *#step(step: Step, events: number): Generator<Op> {
    if (step.afterMs > 0) yield { do: 'wait', ms: step.afterMs };
    const bytes = Buffer.from(step.bytes as Uint8Array);
    const { badChunk } = this.#behaviour;
    const chunked = this.#head.framing === 'chunked';
    const bad = chunked && badChunk?.afterEvents === events ? badChunk.how : undefined;
    if (chunked) yield* this.#write(`${badSize(bad, bytes.length)}\r\n`, 'body');
    yield* this.#payload(bytes);
    if (chunked && bad !== 'no-crlf') yield* this.#write('\r\n', 'body');
    if (this.#behaviour.writes === 'each') yield { do: 'turn' };
  }

  *#payload(bytes: Buffer): Generator<Op> {
    const start = this.#bodySent;
    let sent = 0;
    for (const { at, fault } of this.#cuts('byte:')) {
      if (at < start || at >= start + bytes.length) continue;
      yield* this.#write(bytes.subarray(sent, at - start), 'body');
      sent = at - start;
      yield* this.#strike(fault);
    }
    yield* this.#write(bytes.subarray(sent), 'body');
    this.#bodySent = start + bytes.length;
  }

  *#write(bytes: Buffer | string, part: 'head' | 'body'): Generator<Op> {
    if (bytes.length > 0) yield { do: 'write', bytes: Buffer.from(bytes as Uint8Array), part };
  }

  *#at(point: Point): Generator<Op> {
    yield { do: 'mark', point };
    for (const fault of this.#faults) if (fault.at === point) yield* this.#strike(fault);
  }

  *#strike(fault: Fault): Generator<Op> {
    if (fault.do === 'wait') yield { do: 'wait', ms: fault.forMs ?? 0 };
    else {
      yield { do: 'mark', point: fault.at };
      yield { do: fault.do };
    }
  }

  /** Faults at counted points, nearest first. */
  #cuts(prefix: 'head:' | 'byte:'): { at: number; fault: Fault }[] {
    return this.#faults
      .filter((fault) => fault.at.startsWith(prefix))
      .map((fault) => ({ at: Number(fault.at.slice(prefix.length)), fault }))
      .toSorted((a, b) => a.at - b.at);
  }
}

function badSize(how: string | undefined, size: number): string {
  if (how === 'size') return 'xyz';
  if (how === 'negative') return `-${size.toString(16)}`;
  if (how === 'huge') return 'f'.repeat(17);
  return size.toString(16);
}

/** Merges neighbouring writes, or cuts them into a trickle. */
function* spread(ops: Iterable<Op>, behaviour: Behaviour): Generator<Op> {
  const { trickle } = behaviour;
  if (trickle === undefined) {
    yield* behaviour.writes === 'each' ? ops : merged(ops);
    return;
  }
  for (const op of ops) {
    if (op.do !== 'write' || (trickle.part !== 'all' && trickle.part !== op.part)) {
      yield op;
      continue;
    }
    for (let at = 0; at < op.bytes.length; at += trickle.bytes) {
      yield { ...op, bytes: op.bytes.subarray(at, at + trickle.bytes) };
      yield { do: 'wait', ms: trickle.everyMs };
    }
  }
}

/** One write may carry this much before the next begins, so that lazy bodies stay bounded. */
const MERGE_BYTES_MAX = 64 * 1024;

function* merged(ops: Iterable<Op>): Generator<Op> {
  let parts: Buffer[] = [];
  let marks: Op[] = [];
  let bytes = 0;
  for (const op of ops) {
    if (op.do === 'write') {
      parts.push(op.bytes);
      bytes += op.bytes.length;
      if (bytes < MERGE_BYTES_MAX) continue;
    } else if (op.do === 'mark' && parts.length > 0) {
      marks.push(op);
      continue;
    }
    if (parts.length > 0) {
      yield { do: 'write', bytes: Buffer.concat(parts), part: 'body' };
      yield* marks;
      parts = [];
      marks = [];
      bytes = 0;
    }
    if (op.do !== 'write') yield op;
  }
}

function isEventStream({ headers }: Answer): boolean {
  return headers.some(
    ([name, value]) => name.toLowerCase() === 'content-type' && value.includes('event-stream'),
  );
}
