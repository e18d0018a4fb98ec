// The workers of one gateway: started, replaced when they die, told and asked together.
// Invariant: one process per place; while the crew drains none is replaced.

import type { Clock, Timer } from '../../core/clock.ts';
import type { DrainReport } from '../../layers/drain/drain-tally.ts';
import { mergedReports } from '../../layers/drain/drain-tally.ts';
import { MemoryTokenStore } from '../../state/memory-token-store.ts';
import type { ConfigSource, Overrides } from '../config/load.ts';
import type { Environment } from '../config/interpolate.ts';
import { formatAddress } from '../config/values.ts';
import type { Address } from '../config/values.ts';
import type { AdminPage } from '../admin.ts';
import { StartFault } from '../listen-fault.ts';
import type { ProcessLog } from '../process-log.ts';
import type { DrainHow } from '../way-out.ts';
import type { WorkerPage } from './merged-pages.ts';
import { MetricsLedger } from './metrics-ledger.ts';
import { RestartPace } from './restart-pace.ts';
import { CrewTokens } from './crew-tokens.ts';
import { WorkerLink } from './worker-link.ts';

/** What a crew is given. */
export interface CrewDeps {
  readonly clock: Clock;
  readonly env: Environment;
  readonly log: ProcessLog;
  /** Takes whole lines of the workers' logs. */
  readonly lines: (text: string) => void;
  readonly overrides: Overrides;
}

interface Slot {
  readonly index: number;
  readonly pace: RestartPace;
  link: WorkerLink | undefined;
  timer: Timer | undefined;
}

/** All workers. Ends by `drain` or `kill`. */
export class Crew {
  readonly #deps: CrewDeps;
  readonly #ledger = new MetricsLedger();
  readonly #tokens: CrewTokens;
  readonly #slots: readonly Slot[];
  #source: ConfigSource | undefined = undefined;
  #listen: Address = { host: '127.0.0.1', port: 0 };
  #ending: boolean = false;
  readonly #starting = new Map<WorkerLink, PromiseWithResolvers<Address>>();
  #whenGone: (() => void) | undefined = undefined;
  readonly #reports: DrainReport[] = [];

