// Chooses one target for an attempt: a tier by what is left of each, then the lighter of two drawn
// at random (power of two choices: nearly as even as asking all, and no herd runs to the best one).
// Pure but for the gates it asks and the randomness it is given.
//
// Panic: when fewer than half of a tier are usable and no other tier can take the rest, those whose
// gates yield are used as well, or the few left would be drowned by everybody's calls. It needs at
// least one usable target to protect: where all are given up, calls are refused at once, for many
// endpoints as for one, since a storm on the dead helps nobody.

import type { Call } from '../../core/call.ts';
import type { Random } from '../../core/random.ts';
import type { Target } from '../../core/target.ts';
import type { ChoiceGate, Recovery } from './gates.ts';
import type { BalanceOptions } from './options.ts';
import type { Plan, Slot, Tier, Usability } from './plan.ts';
import { rendezvousScore } from './rendezvous.ts';
import { capacityOf, capacityOfAll, tierFor } from './tiers.ts';

/** What the chooser is given. */
export interface ChooserDeps {
  readonly random: Random;
  readonly gates: readonly ChoiceGate[];
  readonly recovery?: Recovery;
}

/** Chooses targets for the calls of one route. */
export class Chooser {
  /** After a choice that found nothing: when a target may be used again, in monotonic ms. */
  opensAt: number = Number.POSITIVE_INFINITY;
  /** The last choice overruled gates because too few targets were left. */
  panicked: boolean = false;
  readonly #random: Random;
  readonly #gates: readonly ChoiceGate[];
  readonly #recovery: Recovery | undefined;
  readonly #options: BalanceOptions;
  readonly #pool: Slot[] = [];

  constructor(deps: ChooserDeps, options: BalanceOptions) {
    this.#random = deps.random;
    this.#gates = deps.gates;
    this.#recovery = deps.recovery;
    this.#options = options;
  }

  /** The target for an attempt of `call`, not one of `tried` if possible; `undefined` = none. */
  choose(plan: Plan, call: Call, tried: readonly Target[], now: number): Slot | undefined {
    this.opensAt = Number.POSITIVE_INFINITY;
    this.panicked = false;
    const { only, plain } = plan;
    if (only !== undefined) return this.#ask(only, call, now) === 'usable' ? only : undefined;
    if (plain !== undefined && tried.length === 0 && this.#options.sticky === undefined) {
      const { slots } = plain;
      const first = this.#draw(slots);
      const second = this.#drawOther(slots, first);
      // One that may not be used calls for the whole picture: is this a spill or a panic?
      if (this.#isOpen(first, call, now) && this.#isOpen(second, call, now)) {
        return this.#lighter(first, second, call, now);
      }
    }
    return this.#survey(plan, call, tried, now);
  }

  #survey(plan: Plan, call: Call, tried: readonly Target[], now: number): Slot | undefined {
    const { tiers } = plan;
    const { overprovision, panicShare } = this.#options;
    for (const tier of tiers) this.#askTier(tier, call, now);
    const full = tiers[0] !== undefined && capacityOf(tiers[0], overprovision) >= 1;
    const tier = tiers[full ? 0 : tierFor(tiers, overprovision, this.#random.next())];
    if (tier === undefined) return undefined;
    this.panicked = tier.usable < tier.size * panicShare && capacityOfAll(tiers, overprovision) < 1;
    this.#collect(tier, this.panicked, tried);
    // A further attempt rather goes to another tier than to the same place again.
    for (const other of tiers) if (this.#pool.length === 0) this.#collect(other, false, tried);
    if (this.#pool.length > 0) return this.#fromPool(call, now);
    this.#collect(tier, false, []);
    return this.#lightest(call, now);
  }

  #fromPool(call: Call, now: number): Slot {
    const pool = this.#pool;
    const sticky = this.#sticky(call, now);
    if (sticky !== undefined) return sticky;
    const first = this.#draw(pool);
    return this.#lighter(first, this.#drawOther(pool, first), call, now);
  }

  #askTier(tier: Tier, call: Call, now: number): void {
    tier.usable = 0;
    for (const slot of tier.slots) {
      const usability = this.#ask(slot, call, now);
      slot.usability = usability;
      if (usability === 'usable') tier.usable += 1;
    }
  }

  /** Asks everybody about one target; notes when it may be used again. */
  #ask({ target }: Slot, call: Call, now: number): Usability {
    let opensAt = 0;
    let yields = true;
    for (const gate of this.#gates) {
      const at = gate.opensAt(target, call, now);
      if (at <= now) continue;
      opensAt = Math.max(opensAt, at);
      yields &&= gate.mayOverrule?.(target, call) === true;
    }
    if (opensAt === 0) return 'usable';
    this.opensAt = Math.min(this.opensAt, opensAt);
    return yields ? 'overrulable' : 'shut';
  }

