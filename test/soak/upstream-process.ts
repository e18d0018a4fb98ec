// Starts the upstreams of a soak and asks what they have left to do.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { UpstreamNews, UpstreamReport } from './upstream-child.ts';

/** The running upstreams. Ends by `kill`. */
export class UpstreamProcess {
  readonly ports: UpstreamNews;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ports: UpstreamNews) {
    this.#child = child;
    this.ports = ports;
  }

  static async start(): Promise<UpstreamProcess> {
    const child = fork(new URL('upstream-child.ts', import.meta.url), [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // A group of its own: Ctrl-C is for the soak alone.
      detached: true,
    });
    const [ports] = (await once(child, 'message')) as [UpstreamNews];
    return new UpstreamProcess(child, ports);
  }

  /** What is under way there now. */
  async report(): Promise<UpstreamReport> {
    this.#child.send('report');
    const [report] = (await once(this.#child, 'message')) as [UpstreamReport];
    return report;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
