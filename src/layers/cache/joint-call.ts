// One upstream call and the callers who are given its answer. Keeps what has come of the answer, so
// that a twin can be given it from its first byte on, and lets each caller read at its own pace.
//
// Who holds whom back: the upstream is held only while every caller is full. Holding it for the
// slowest would let the dead connection of a caller who has long come back stop the living one,
// which is the very case twins are for. A caller who falls further behind than what is kept is cut
// off instead. One who is alone never is, because then the upstream waits.
//
// Invariants: each caller hears the grammar as if it were alone, and every byte from the first; the
// upstream call is cancelled exactly when its last caller has left and nobody is waited for; what
// is kept is bounded and let go as soon as nobody can need it.

import { attemptOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import { Cancellation } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Lease } from '../../core/leases.ts';
import { freeFlow } from '../../core/sink.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import { AnswerSoFar } from './answer-so-far.ts';
import type { Ending } from './answer-so-far.ts';
import { Audience } from './audience.ts';
import { Follower } from './follower.ts';
import type { Followed } from './follower.ts';
import type { JointBody } from './joint-body.ts';
import type { JointHome } from './joint-home.ts';
import { Tape } from './tape.ts';
import type { EvictionCause } from './twins-observer.ts';

const NEVER_ENDS = Number.POSITIVE_INFINITY;

/** What one route says about its joint calls. */
export interface JointRules {
  readonly lingerMs: number;
  readonly replayBytesMax: number;
}

/** One joint call. Ends when its answer is over and all callers have had it, or have left. */
export class JointCall implements Sink, Followed {
  /** As it goes down the stack: with a body and a cancellation of its own. */
  readonly call: Call;
  readonly place: string;
  readonly body: JointBody;
  /** A twin could be given everything from the start. */
  joinable: boolean = true;
  /** It has no caller, and waits for one until then; monotonic ms. */
  lingersUntil: number = NEVER_ENDS;
  readonly #home: JointHome;
  readonly #rules: JointRules;
  readonly #answer: AnswerSoFar;
  readonly #audience: Audience;
  readonly #lease: Lease;
  #flow: Flow = freeFlow;
  #held: boolean = false;
  #disposed: boolean = false;
  /** Why the last caller left, while another one is waited for. */
  #gone: CallError | undefined = undefined;

  constructor(home: JointHome, rules: JointRules, call: Call, place: string, body: JointBody) {
    this.#home = home;
    this.#rules = rules;
    this.#answer = new AnswerSoFar(new Tape(rules.replayBytesMax, home.memory));
    this.#audience = new Audience(this.#answer, home.outrun);
    this.#lease = home.leases.take('buffer', call.id);
    this.call = attemptOf(call, call.attempt, new Cancellation(), { body: body.body });
    this.place = place;
    this.body = body;
  }

  get callers(): number {
    return this.#audience.size;
  }

  /** The upstream still works on it. */
  get isRunning(): boolean {
    return this.#answer.ending === undefined;
  }

  /** Memory that its answer takes, in bytes. */
  get keptBytes(): number {
    return this.#answer.tape.capacity;
  }

  /** Takes the caller who begins it. */
  begin(call: Call, sink: Sink): void {
    const first = new Follower(this, call, sink, undefined);
    this.#audience.add(first);
    call.cancellation.listen(first);
  }