  #isOpen({ target }: Slot, call: Call, now: number): boolean {
    for (const gate of this.#gates) if (gate.opensAt(target, call, now) > now) return false;
    return true;
  }

  #collect(tier: Tier, panic: boolean, tried: readonly Target[]): void {
    const pool = this.#pool;
    pool.length = 0;
    for (const slot of tier.slots) {
      const { usability } = slot;
      if (usability !== 'usable' && !(panic && usability === 'overrulable')) continue;
      if (!tried.includes(slot.target)) pool.push(slot);
    }
  }

  #draw(slots: readonly Slot[]): Slot {
    const at = slots.length === 1 ? 0 : Math.floor(this.#random.next() * slots.length);
    return slots[at] as Slot;
  }

  /** One that is not `first`, or `first` where there is no other. */
  #drawOther(slots: readonly Slot[], first: Slot): Slot {
    const others = slots.length - 1;
    if (others === 0) return first;
    const at = others === 1 ? 0 : Math.floor(this.#random.next() * others);
    const drawn = slots[at] as Slot;
    // The last one stands in for the one that is out.
    return drawn === first ? (slots[others] as Slot) : drawn;
  }

  #lighter(first: Slot, second: Slot, call: Call, now: number): Slot {
    if (first === second) return first;
    return this.#cost(second, call, now) < this.#cost(first, call, now) ? second : first;
  }

  #lightest(call: Call, now: number): Slot | undefined {
    let lightest: Slot | undefined;
    for (const slot of this.#pool) {
      lightest = lightest === undefined ? slot : this.#lighter(lightest, slot, call, now);
    }
    return lightest;
  }

  #cost({ target, load }: Slot, call: Call, now: number): number {
    return load.cost(now, target.weight * this.#warmth(target, call, now));
  }

  /** How much of its weight a target that has just recovered is given. */
  #warmth(target: Target, call: Call, now: number): number {
    if (this.#recovery === undefined || target.route.kind === 'completion') return 1;
    const { slowStartMs, slowStartMin } = this.#options;
    const age = now - this.#recovery.recoveredAt(target, call);
    return age >= slowStartMs ? 1 : Math.max(slowStartMin, age / slowStartMs);
  }

  /** The target that the call's sticky value belongs to, unless it carries far more than others. */
  #sticky(call: Call, now: number): Slot | undefined {
    const { sticky, stickyLoadMax } = this.#options;
    const value = sticky === undefined ? undefined : call.headers.get(sticky);
    if (value === undefined) return undefined;
    let owner: Slot | undefined;
    let best = -1;
    for (const slot of this.#pool) {
      const score = rendezvousScore(value, slot.hash, slot.target.weight);
      if (score <= best) continue;
      best = score;
      owner = slot;
    }
    if (owner === undefined) return undefined;
    const costs = this.#pool.map((slot) => this.#cost(slot, call, now)).toSorted((a, b) => a - b);
    // Of two the smaller one: no number is more than twice the mean of itself and another.
    const median = costs[(costs.length - 1) >> 1] ?? 0;
    return this.#cost(owner, call, now) > median * stickyLoadMax ? undefined : owner;
  }
}
