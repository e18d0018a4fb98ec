// One caller of the simulation: makes a call, takes the answer at its own pace, sometimes leaves,
// and checks everything it was promised. A broken promise is written down, never thrown, so that
// one run shows them all.

import type { Call } from '../../src/core/call.ts';
import type { Caller } from '../../src/core/caller.ts';
import { Cancellation } from '../../src/core/cancellation.ts';
import type { Clock } from '../../src/core/clock.ts';
import { CallError } from '../../src/core/errors.ts';
import { HeaderList } from '../../src/core/header-list.ts';
import type { Service } from '../../src/core/layer.ts';
import { ReplayBody } from '../../src/core/replay-body.ts';
import type { BufferBudget } from '../../src/core/replay-body.ts';
import type { Route } from '../../src/core/route.ts';
import { freeFlow } from '../../src/core/sink.ts';
import type { Flow, Head, Sink } from '../../src/core/sink.ts';
import { Timeline } from '../../src/core/timeline.ts';
import type { Draw } from './draw.ts';
import { requestBody } from './request-bodies.ts';
import { keptBytes } from './simulated-gateway.ts';

/** What the callers of one run share. */
export interface CallerDeps {
  readonly clock: Clock;
  readonly draw: Draw;
  readonly budget: BufferBudget;
  readonly service: Service;
  /** Whole answers to a call, without what `essence` leaves out. */
  readonly wholeAnswers: (plan: CallPlan) => readonly string[];
  /** A promise was broken to the caller of this call. */
  broken(promise: string, id: string): void;
  /** The call is over. */
  done(caller: VirtualCaller): void;
}

/** How one caller behaves. */
export interface CallPlan {
  readonly id: string;
  readonly path: string;
  readonly route: Route;
  readonly caller: Caller;
  /** Characters of input in the request. */
  readonly inputSize: number;
  /** The request comes in so many parts, 1 or more. */
  readonly parts: number;
  /** All parts but the first come within so long, ms. */
  readonly uploadMs: number;
  /** The length of the request is said ahead. */
  readonly sized: boolean;
  /** Leaves after so long, ms; `Infinity` = stays. */
  readonly leavesMs: number;
  /** Its upstream takes requests with a good token only. */
  readonly token: boolean;
  /** Stops reading now and then. */
  readonly slow: boolean;
}

/** One call and its answer. */
export class VirtualCaller implements Sink {
  readonly plan: CallPlan;
  readonly timeline: Timeline;
  status: number = 0;
  error: CallError | undefined = undefined;
  over: boolean = false;
  readonly #deps: CallerDeps;
  readonly #cancellation = new Cancellation();
  readonly #request: Buffer;
  readonly #body: ReplayBody;
  readonly #parts: Buffer[] = [];
  #flow: Flow = freeFlow;
  #paused: boolean = false;
  #left: boolean = false;

  constructor(deps: CallerDeps, plan: CallPlan) {
    this.#deps = deps;
    this.plan = plan;
    this.timeline = new Timeline(deps.clock.now());
    this.#request = requestBody(plan.path, plan.inputSize);
    const declared = plan.sized ? this.#request.length : -1;
    this.#body = new ReplayBody(declared, keptBytes, deps.budget, undefined);
  }

