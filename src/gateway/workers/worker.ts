// One worker: a whole gateway without an admin listener, which does what its supervisor says and
// leaves in order when the supervisor is gone. Signals are the supervisor's to hear: a terminal and
// an init system send them to every process of the group at once.

import type { Logger } from 'pino';
import { systemClock } from '../../core/clock.ts';
import type { ConfigSource } from '../config/load.ts';
import type { Address } from '../config/values.ts';
import { exitCodes } from '../exit-codes.ts';
import { startGateway } from '../gateway.ts';
import type { Gateway } from '../gateway.ts';
import { StartFault } from '../listen-fault.ts';
import { openLog } from '../process-log.ts';
import type { LogOutput } from '../process-log.ts';
import { LEAVE_MS, surviveBugs } from '../run.ts';
import type { DrainHow } from '../way-out.ts';
import { dividedBy } from './divided-settings.ts';
import { SupervisorTokens } from './supervisor-tokens.ts';
import type { FromWorker, Question, ToWorker, WorkerStart } from './worker-messages.ts';

/** Nobody is left who could say no for readiness. */
const orphaned: DrainHow = { lagMs: 0 };

/** The body of a worker process. */
export class Worker {
  #gateway: Gateway | undefined = undefined;
  #output: LogOutput | undefined = undefined;
  #leaving: boolean = false;
  /** A configuration that came while we were starting with the one before. */
  #newer: { readonly source: ConfigSource | undefined } | undefined = undefined;
  readonly #tokens = new SupervisorTokens((id, ask) => this.#say({ kind: 'tokens', id, ask }));

  /** Takes over this process. */
  run(): void {
    process.on('message', (message: ToWorker) => this.#hear(message));
    process.on('disconnect', () => {
      this.#tokens.close();
      this.#leave(orphaned);
    });
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => this.#signal());
    }
    surviveBugs(() => this.#output);
  }

  #hear(message: ToWorker): void {
    switch (message.kind) {
      case 'start':
        void this.#start(message.start);
        break;
      case 'reload':
        if (this.#gateway === undefined) this.#newer = message;
        else this.#gateway.reloadFrom(message.source);
        break;
      case 'ask':
        void this.#answer(message.id, message.question);
        break;
      case 'tokens':
        this.#tokens.hear(message.id, message.value);
        break;
      case 'drain':
        this.#leave(message.how);
        break;
      case 'cut':
        this.#gateway?.cut();
    }
  }

  async #start({ place, source, overrides }: WorkerStart): Promise<void> {
    try {
      const gateway = await startGateway({
        ...(source === undefined ? {} : { source }),
        overrides,
        env: process.env,
        reusePort: true,
        tokens: this.#tokens,
        adapt: (settings) => dividedBy(settings, place),
        openLog: (level) => (this.#output = openWorkerLog(level, place.index)),
      });
      this.#gateway = gateway;
      if (this.#newer !== undefined) gateway.reloadFrom(this.#newer.source);
      this.#say({ kind: 'listening', at: addressOf(gateway.url) });
    } catch (fault) {
      const known = fault instanceof StartFault;
      const lines = known ? fault.lines : [String(fault)];
      this.#say({ kind: 'failed', lines, usage: known && fault.usage });
      process.exitCode = exitCodes.failure;
      process.disconnect?.();
    }
  }

  async #answer(id: number, question: Question): Promise<void> {
    const views = this.#gateway?.views;
    const value =
      question === 'metrics' ? (await views?.metrics())?.text : await views?.pages[question]();
    this.#say({ kind: 'answer', id, value });
  }

  #leave(how: DrainHow): void {
    // Told twice when the supervisor goes while its workers drain: the drain under way goes on.
    if (this.#leaving) return;
    this.#leaving = true;
    const gateway = this.#gateway;
    if (gateway === undefined) process.exit(exitCodes.ok);
    void this.#drain(gateway, how);
  }

  async #drain(gateway: Gateway, how: DrainHow): Promise<void> {
    const report = await gateway.drain(how);
    this.#say({ kind: 'drained', report });
    // A log that nobody reads any more may never come to its end.
    systemClock.after(LEAVE_MS, () => process.exit());
    await this.#output?.end();
    if (process.connected) process.disconnect?.();
  }

  /** Without a supervisor a signal can only mean that even the drain takes too long. */
  #signal(): void {
    if (!process.connected) this.#gateway?.cut();
  }

  #say(message: FromWorker): void {
    // The channel may close at any time; nobody is left to be told then.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  }
}

function openWorkerLog(level: string, index: number): LogOutput {
  const output = openLog(level);
  // `openLog` shows less of pino than it is.
  return { ...output, log: (output.log as Logger).child({ worker: index }) };
}

function addressOf(url: string): Address {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
