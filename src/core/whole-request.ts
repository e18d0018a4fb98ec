// Reads the body of a call to its end for whoever can do nothing with a part of it. Takes no
// memory of its own: what has come is kept by the call, within the bounds of all bodies, and a body
// that is not kept is refused, or one caller after the other would fill the process.

import type { Call } from './call.ts';
import type { CancelListener } from './cancellation.ts';
import { CallError } from './errors.ts';
import type { BodyReader } from './replay-body.ts';
import type { Sink } from './sink.ts';

/**
 * Gives `take` the whole body, at once or when it has come; the bytes are lent. A caller who
 * leaves, an upload that fails and a body that is too large fail the sink instead. Ends with
 * either.
 */
export function readWhole(call: Call, sink: Sink, take: (body: Uint8Array) => void): void {
  new WholeRequest(call, sink, take).begin();
}

class WholeRequest implements BodyReader, CancelListener {
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #take: (body: Uint8Array) => void;
  readonly #parts: Uint8Array[] = [];
  #over: boolean = false;

  constructor(call: Call, sink: Sink, take: (body: Uint8Array) => void) {
    this.#call = call;
    this.#sink = sink;
    this.#take = take;
  }

  begin(): void {
    const { body, cancellation } = this.#call;
    cancellation.listen(this);
    if (!this.#over) body.open(this);
  }

  bodyBytes(bytes: Uint8Array): boolean {
    if (this.#over) return false;
    this.#parts.push(bytes);
    if (!this.#call.body.replayable) this.#refuse();
    return !this.#over;
  }

  bodyEnd(): void {
    if (!this.#leave()) return;
    const [first = new Uint8Array(), ...rest] = this.#parts;
    this.#take(rest.length === 0 ? first : Buffer.concat(this.#parts));
  }

  bodyFailed(error: CallError): void {
    if (this.#leave()) this.#sink.fail(error);
  }

  cancelled(reason: CallError): void {
    if (!this.#leave()) return;
    this.#call.body.close(this);
    this.#sink.fail(reason);
  }

  /** The body is not kept: it is too large itself, or all of them together are. */
  #refuse(): void {
    if (!this.#leave()) return;
    const { body, route } = this.#call;
    body.close(this);
    const tooLarge = body.receivedBytes > route.replayBytesMax;
    const detail = 'It must be read whole here, and fit limits.replayBytes.';
    this.#sink.fail(
      tooLarge ? new CallError('BODY_TOO_LARGE', { detail }) : new CallError('OVERLOADED'),
    );
  }

  /** Ends the reading; answers `false` when it was over. */
  #leave(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#call.cancellation.unlisten(this);
    return true;
  }
}
