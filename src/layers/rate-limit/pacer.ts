// Feeds what providers say about their limits forward, so that calls are spread or sent elsewhere
// before they are refused. Outlives reloads and is shared by all stacks.
//
// It is a gate, asked by the layer that chooses a target, and nobody waits here: where the gate of
// the only target is closed, the call is refused at once, with the time to come back. A pace that
// was kept to the letter would thus turn away callers whom the provider would still serve. So the
// gate closes only where a call would be in vain or is over the pace for good: until the time that
// the provider asked for (Retry-After); while a limit is used up; and, while little is left of one,
// when the calls of a whole second at the pace have gone at once. With other targets the calls in
// between go there; with none, callers are told to come back in about the time of one call.
//
// A target that is full is left alone for a while under all credentials: they share what is full.
//
// Keys: target, credential, and the model that the request names. A call carries no model, so it is
// read from the body, but only while something is known against this credential at this target.
// Bounded, because callers bring credentials and name models: the least recently used go first.

import { credentialOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Head } from '../../core/sink.ts';
import type { AttemptObserver, Target, TargetGate } from '../../core/target.ts';
import { AnswerReader } from './answer-reader.ts';
import { CredentialPace, limitKinds } from './credential-pace.ts';
import type { LimitKind } from './limit-reading.ts';
import type { ModelPace } from './model-pace.ts';
import { silentPacerObserver } from './pacer-observer.ts';
import type { PaceView, PacerObserver, RemainingView } from './pacer-observer.ts';
import { defaultPacerOptions } from './pacer-options.ts';
import type { PacerOptions } from './pacer-options.ts';
import { RecentMap } from './recent-map.ts';
import { modelAt } from './request-model.ts';
import { RoomBackOff } from './room-back-off.ts';

/** What the pacer is given. */
export interface PacerDeps {
  readonly clock: Clock;
  readonly observer?: PacerObserver;
}

/** The pacer. Ends with the gateway. */
export class Pacer implements TargetGate, AttemptObserver {
  /** What calls are told that it keeps back: the upstream's own word for it. */
  readonly refusesAs = 'PACED';
  readonly #clock: Clock;
  readonly #observer: PacerObserver;
  readonly #options: PacerOptions;
  readonly #reader: AnswerReader;
  readonly #byTarget = new Map<string, RecentMap<string, CredentialPace>>();
  /** Targets that have refused for want of room at least once. */
  readonly #rooms = new Map<string, RoomBackOff>();

  constructor(deps: PacerDeps, options: PacerOptions = defaultPacerOptions) {
    this.#clock = deps.clock;
    this.#observer = deps.observer ?? silentPacerObserver;
    this.#options = options;
    this.#reader = new AnswerReader(deps.clock, options.paceBelow);
  }

