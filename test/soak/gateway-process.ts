// `holdfast serve` as users start it, in a process of its own with a file of its own, so that its
// memory is its own. Its log is read line by line and not kept, since a soak writes gigabytes.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const root = resolve(import.meta.dirname, '..', '..');
const BANNER = /listens on (http:\S+), admin (http:\S+) /;
const START_MS = 20_000;
const ANSWER_MS = 10_000;
const END_MS = 20_000;
const FAULTS_MAX = 20;
const FAULT_LENGTH_MAX = 300;
const CALL_LINE = '"msg":"call"';

/** A running gateway. Ends by `stop` or `kill`. */
export class GatewayProcess {
  port: number = 0;
  calls: number = 0;
  /** Configurations that came into force after the first. */
  reloads: number = 0;
  /** Calls cut by the drain; known after the end. */
  cut: number = 0;
  /** Lines that tell of a fault, and what was written past the log. */
  readonly faults: string[] = [];
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | undefined>;
  #adminUrl: string = '';
  #screen: string = '';

  private constructor(config: object, preload: URL | undefined) {
    this.#folder = mkdtempSync(join(tmpdir(), 'holdfast-soak-'));
    this.write(config);
    const flags = preload === undefined ? [] : ['--import', preload.href];
    const program = ['src/cli/main.ts', 'serve', '--config', this.#file];
    const child = spawn(process.execPath, ['--max-semi-space-size=4', ...flags, ...program], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C is for the soak alone.
      detached: true,
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#read(line));
    child.stderr.on('data', (bytes: Buffer) => this.#readScreen(bytes.toString()));
    const { promise, resolve: exited } = Promise.withResolvers<number | undefined>();
    child.once('close', (code) => {
      this.#tidy();
      exited(code ?? undefined);
    });
    // Whatever ends this process must not leave a gateway behind.
    process.once('exit', () => {
      this.kill();
      this.#tidy();
    });
    this.#exited = promise;
  }

  /** Starts it; `preload` is a module to run before. */
  static async start(config: object, preload?: URL): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(config, preload);
    const until = performance.now() + START_MS;
    while (!BANNER.test(gateway.#screen)) {
      if (!gateway.isAlive || performance.now() > until) {
        gateway.kill();
        throw new Error(`the gateway did not start: ${gateway.#screen}`);
      }
      await sleep(20);
    }
    const [, url = '', adminUrl = ''] = BANNER.exec(gateway.#screen) ?? [];
    gateway.port = Number(new URL(url).port);
    gateway.#adminUrl = adminUrl;
    return gateway;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Writes the configuration; the gateway sees by itself that the file has changed. */
  write(config: object): void {
    // JSON is YAML.
    writeFileSync(this.#file, JSON.stringify(config, undefined, 1));
  }

  /** A page of the admin listener. */
  async admin(path: string): Promise<string> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await fetch(`${this.#adminUrl}${path}`, { signal });
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
    return answer.text();
  }

  /** Ends it by SIGTERM; resolves with its exit code, `undefined` when it had to be killed. */
  async stop(): Promise<number | undefined> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), END_MS);
    const code = await this.#exited;
    clearTimeout(timer);
    return code;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  get #file(): string {
    return join(this.#folder, 'holdfast.yaml');
  }

  #tidy(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #read(line: string): void {
    if (line.includes(CALL_LINE)) {
      this.calls += 1;
      return;
    }
    if (line.includes('"msg":"the new configuration is in force"')) this.reloads += 1;
    if (line.includes('"msg":"closed')) this.cut = Number(/"cut":(\d+)/.exec(line)?.[1] ?? 0);
    if (/"level":"(?:error|fatal)"/.test(line)) this.#fault(line);
  }

  #readScreen(text: string): void {
    // The banner, and warnings of Node; a crash tells its stack here.
    if (this.#screen.length < 10_000) this.#screen += text;
    if (/^\s+at /m.test(text)) this.#fault(text);
  }

  #fault(text: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push(text.slice(0, FAULT_LENGTH_MAX));
  }
}
