// What every encoder does before its format: leaves thoughts out that nobody asked for, gives
// calls the caller's own names, joins characters that a server split over two deltas, adds up
// token counts, and decides between `stop` and `tool-calls` by what was seen, because servers
// report `stop` after calls and `tool_calls` after none.
// Invariant: closing events are written at `end` only, so that a cut answer stays cut.

import type { AnswerEncoder, AnswerEvent, AskedFor, FinishReason, Usage } from './answer-events.ts';
import type { AnswerWriter } from './answer-writer.ts';
import { withoutHalf } from './surrogates.ts';
import { mergedUsage, noUsage } from './usage-counts.ts';

/** An encoder of the format that `writer` knows. */
export class ShapedEncoder implements AnswerEncoder {
  readonly contentType: string;
  readonly #writer: AnswerWriter;
  readonly #asked: AskedFor;
  #started: boolean = false;
  #over: boolean = false;
  #sawCall: boolean = false;
  #reason: FinishReason = 'stop';
  #stopSequence: string | undefined = undefined;
  #usage: Usage = noUsage;
  /** The first half of a character that ended the last delta of a text or thought. */
  #half: string = '';
  #halfKey: string = '';
  #halfIsText: boolean = true;
  /** The same for the arguments of each call, which may interleave. */
  readonly #callHalves: Map<string, string> = new Map();

  constructor(writer: AnswerWriter, asked: AskedFor, contentType: string) {
    this.#writer = writer;
    this.#asked = asked;
    this.contentType = contentType;
  }

  get place(): AnswerEncoder['place'] {
    return this.#writer.place;
  }

  get failure(): AnswerEncoder['failure'] {
    return this.#writer.failure;
  }

  write(event: AnswerEvent): string {
    if (this.#over) return '';
    this.#take(event);
    const { failure } = this.#writer;
    if (failure !== undefined && !this.#over) this.#take({ type: 'error', error: failure });
    return this.#writer.take();
  }

  #take(event: AnswerEvent): void {
    const writer = this.#writer;
    switch (event.type) {
      case 'text':
        this.#start('');
        this.#prose(event.key, event.delta, true);
        break;
      case 'tool-arguments':
        this.#callArguments(event.key, event.delta);
        break;
      case 'reasoning':
        if (this.#asked.wantsReasoning) this.#thought(event.key, event.delta, event.signature);
        break;
      case 'start':
        this.#start(event.id);
        break;
      case 'tool-start':
        this.#start('');
        this.#flushProse();
        this.#sawCall = true;
        writer.toolStart(event.key, event.id, this.#asked.toolNames.get(event.name) ?? event.name);
        break;
      case 'tool-end':
        this.#flushCall(event.key);
        writer.toolEnd(event.key);
        break;
      case 'usage':
        this.#usage = mergedUsage(this.#usage, event.usage);
        break;
      case 'ping':
        writer.ping();
        break;
      case 'finish':
        this.#reason = event.reason;
        this.#stopSequence = event.stopSequence;
        break;
      case 'error':
        this.#over = true;
        writer.error(event.error);
        break;
      case 'end':
        this.#end();
        break;
    }
  }

  #start(id: string): void {
    if (this.#started) return;
    this.#started = true;
    this.#writer.start(id);
  }

  #end(): void {
    this.#start('');
    this.#flushProse();
    this.#over = true;
    const reason = this.#finalReason();
    const stopSequence = reason === 'stop-sequence' ? this.#stopSequence : undefined;
    this.#writer.end({ reason, stopSequence, usage: this.#usage });
  }

  #finalReason(): FinishReason {
    switch (this.#reason) {
      case 'stop':
      case 'stop-sequence':
      case 'pause':
        return this.#sawCall ? 'tool-calls' : this.#reason;
      case 'tool-calls':
        return this.#sawCall ? 'tool-calls' : 'stop';
      default:
        return this.#reason;
    }
  }

  #thought(key: string, delta: string, signature: string | undefined): void {
    this.#start('');
    this.#prose(key, delta, false);
    if (signature === undefined) return;
    if (this.#halfKey === key) this.#flushProse();
    this.#writer.reasoning(key, '', signature);
  }

  #prose(key: string, delta: string, isText: boolean): void {
    let whole = delta;
    if (this.#half !== '') {
      if (this.#halfKey === key && this.#halfIsText === isText) {
        whole = this.#half + delta;
        this.#half = '';
      } else this.#flushProse();
    }
    const joined = withoutHalf(whole);
    if (joined !== whole) {
      this.#half = whole.slice(-1);
      this.#halfKey = key;
      this.#halfIsText = isText;
    }
    if (joined === '') return;
    if (isText) this.#writer.text(key, joined);
    else this.#writer.reasoning(key, joined, undefined);
  }

  /** A half whose other half did not come is written as it is. */
  #flushProse(): void {
    const half = this.#half;
    if (half === '') return;
    this.#half = '';
    if (this.#halfIsText) this.#writer.text(this.#halfKey, half);
    else this.#writer.reasoning(this.#halfKey, half, undefined);
  }

  #callArguments(key: string, delta: string): void {
    const half = this.#callHalves.get(key);
    const whole = half === undefined ? delta : half + delta;
    const joined = withoutHalf(whole);
    if (joined !== whole) this.#callHalves.set(key, whole.slice(-1));
    else if (half !== undefined) this.#callHalves.delete(key);
    if (joined !== '') this.#writer.toolArguments(key, joined);
  }

  #flushCall(key: string): void {
    const half = this.#callHalves.get(key);
    if (half === undefined) return;
    this.#callHalves.delete(key);
    this.#writer.toolArguments(key, half);
  }
}