  /** Credentials that something is remembered of, at all targets. */
  get size(): number {
    let size = 0;
    for (const credentials of this.#byTarget.values()) size += credentials.size;
    return size;
  }

  /** As a gate: 0 where an attempt may be sent now. Takes nothing. */
  opensAt(target: Target, call: Call, now: number): number {
    const byRoom = this.#rooms.size === 0 ? 0 : (this.#rooms.get(target.key)?.opensAt(now) ?? 0);
    const known = this.#find(target, call);
    if (known === undefined || now >= known.concernedUntil) return byRoom;
    const byModel = known.models.get(modelAt(target, call))?.opensAt(now) ?? 0;
    return Math.max(byRoom, byModel, known.adaptive.opensAt(now));
  }

  attemptBegan(target: Target, call: Call, now: number): void {
    const known = this.#find(target, call);
    if (known === undefined || now >= known.concernedUntil) return;
    known.adaptive.take(now);
    known.models.get(modelAt(target, call))?.take(now);
  }

  attemptAnswered(target: Target, call: Call, head: Head, outcome: Outcome, now: number): void {
    const known = this.#find(target, call) ?? this.#add(target, call, now);
    const full = outcome.kind === 'full';
    const throttled = full || outcome.kind === 'throttled';
    if (!throttled) known.adaptive.answered(now);
    if (outcome.kind === 'ok') this.#rooms.get(target.key)?.answered(now);
    const readings = this.#reader.read(head.headers, throttled, known, now);
    const told = throttled || outcome.kind === 'overloaded' ? outcome.retryAfterMs : 0;
    if (readings.length > 0 || told > 0) {
      const pace = known.paceOf(modelAt(target, call));
      for (const reading of readings) {
        const change = pace.told(reading, now);
        if (change === 'paced') this.#observer.paced(target, reading.kind);
        if (change === 'exhausted') this.#closed(target, 'exhausted', pace, now);
      }
      if (told > 0) {
        pace.close(told, now);
        this.#closed(target, 'told', pace, now);
      }
    }
    const isExplained = told > 0 || readings.some(({ remaining }) => remaining === 0);
    if (full && !isExplained) this.#foundFull(target, now);
    else if (throttled && !isExplained) this.#refusedBlindly(target, known, now);
    else if (readings.length > 0 || told > 0) known.changed();
  }

  attemptOver(target: Target, call: Call, outcome: Outcome, now: number): void {
    const { progress } = call.timeline;
    // A connection that was closed on the call; a refusal by its status was heard at its head.
    if (outcome.kind === 'full' && outcome.cause === 'RESET') this.#foundFull(target, now);
    if (progress === undefined) return;
    const isRefusal = outcome.kind === 'throttled' && progress.errorType !== undefined;
    if (!isRefusal && progress.inputTokens < 0) return;
    const known = this.#find(target, call);
    if (known === undefined) return;
    if (isRefusal) this.#refusedBlindly(target, known, now);
    if (outcome.kind !== 'ok') return;
    known.average.add(progress);
    if (now < known.concernedUntil) {
      known.models.get(modelAt(target, call))?.average.add(progress);
    }
  }

  /** Forgets every target that a new configuration does not have. */
  retain(targetKeys: ReadonlySet<string>): void {
    for (const known of [this.#byTarget, this.#rooms]) {
      for (const key of known.keys()) if (!targetKeys.has(key)) known.delete(key);
    }
  }

  /** What is left of the limits of these targets, for a gauge. */
  remaining(targets: Iterable<Pick<Target, 'key' | 'endpoint'>>): RemainingView[] {
    const now = this.#clock.now();
    const least = new Map<string, RemainingView>();
    for (const { key, endpoint } of targets) {
      for (const kind of limitKinds) {
        const ratio = this.#leastRatio(key, kind, now);
        const name = `${kind} ${endpoint.key}`;
        if (ratio > (least.get(name)?.ratio ?? 1)) continue;
        least.set(name, { endpoint: endpoint.key, kind, ratio });
      }
    }
    return [...least.values()];
  }

  /** The paces that are in force, at most `limit`. */
  view(limit: number = 100): PaceView[] {
    const now = this.#clock.now();
    const views: PaceView[] = this.#roomViews(now);
    for (const [target, credentials] of this.#byTarget) {
      for (const [credential, known] of credentials.entries()) {
        if (now >= known.concernedUntil) continue;
        views.push(...viewsOf(target, credential, known, now));
        if (views.length >= limit) return views.slice(0, limit);
      }
    }
    return views.slice(0, limit);
  }

  /** Targets that are left alone under all credentials. */
  #roomViews(now: number): PaceView[] {
    const none = { credential: '', model: '', paced: [], perSecond: undefined };
    return [...this.#rooms]
      .filter(([, { closedUntil }]) => closedUntil > now)
      .map(([target, { closedUntil }]) => ({ ...none, target, opensInMs: closedUntil - now }));
  }

  #find(target: Target, call: Call): CredentialPace | undefined {
    const credential = target.route.credential ?? call.fingerprint;
    return this.#byTarget.get(target.key)?.get(credential);
  }

  #add({ key }: Target, call: Call, now: number): CredentialPace {
    let credentials = this.#byTarget.get(key);
    if (credentials === undefined) {
      const isConcerned = (pace: CredentialPace): boolean =>
        pace.concernedUntil > this.#clock.now();
      credentials = new RecentMap(this.#options.credentialsMax, isConcerned);
      this.#byTarget.set(key, credentials);
    }
    const added = new CredentialPace(this.#options, now);
    credentials.set(credentialOf(call), added);
    return added;
  }

  #refusedBlindly(target: Target, known: CredentialPace, now: number): void {
    known.adaptive.refused(now);
    known.changed();
    this.#observer.closed(target, 'throttled', 0);
  }

  #foundFull(target: Target, now: number): void {
    let room = this.#rooms.get(target.key);
    if (room === undefined) {
      room = new RoomBackOff(this.#options.room);
      this.#rooms.set(target.key, room);
    }
    if (room.refused(now)) this.#observer.closed(target, 'throttled', room.closedUntil - now);
  }

  #closed(target: Target, reason: 'told' | 'exhausted', pace: ModelPace, now: number): void {
    this.#observer.closed(target, reason, Math.max(0, pace.opensAt(now) - now));
  }

  #leastRatio(targetKey: string, kind: LimitKind, now: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const known of this.#byTarget.get(targetKey)?.values() ?? []) {
      least = Math.min(least, known.ratio(kind, now) ?? least);
    }
    return least;
  }
}

function viewsOf(
  target: string,
  credential: string,
  { models, adaptive }: CredentialPace,
  now: number,
): PaceView[] {
  const { perSecond } = adaptive;
  const views: PaceView[] = [];
  for (const [model, pace] of models.entries()) {
    if (now >= pace.concernedUntil) continue;
    const opensInMs = Math.max(0, Math.max(pace.opensAt(now), adaptive.opensAt(now)) - now);
    views.push({ target, credential, model, opensInMs, paced: pace.pacedKinds(now), perSecond });
  }
  if (views.length > 0 || perSecond === undefined) return views;
  const opensInMs = Math.max(0, adaptive.opensAt(now) - now);
  return [{ target, credential, model: '', opensInMs, paced: [], perSecond }];
}
