// One request and its response, between a caller's connection and the stack. Turns the grammar into
// acts on the caller's side: head, body, clean end, or a cut that cannot be taken for an end.
// Shared by both HTTP edges; knows no sockets. Invariant: the caller's side hears `finish` or `cut`
// exactly once, and the call is cancelled whenever the caller leaves before that.

import type { Call } from '../../core/call.ts';
import { Cancellation } from '../../core/cancellation.ts';
import type { Dialect } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Lease } from '../../core/leases.ts';
import { ReplayBody } from '../../core/replay-body.ts';
import type { BodySource, BufferOwner } from '../../core/replay-body.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import { freeFlow } from '../../core/sink.ts';
import { Timeline } from '../../core/timeline.ts';
import type { RequestHead } from '../../http1/head.ts';
import type { EdgeDeps } from './edge-options.ts';
import { errorAnswer } from './error-answer.ts';
import type { BodyMode } from './response-plan.ts';
import type { Router } from './router.ts';
import type { UpgradeRefusal } from './upgrade.ts';

/** Where an exchange says its response. */
export interface ResponseSide {
  interim(head: Head): void;
  /** Answers how the body goes out. */
  head(request: RequestHead, head: Head, callId: string): BodyMode;
  /** The bytes are lent. */
  body(bytes: Uint8Array): void;
}

/** The caller's connection as an exchange sees it. */
export interface CallerSide extends BodySource {
  readonly response: ResponseSide;
  /** The response is whole. */
  finish(trailers: HeaderList | undefined): void;
  /** The response will never be whole; end so that no client can take it for whole. */
  cut(): void;
  /** The call was answered with 101. What it returns stands in this one's place from now on. */
  upgrade(callId: string, head: Head): CallerSide;
}

const NO_BODY = ReplayBody.none();

/** One exchange. Over when `over` is true; the edge then goes on to the next request. */
export class Exchange implements Sink, BufferOwner {
  readonly request: RequestHead;
  readonly body: ReplayBody;
  readonly timeline: Timeline;
  readonly id: string;
  over: boolean = false;
  headSent: boolean = false;
  readonly #deps: EdgeDeps;
  readonly #router: Router;
  #side: CallerSide;
  readonly #cancellation = new Cancellation();
  #call: Call | undefined = undefined;
  #flow: Flow = freeFlow;
  #held: boolean = false;
  /** For what is kept of the upload. */
  #buffer: Lease | undefined = undefined;
  /** The head said how long the body is: words of ours could fill it up and make it look whole. */
  #lengthSaid: boolean = false;
  /** What the upgrade handler said of the request; asked once, before the first `resolve`. */
  #upgrade: 'plain' | 'expected' | undefined = undefined;

  constructor(
    deps: EdgeDeps,
    router: Router,
    request: RequestHead,
    side: CallerSide,
    startedAt: number,
  ) {
    this.#deps = deps;
    this.#router = router;
    this.#side = side;
    this.request = request;
    this.timeline = new Timeline(startedAt);
    this.id = deps.callIds.next();
    if (request.framing === 'none' || request.contentLength === 0) {
      this.body = NO_BODY;
      this.timeline.receivedAt = startedAt;
    } else {
      const keepMax = router.keepBytesMax(request);
      this.body = new ReplayBody(request.contentLength, keepMax, deps.bodyBudget, side, this);
    }
  }

  /** A route was found and the stack has the call. */
  get dispatched(): boolean {
    return this.#call !== undefined;
  }

  bufferTaken(): void {
    this.#buffer = this.#deps.leases.take('buffer', this.id);
  }