  constructor(size: number, deps: CrewDeps) {
    this.#deps = deps;
    this.#tokens = new CrewTokens(new MemoryTokenStore(deps.clock));
    this.#slots = Array.from({ length: size }, (_none, index) => {
      return { index, pace: new RestartPace(), link: undefined, timer: undefined };
    });
  }

  /** Workers that take calls. */
  get listening(): number {
    return this.#listeners.length;
  }

  get size(): number {
    return this.#slots.length;
  }

  /** Places whose workers die as often as they are started, with the number of deaths. */
  get looping(): readonly { readonly worker: number; readonly deaths: number }[] {
    const now = this.#deps.clock.now();
    for (const { pace, link } of this.#slots) {
      if (link?.isListening === true) pace.lives(now - link.startedAt);
    }
    const loops = this.#slots.filter(({ pace }) => pace.looping);
    return loops.map(({ index, pace }) => ({ worker: index, deaths: pace.deaths }));
  }

  /** Starts all workers; fails with a `StartFault` when one can not. Answers where they listen. */
  async start(listen: Address, source: ConfigSource | undefined): Promise<Address> {
    this.#listen = listen;
    this.#source = source;
    const [first, ...others] = this.#slots;
    if (first === undefined) return listen;
    // The first one finds the port when any will do.
    const { port } = await this.#startFirst(first);
    this.#listen = { host: listen.host, port };
    await Promise.all(others.map((slot) => this.#startFirst(slot)));
    return this.#listen;
  }

  /** Puts a configuration in force in every worker, those still to come included. */
  reload(source: ConfigSource | undefined): void {
    this.#source = source;
    for (const { link } of this.#slots) link?.tell({ kind: 'reload', source });
  }

  /** Asks every worker that takes calls for one view. */
  ask(page: AdminPage): Promise<WorkerPage[]> {
    return Promise.all(
      this.#listeners.map(async (link) => ({ worker: link.index, value: await link.ask(page) })),
    );
  }

  /** What all workers have counted, those that died included, as text for a scrape. */
  async metrics(): Promise<string> {
    const noted = this.#listeners.map(async (link) => {
      const text = await link.ask('metrics');
      // At once and not when all have answered: by then this worker may have died, and its numbers
      // would stand among the dead and the living, until its successor takes its place.
      if (typeof text === 'string') this.#ledger.printed(link.index, text);
    });
    await Promise.all(noted);
    return this.#ledger.text(this.listening);
  }

  /** Lets all workers drain and waits until they are gone. */
  async drain(how: DrainHow): Promise<DrainReport> {
    this.#ending = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenGone = resolve;
    for (const slot of this.#slots) {
      slot.timer?.cancel();
      slot.link?.tell({ kind: 'drain', how });
    }
    this.#checkGone();
    await promise;
    return mergedReports(this.#reports);
  }

  /** Ends the grace of a drain under way. */
  cut(): void {
    for (const { link } of this.#slots) link?.tell({ kind: 'cut' });
  }

  /** Ends all processes at once. */
  kill(): void {
    this.#ending = true;
    for (const { timer, link } of this.#slots) {
      timer?.cancel();
      link?.kill();
    }
  }

  get #listeners(): WorkerLink[] {
    return this.#slots.flatMap(({ link }) => (link?.isListening === true ? [link] : []));
  }

  #startFirst(slot: Slot): Promise<Address> {
    const begun = Promise.withResolvers<Address>();
    this.#starting.set(this.#spawn(slot), begun);
    return begun.promise;
  }

  #spawn(slot: Slot): WorkerLink {
    const { clock, env, lines, overrides } = this.#deps;
    const start = {
      place: { index: slot.index, of: this.#slots.length },
      source: this.#source,
      overrides: { ...overrides, admin: 'off', listen: formatAddress(this.#listen) },
    };
    const link: WorkerLink = new WorkerLink(start, {
      clock,
      env,
      log: lines,
      tokens: this.#tokens,
      listening: (ready, at) => this.#began(ready, at),
      failed: (broken, why, usage) => this.#failed(broken, why, usage),
      gone: (dead, how) => this.#gone(slot, dead, how),
    });
    slot.link = link;
    return link;
  }

  #began(link: WorkerLink, at: Address): void {
    this.#starting.get(link)?.resolve(at);
    this.#starting.delete(link);
    this.#deps.log.info({ worker: link.index, pid: link.pid }, 'a worker takes calls');
  }

  #failed(link: WorkerLink, lines: readonly string[], usage: boolean): void {
    const starting = this.#starting.get(link);
    this.#starting.delete(link);
    if (starting === undefined) {
      this.#deps.log.error({ worker: link.index, problems: lines }, 'a worker could not start');
    } else starting.reject(new StartFault(lines, usage));
  }

  #gone(slot: Slot, link: WorkerLink, how: string): void {
    slot.link = undefined;
    this.#ledger.left(link.index);
    const starting = this.#starting.get(link);
    this.#starting.delete(link);
    if (starting !== undefined) {
      starting.reject(
        new StartFault([`worker ${link.index} ended before it began: ${how}`], false),
      );
    } else if (!this.#ending) this.#replace(slot, link, how);
    if (link.report !== undefined) this.#reports.push(link.report);
    else if (this.#ending && how !== 'exit code 0') {
      this.#deps.log.error({ worker: link.index, how }, 'a worker died while it drained');
    }
    this.#checkGone();
  }

  #replace(slot: Slot, { index, startedAt }: WorkerLink, how: string): void {
    const { clock, log } = this.#deps;
    const livedMs = Math.round(clock.now() - startedAt);
    const pauseMs = slot.pace.died(livedMs);
    const facts = { worker: index, how, livedMs, deaths: slot.pace.deaths, pauseMs };
    log.error(facts, 'a worker died; its calls are lost, another one takes its place');
    slot.timer = clock.after(pauseMs, () => {
      slot.timer = undefined;
      this.#spawn(slot);
    });
  }

  #checkGone(): void {
    if (this.#slots.every(({ link }) => link === undefined)) this.#whenGone?.();
  }
}
