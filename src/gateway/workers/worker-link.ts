// One worker process as its supervisor sees it: started, told things, asked things, gone.
// Invariant: `gone` is told exactly once, and every question is answered, if only with `undefined`.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../../core/clock.ts';
import type { DrainReport } from '../../layers/drain/drain-tally.ts';
import type { Environment } from '../config/interpolate.ts';
import type { Address } from '../config/values.ts';
import type { CrewTokens, TokenAsk } from './crew-tokens.ts';
import { WholeLines } from './whole-lines.ts';
import type { FromWorker, Question, ToWorker, WorkerStart } from './worker-messages.ts';

/** A worker that is stuck in a long computation must not hold up a scrape, in ms. */
const ANSWER_MS = 5_000;

/** Beside this file, as source or compiled. */
const script = import.meta.url.endsWith('.ts')
  ? new URL('./worker-main.ts', import.meta.url)
  : new URL('./worker-main.js', import.meta.url);

/** What a link is given. */
export interface WorkerLinkDeps {
  readonly clock: Clock;
  readonly env: Environment;
  /** Takes whole lines of its log. */
  readonly log: (lines: string) => void;
  /** The tokens of all workers. */
  readonly tokens: CrewTokens;
  listening(link: WorkerLink, at: Address): void;
  failed(link: WorkerLink, lines: readonly string[], usage: boolean): void;
  /** The process is gone; `how` is its exit code or signal. */
  gone(link: WorkerLink, how: string): void;
}

/** One process. Ends with it. */
export class WorkerLink {
  readonly index: number;
  readonly startedAt: number;
  isListening: boolean = false;
  /** How its drain went, once it said so. */
  report: DrainReport | undefined = undefined;
  readonly #deps: WorkerLinkDeps;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, (value: unknown) => void>();
  #questions: number = 0;

  constructor(start: WorkerStart, deps: WorkerLinkDeps) {
    this.index = start.place.index;
    this.startedAt = deps.clock.now();
    this.#deps = deps;
    this.#child = fork(script, [], {
      env: { ...deps.env },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    const lines = new WholeLines(deps.log);
    this.#child.stdout?.on('data', (bytes: Buffer) => lines.feed(bytes));
    this.#child.on('message', (message: FromWorker) => this.#hear(message));
    // `close` comes after the last line of its log, and also when it could not be started.
    this.#child.on('close', (code, signal) => this.#gone(signal ?? `exit code ${code}`));
    this.#child.on('error', () => {});
    this.tell({ kind: 'start', start });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  tell(message: ToWorker): void {
    // It may be dying right now; `gone` follows.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Asks; `undefined` when there is no answer in time. */
  ask(question: Question): Promise<unknown> {
    this.#questions += 1;
    const id = this.#questions;
    return new Promise((resolve) => {
      const timer = this.#deps.clock.after(ANSWER_MS, () => this.#answer(id, undefined));
      this.#asked.set(id, (value) => {
        timer.cancel();
        resolve(value);
      });
      this.tell({ kind: 'ask', id, question });
    });
  }

  /** Ends the process at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'listening':
        this.isListening = true;
        this.#deps.listening(this, message.at);
        break;
      case 'failed':
        this.#deps.failed(this, message.lines, message.usage);
        break;
      case 'answer':
        this.#answer(message.id, message.value);
        break;
      case 'tokens':
        void this.#tokens(message.id, message.ask);
        break;
      case 'drained':
        this.report = message.report;
    }
  }

  async #tokens(id: number, ask: TokenAsk): Promise<void> {
    this.tell({ kind: 'tokens', id, value: await this.#deps.tokens.answer(this, ask) });
  }

  #answer(id: number, value: unknown): void {
    const resolve = this.#asked.get(id);
    this.#asked.delete(id);
    resolve?.(value);
  }

  #gone(how: string): void {
    this.isListening = false;
    for (const id of [...this.#asked.keys()]) this.#answer(id, undefined);
    this.#deps.tokens.left(this);
    this.#deps.gone(this, how);
  }
}
