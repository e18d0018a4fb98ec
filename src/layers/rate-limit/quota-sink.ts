// One call that holds something of a quota: a place among the running ones, reserved tokens, or
// both, of its key, its tenant, or both. All is given back or settled at its last byte, once.

import type { Call } from '../../core/call.ts';
import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import { NEVER } from '../../core/timeline.ts';
import type { Quota } from './quota.ts';
import type { QuotaAccount } from './quota-store.ts';
import { reportedTokens, tokensUsed } from './token-use.ts';
import type { UseFacts } from './token-use.ts';

/** What every call of a layer shares. */
export interface QuotaContext {
  readonly clock: { now(): number };
  readonly observer: { settled(key: string, reserved: number, used: number): void };
  readonly bytesPerToken: number;
}

/** Stands for the status of a refusal, which only the layer that made the head has seen. */
const REFUSED = 400;

/** Passes everything on, and settles. */
export class QuotaSink implements Sink, UseFacts {
  readonly bytesPerToken: number;
  status: number = 0;
  isEventStream: boolean = false;
  /** Estimate for the prompt. */
  promptTokens: number = 0;
  /** Tokens reserved of each quota, at most what that quota can ever have. */
  keyTokens: number = 0;
  tenantTokens: number = 0;
  readonly #context: QuotaContext;
  readonly #call: Call;
  readonly #sink: Sink;
  #key: QuotaAccount | undefined;
  #tenant: QuotaAccount | undefined;
  readonly #keyQuota: Quota | undefined;
  readonly #tenantQuota: Quota | undefined;
  /** The head came from the gateway, before there was an answer. */
  #isEarly: boolean = false;

  constructor(
    context: QuotaContext,
    call: Call,
    sink: Sink,
    key: QuotaAccount | undefined,
    tenant: QuotaAccount | undefined,
  ) {
    this.bytesPerToken = context.bytesPerToken;
    this.#context = context;
    this.#call = call;
    this.#sink = sink;
    this.#key = key;
    this.#tenant = tenant;
    // As they are now: a reload must not change the rate at which something is given back.
    this.#keyQuota = key?.quota;
    this.#tenantQuota = tenant?.quota;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    this.status = head.status;
    this.#isEarly = head.provisional === true;
    this.isEventStream = head.headers.get('content-type')?.startsWith('text/event-stream') === true;
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.settle();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    if (this.#isEarly) this.status = this.#statusBehind(error);
    this.settle();
    this.#sink.fail(error);
  }

  /** Gives back and settles; does nothing the second time. */
  settle(): void {
    const key = this.#key;
    const tenant = this.#tenant;
    if (key === undefined && tenant === undefined) return;
    this.#key = undefined;
    this.#tenant = undefined;
    if (key !== undefined) leave(key, this.#keyQuota);
    if (tenant !== undefined) leave(tenant, this.#tenantQuota);
    const keyRate = this.#keyQuota?.tokens;
    const tenantRate = this.#tenantQuota?.tokens;
    if (keyRate === undefined && tenantRate === undefined) return;
    const now = this.#context.clock.now();
    const used = this.#used();
    if (keyRate !== undefined) key?.tokens.take(keyRate, used - this.keyTokens, now);
    if (tenantRate !== undefined) tenant?.tokens.take(tenantRate, used - this.tenantTokens, now);
    const reserved = Math.max(this.keyTokens, this.tenantTokens);
    if (reserved > 0 || used > 0) {
      this.#context.observer.settled(this.#call.caller.name, reserved, used);
    }
  }

  /** Status of the answer that a head of ours stood for, as far as its failure tells. */
  #statusBehind({ code }: CallError): number {
    const { firstByteAt, progress } = this.#call.timeline;
    if (firstByteAt === NEVER) return 0;
    if (code !== 'UPSTREAM_REFUSED') return this.status;
    // The code also stands for a good answer that did not fit our head: that was made all the same.
    const isRefusal = progress === undefined || progress.errorType !== undefined;
    return isRefusal ? REFUSED : this.status;
  }

  #used(): number {
    const { timeline } = this.#call;
    // A call that reserved nothing is not taken for one of a model, unless its answer says so.
    if (this.promptTokens === 0) return Math.max(0, reportedTokens(timeline));
    return tokensUsed(timeline, this);
  }
}

function leave(account: QuotaAccount, quota: Quota | undefined): void {
  if (quota?.concurrent !== undefined) account.running -= 1;
}