  /** Sends the request in its parts. */
  send(): void {
    const { clock, draw, service } = this.#deps;
    const { plan, timeline } = this;
    const { parts, uploadMs } = plan;
    timeline.routedAt = clock.now();
    let sent = 0;
    let afterMs = 0;
    for (let part = 1; part <= parts; part += 1) {
      const from = sent;
      const until = part === parts ? this.#request.length : draw.whole(from, this.#request.length);
      const upload = (): void => this.#upload(from, until);
      if (part === 1) upload();
      else clock.after(afterMs, upload);
      sent = until;
      afterMs += draw.scale(uploadMs / parts / 100, uploadMs / parts);
    }
    if (Number.isFinite(plan.leavesMs)) clock.after(plan.leavesMs, () => this.#leave());
    service(this.#call(), this);
  }

  interim(): void {}

  start(head: Head, flow: Flow): void {
    this.status = head.status;
    this.#flow = flow;
    this.#body.commit();
    const echo = head.headers.get('x-echo');
    if (echo !== undefined && echo !== this.plan.id) this.#broken('11: the answer of another call');
    if (this.#left) this.#broken('5: an answer after the caller left');
  }

  chunk(bytes: Uint8Array): void {
    this.#parts.push(Buffer.from(bytes));
    const { clock, draw } = this.#deps;
    if (!this.plan.slow || this.#paused || !draw.chance(0.05)) return;
    this.#paused = true;
    this.#flow.pause();
    clock.after(draw.scale(10, 10_000), () => {
      this.#paused = false;
      if (!this.over) this.#flow.resume();
    });
  }

  end(): void {
    this.#settle();
    if (this.status === 200 && !this.#isWhole()) this.#broken('1: a cut answer looks finished');
  }

  fail(error: CallError): void {
    this.error = error;
    this.#settle();
    if (error.code === 'BUG') this.#broken(`a bug: ${error.message}`);
    if (error.code === 'SUPERSEDED') this.#broken('an inner code has reached the caller');
  }

  /** All that came. */
  get text(): string {
    return Buffer.concat(this.#parts).toString('utf8');
  }

  #isWhole(): boolean {
    const heard = essence(this.text);
    // What the upstream has said itself is passed on; it says that it is no whole answer.
    if (this.timeline.progress?.errorType !== undefined) return true;
    return TOLD_AS_ERROR.test(heard) || this.#deps.wholeAnswers(this.plan).includes(heard);
  }

  #upload(from: number, until: number): void {
    if (this.over || this.#left) return;
    if (until > from) this.#body.push(this.#request.subarray(from, until));
    if (until < this.#request.length || this.#body.complete) return;
    this.timeline.receivedAt = this.#deps.clock.now();
    this.#body.finish();
  }

  #leave(): void {
    if (this.over) return;
    this.#left = true;
    const gone = new CallError('CALLER_GONE');
    this.#cancellation.cancel(gone);
    this.#body.fail(gone);
    if (!this.over) this.#broken('5: the caller left and the call went on');
  }

  #settle(): void {
    if (this.over) this.#broken('10: a call ended twice');
    this.over = true;
    this.#body.release();
    this.#deps.done(this);
  }

  #broken(promise: string): void {
    this.#deps.broken(promise, this.plan.id);
  }

  #call(): Call {
    const { plan, timeline } = this;
    return {
      id: plan.id,
      method: 'POST',
      path: plan.path,
      headers: HeaderList.of([
        ['content-type', 'application/json'],
        ...(plan.token ? [['x-wants-token', 'yes'] as const] : []),
        ['x-request-id', plan.id],
        ['x-input-size', String(plan.inputSize)],
        ['x-dialect', plan.route.dialect.name],
      ]),
      body: this.#body,
      route: plan.route,
      caller: plan.caller,
      fingerprint: '',
      deadline: Number.POSITIVE_INFINITY,
      cancellation: this.#cancellation,
      timeline,
      attempt: 1,
    };
  }
}

/** An error that is told inside a stream. */
const TOLD_AS_ERROR = /^data: \{"(?:error"|type":"(?:error|response\.failed)")/m;

/** A stream without pings and comments, whoever they are from, and without what it has cost. */
export function essence(text: string): string {
  return text
    .replace(/event: (?:ping|keepalive)\r?\ndata:[^\n]*\n\r?\n/g, '')
    .replace(/^:[^\n]*\n/gm, '')
    .replace(/"usage":(?:null|\{(?:[^{}]|\{[^{}]*\})*\})/g, '');
}
