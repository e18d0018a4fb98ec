// A gateway in a process of its own, for what only the outside can tell: memory, signals, crashes.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A gateway process. */
export interface GatewayProcess {
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly child: ChildProcess;
  /** Heap and buffers in use after a collection, in bytes. */
  usedBytes(): Promise<number>;
  close(): Promise<void>;
}

/** Starts a gateway with this configuration (listening on free ports) in a child process. */
export async function startGatewayProcess(
  config: Record<string, unknown>,
): Promise<GatewayProcess> {
  const whole = { listen: '127.0.0.1:0', admin: '127.0.0.1:0', ...config };
  const script = new URL('gateway-child.ts', import.meta.url);
  const child = fork(script, [JSON.stringify(whole)], {
    execArgv: ['--max-semi-space-size=4', '--expose-gc'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ url, adminUrl }] = (await once(child, 'message')) as [{ url: string; adminUrl: string }];
  return {
    url,
    adminUrl,
    port: Number(new URL(url).port),
    child,
    async usedBytes() {
      child.send('usedBytes');
      const [answer] = (await once(child, 'message')) as [{ usedBytes: number }];
      return answer.usedBytes;
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
