// Holds each caller to its quota: calls per period, tokens per period, calls at the same time; of
// its key and of its tenant. Refuses before the call has taken memory or a place in line.
// Tokens are reserved by estimate (token-estimate.ts) and settled by use (token-use.ts).
// Calls that are not for a model reserve no tokens and are not refused for want of them; tokens
// that their answers report are charged all the same.
// Invariants: a refused call has taken nothing; what key and tenant allow is taken of both or none.

import type { Call } from '../../core/call.ts';
import type { Caller } from '../../core/caller.ts';
import type { Clock } from '../../core/clock.ts';
import type { Layer, Service } from '../../core/layer.ts';
import type { Sink } from '../../core/sink.ts';
import { defaultRateLimitOptions } from './options.ts';
import type { RateLimitOptions } from './options.ts';
import { quotaRefusal } from './quota-refusal.ts';
import type { Shortage } from './quota-refusal.ts';
import { QuotaSink } from './quota-sink.ts';
import type { QuotaContext } from './quota-sink.ts';
import type { QuotaAccount, QuotaStore } from './quota-store.ts';
import { burstOf } from './quota.ts';
import type { CallerQuotas, Quota, QuotaKind } from './quota.ts';
import { silentRateLimitObserver } from './rate-limit-observer.ts';
import type { RateLimitObserver } from './rate-limit-observer.ts';
import { answerTokens, promptTokens, spendsTokens } from './token-estimate.ts';

/** What the layer is given. */
export interface RateLimitDeps {
  readonly clock: Clock;
  /** Outlives reloads and is shared by all stacks. */
  readonly store: QuotaStore;
  /** The quotas that hold for a caller, `undefined` = none. Asked for every call: a look-up. */
  readonly quotasOf: (caller: Caller) => CallerQuotas | undefined;
  readonly observer?: RateLimitObserver;
}

/** Enforces quotas. Without any it is the next service itself. */
export function rateLimitLayer(
  deps: RateLimitDeps,
  options: RateLimitOptions = defaultRateLimitOptions,
): Layer {
  return {
    name: 'rate-limit',
    wrap: (next) => {
      if (!options.hasQuotas) return next;
      const gate = new QuotaGate(deps, options, next);
      return (call, sink) => gate.take(call, sink);
    },
  };
}

class QuotaGate {
  readonly #deps: RateLimitDeps;
  readonly #observer: RateLimitObserver;
  readonly #options: RateLimitOptions;
  readonly #next: Service;
  readonly #context: QuotaContext;

  constructor(deps: RateLimitDeps, options: RateLimitOptions, next: Service) {
    this.#deps = deps;
    this.#observer = deps.observer ?? silentRateLimitObserver;
    this.#options = options;
    this.#next = next;
    const { bytesPerToken } = options;
    this.#context = { clock: deps.clock, observer: this.#observer, bytesPerToken };
  }

  take(call: Call, sink: Sink): void {
    const { key: keyQuota, tenant: tenantQuota } = this.#deps.quotasOf(call.caller) ?? noQuotas;
    if (keyQuota === undefined && tenantQuota === undefined) {
      this.#next(call, sink);
      return;
    }
    const now = this.#deps.clock.now();
    const { name, tenant: tenantName } = call.caller;
    const key = keyQuota && this.#account('key', name, keyQuota);
    const tenant = tenantQuota && this.#account('tenant', tenantName, tenantQuota);
    const counts = keyQuota?.tokens !== undefined || tenantQuota?.tokens !== undefined;
    const prompt = counts && spendsTokens(call) ? promptTokens(call.body, this.#options) : 0;
    const tokens = prompt === 0 ? 0 : prompt + answerTokens(call.body, this.#options);
    const short = longer(
      key && shortageOf(key, tokens, now, this.#options),
      tenant && shortageOf(tenant, tokens, now, this.#options),
    );
    if (short !== undefined) {
      this.#observer.refused(short.account.scope, short.account.name, short.kind);
      sink.fail(quotaRefusal(short, this.#options));
      return;
    }
    if (key !== undefined) takeRequest(key, now);
    if (tenant !== undefined) takeRequest(tenant, now);
    if (!counts && keyQuota?.concurrent === undefined && tenantQuota?.concurrent === undefined) {
      this.#next(call, sink);
      return;
    }
    const held = new QuotaSink(this.#context, call, sink, key, tenant);
    held.promptTokens = prompt;
    if (key !== undefined) held.keyTokens = takeRest(key, tokens, now);
    if (tenant !== undefined) held.tenantTokens = takeRest(tenant, tokens, now);
    this.#run(call, held);
  }

  #run(call: Call, held: QuotaSink): void {
    try {
      this.#next(call, held);
    } catch (bug) {
      held.settle();
      throw bug;
    }
  }

  #account(scope: 'key' | 'tenant', name: string, quota: Quota): QuotaAccount {
    const account = this.#deps.store.account(scope, name);
    account.quota = quota;
    return account;
  }
}

const noQuotas: CallerQuotas = Object.freeze({});

/** What a call lacks here, the longest wait of all; `undefined` = nothing. */
function shortageOf(
  account: QuotaAccount,
  tokens: number,
  now: number,
  { slotWaitMs }: RateLimitOptions,
): Shortage | undefined {
  const quota = account.quota ?? {};
  let kind: QuotaKind = 'concurrency';
  let waitMs = account.running >= (quota.concurrent ?? Number.POSITIVE_INFINITY) ? slotWaitMs : 0;
  if (quota.requests !== undefined) {
    const { requests } = quota;
    const requestsMs = account.requests.waitMs(requests, burstOf(quota, requests), 1, now);
    if (requestsMs > waitMs) {
      kind = 'requests';
      waitMs = requestsMs;
    }
  }
  if (quota.tokens !== undefined && tokens > 0) {
    const { count } = quota.tokens;
    const tokensMs = account.tokens.waitMs(quota.tokens, count, Math.min(tokens, count), now);
    if (tokensMs > waitMs) {
      kind = 'tokens';
      waitMs = tokensMs;
    }
  }
  return waitMs === 0 ? undefined : { account, quota, kind, waitMs, tokens };
}

function longer(one: Shortage | undefined, other: Shortage | undefined): Shortage | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.waitMs > one.waitMs ? other : one;
}

function takeRequest({ quota, requests }: QuotaAccount, now: number): void {
  if (quota?.requests !== undefined) requests.take(quota.requests, 1, now);
}

/**
 * Takes a place and reserves tokens; answers how many. A call larger than the whole budget is let
 * in when the budget is full, and what it uses beyond that becomes a debt when it is settled.
 */
function takeRest(account: QuotaAccount, tokens: number, now: number): number {
  const { quota } = account;
  if (quota?.concurrent !== undefined) account.running += 1;
  if (quota?.tokens === undefined || tokens === 0) return 0;
  const reserved = Math.min(tokens, quota.tokens.count);
  account.tokens.take(quota.tokens, reserved, now);
  return reserved;
}