  /** Takes a twin, and gives it what has come. Only while it is `joinable`. */
  join(call: Call, sink: Sink): void {
    const twin = new Follower(this, call, sink, this.#home.clock.now());
    this.#audience.add(twin);
    this.lingersUntil = NEVER_ENDS;
    this.#home.watch(this);
    call.timeline.twinOf = this.call.id;
    twin.copyWire(this.call);
    call.cancellation.listen(twin);
    try {
      this.resumed(twin);
    } catch (bug) {
      // Its own side broke, and sees the exception; the others have nothing to do with it.
      if (!twin.over) this.#audience.remove(twin, this.call);
      this.#letGo();
      throw bug;
    }
  }

  interim(head: Head): void {
    this.#answer.keepInterim(head);
    this.#audience.interim(head);
  }

  start(head: Head, flow: Flow): void {
    this.#answer.head = head;
    this.#flow = flow;
    // As the edge does for its callers: no attempt can be replaced any more.
    if (head.provisional !== true) this.body.body.commit();
    // A refusal is nothing to come back for: the caller's next try shall have one of its own.
    const isRefusal = head.status < 200 || head.status > 299;
    if (isRefusal || this.body.digest === undefined) this.#shut();
    this.#audience.start(head, this.call);
    this.#letGo();
  }

  chunk(bytes: Uint8Array): void {
    const { tape } = this.#answer;
    const at = tape.end;
    const kept = this.joinable && tape.append(bytes);
    if (this.joinable && !kept) {
      const isLong = at + bytes.length > this.#rules.replayBytesMax;
      this.evict(isLong ? 'length' : 'memory');
    }
    this.#audience.chunk(bytes, at, kept, this.call);
  }

  end(trailers?: HeaderList): void {
    this.#over({ error: undefined, trailers });
  }

  fail(error: CallError): void {
    this.#over({ error, trailers: undefined });
  }

  paused(): void {
    this.#settleFlow();
  }

  resumed(follower: Follower): void {
    if (follower.playing) return;
    follower.play(this.#answer);
    if (this.#audience.hasAll(follower)) this.#finish(follower);
    else this.#letGo();
  }

  left(follower: Follower, reason: CallError): void {
    const isLast = this.#audience.size === 1;
    const waits = isLast && this.#mayLinger(reason);
    if (isLast && !waits && this.#answer.ending === undefined) {
      // Below is the one who answers it: nothing else is between this caller and the upstream.
      // What it has missed must not stand between it and that answer.
      follower.position = this.#answer.tape.end;
      this.#shut();
      this.call.cancellation.cancel(reason);
      return;
    }
    this.#audience.remove(follower, this.call);
    if (waits) this.#linger(reason);
    this.#letGo();
    follower.sink.fail(reason);
  }

  /** It can no longer be joined, for the sake of all. */
  evict(why: EvictionCause): void {
    this.#home.observer.evicted(why);
    this.abandon();
  }

  /** Nobody is waited for any more. */
  abandon(): void {
    this.#shut();
    this.#letGo();
  }

  sweep(now: number): void {
    if (now >= this.lingersUntil) {
      if (this.isRunning) this.#home.observer.expired(this.call.route.name);
      this.abandon();
    } else for (const one of this.#audience.all) one.copyWire(this.call);
  }

  /**
   * The way down threw. Whoever began it sees the exception itself, unless it was `late`: begun
   * when its caller's side had returned.
   */
  crash(bug: unknown, late: boolean): void {
    if (this.#answer.ending !== undefined) return;
    const error = new CallError('BUG', { cause: bug });
    const [first] = this.#audience.all;
    if (!late && first !== undefined) this.#audience.remove(first, this.call);
    this.fail(error);
    this.call.cancellation.cancel(error);
  }

  #over(ending: Ending): void {
    this.#answer.ending = ending;
    this.#flow = freeFlow;
    this.#held = false;
    this.body.release();
    if (ending.error !== undefined) this.#shut();
    for (const one of this.#audience.all) {
      if (!one.playing && this.#audience.hasAll(one)) this.#finish(one);
    }
    this.#letGo();
  }

  #finish(follower: Follower): void {
    const { error, trailers } = this.#answer.ending as Ending;
    this.#audience.remove(follower, this.call);
    this.#letGo();
    if (error === undefined) follower.sink.end(trailers);
    else follower.sink.fail(error);
  }

  #mayLinger(reason: CallError): boolean {
    return (
      this.#rules.lingerMs > 0 &&
      this.joinable &&
      this.body.digest !== undefined &&
      // Whoever stopped reading, or was told to go, does not come back by itself.
      reason.code === 'CALLER_GONE' &&
      this.#home.mayLinger()
    );
  }

  #linger(reason: CallError): void {
    this.#gone = reason;
    this.lingersUntil = this.#home.clock.now() + this.#rules.lingerMs;
    this.#home.watch(this);
    this.#home.observer.lingered(this.call.route.name);
  }

  #shut(): void {
    if (!this.joinable) return;
    this.joinable = false;
    this.#home.shut(this);
  }

  /** Holds the upstream back while there is nobody who could take more. */
  #settleFlow(): void {
    const holds = this.#audience.isFull;
    if (holds === this.#held || this.#answer.ending !== undefined) return;
    this.#held = holds;
    if (holds) this.#flow.pause();
    else this.#flow.resume();
  }

  /** What follows from who is left: it goes on, waits, tells the upstream, or is done. */
  #letGo(): void {
    const waits = this.joinable && this.lingersUntil !== NEVER_ENDS;
    if (this.#audience.size > 0 || waits) {
      if (!this.joinable) this.#audience.trim();
      this.#settleFlow();
    } else if (this.#answer.ending === undefined) {
      this.#shut();
      this.call.cancellation.cancel(this.#gone ?? new CallError('CALLER_GONE'));
    } else this.#dispose();
  }

  #dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#shut();
    this.#answer.tape.clear();
    this.#home.leases.release(this.#lease);
    this.#home.over(this);
  }
}