  bufferGivenBack(): void {
    if (this.#buffer !== undefined) this.#deps.leases.release(this.#buffer);
  }

  /** Asks the router; does nothing once dispatched. */
  dispatch(): void {
    if (this.#call !== undefined || this.over || !this.#mayGoOn()) return;
    const resolution = this.#router.resolve(this.request, this.body);
    if (resolution === undefined) return;
    this.timeline.routedAt = this.#deps.clock.now();
    const call: Call = {
      id: this.id,
      method: this.request.method,
      path: resolution.path,
      headers: resolution.headers,
      body: this.body,
      route: resolution.route,
      caller: resolution.caller,
      fingerprint: resolution.fingerprint,
      deadline: Infinity,
      cancellation: this.#cancellation,
      timeline: this.timeline,
      attempt: 1,
      replays: undefined,
    };
    this.#call = call;
    try {
      resolution.service(call, this);
    } catch (bug) {
      const error = new CallError('BUG', { cause: bug });
      this.#cancellation.cancel(error);
      this.fail(error);
      throw bug;
    }
  }

  /** More of the body; the bytes become ours. */
  bodyBytes(bytes: Uint8Array): void {
    this.timeline.requestBytes += bytes.length;
    this.body.push(bytes);
    this.dispatch();
  }

  /** The last of the body came at `now`. */
  bodyEnd(now: number): void {
    this.timeline.receivedAt = now;
    this.body.finish();
    this.dispatch();
  }

  /** The caller closed its connection. */
  callerGone(detail: string): void {
    const phase = this.timeline.phase(this.body.awaitsCaller);
    this.stop(new CallError('CALLER_GONE', { detail, phase }));
  }

  /** Ends the exchange for a reason that lies with the edge or the caller. */
  stop(error: CallError): void {
    if (this.over) return;
    if (this.#call === undefined) {
      this.#noteRefusal(error);
      this.fail(error);
      return;
    }
    this.#cancellation.cancel(error);
    this.body.fail(error);
  }

  /** The caller's socket is full. */
  hold(): void {
    if (this.#held || this.over) return;
    this.#held = true;
    this.#flow.pause();
  }

  /** The caller's socket has room again. */
  unhold(): void {
    if (!this.#held) return;
    this.#held = false;
    if (!this.over) this.#flow.resume();
  }

  interim(head: Head): void {
    if (this.over || this.headSent || this.request.minor === 0) return;
    this.#side.response.interim(head);
  }

  start(head: Head, flow: Flow): void {
    if (this.over) return;
    this.headSent = true;
    if (head.status === 101 && this.#upgrade === 'expected') {
      this.#side = this.#side.upgrade(this.id, head);
      return;
    }
    this.#flow = flow;
    // No attempt can be replaced any more, so nothing of the upload need be kept.
    if (head.provisional !== true) this.body.commit();
    this.#lengthSaid = this.#side.response.head(this.request, head, this.id) === 'length';
    if (this.#held) flow.pause();
  }

  chunk(bytes: Uint8Array): void {
    if (!this.over) this.#side.response.body(bytes);
  }

  end(trailers?: HeaderList): void {
    if (this.over) return;
    this.#settle();
    this.#side.finish(trailers);
  }

  fail(error: CallError): void {
    if (this.over) return;
    this.#settle();
    if (error.code === 'CALLER_GONE' || error.code === 'CALLER_STALLED') this.#side.cut();
    else if (this.headSent) this.#failInStream(error);
    else this.#answer(error);
  }

  /** Asks the upgrade handler; false when it refused the request, which is then answered. */
  #mayGoOn(): boolean {
    if (this.#upgrade !== undefined) return true;
    const said = this.#deps.upgrades?.begin(this.id, this.request) ?? 'plain';
    // What comes behind a handshake that is not granted need not be HTTP.
    if (said !== 'plain') this.request.keepAlive = false;
    if (typeof said === 'string') {
      this.#upgrade = said;
      return true;
    }
    this.#noteRefusal(said.error);
    this.#settle();
    this.#answer(said.error, said);
    return false;
  }

  #noteRefusal(error: CallError): void {
    const { method, target } = this.request;
    this.#deps.observer.refused({ callId: this.id, error, method, path: target });
  }

  #answer(error: CallError, refusal?: UpgradeRefusal): void {
    const dialect: Dialect = this.#call?.route.dialect ?? this.#router.dialectFor(this.request);
    const { head, body } = errorAnswer(error, dialect, this.id, this.#deps.clock, refusal);
    this.headSent = true;
    this.#side.response.head(this.request, head, this.id);
    if (this.request.method !== 'HEAD') this.#side.response.body(body);
    this.#side.finish(undefined);
  }

  #failInStream(error: CallError): void {
    const { progress } = this.timeline;
    if (progress?.atBoundary === true && !this.#held && !this.#lengthSaid) {
      const words = this.#call?.route.dialect.inStreamError(error, progress);
      if (words !== undefined) this.#side.response.body(Buffer.from(words));
    }
    this.#side.cut();
  }

  #settle(): void {
    this.over = true;
    this.#flow = freeFlow;
    this.body.release();
    if (this.#upgrade === 'expected') this.#deps.upgrades?.forget(this.id);
  }
}
