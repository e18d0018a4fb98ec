// WebSocket sessions: a few messages there and back, and an end by either form.

import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { CallKind, CallTools } from './call-kind.ts';

const MESSAGES = 5;
const PATIENCE_MS = 10_000;

/** Opens, echoes, ends; answers what went wrong. */
async function session({ caller, values }: CallTools): Promise<string | undefined> {
  const url = `ws://127.0.0.1:${caller.port}/live/${values.make('room')}`;
  const socket = new WebSocket(url, { headers: { 'x-session-id': values.make('session') } });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => resolve('no end'), PATIENCE_MS);
  socket.on('error', (fault) => resolve(fault.message));
  socket.on('close', (code) => resolve(`closed with ${code}`));
  try {
    return await Promise.race([promise, echo(socket, values.make('word'))]);
  } finally {
    clearTimeout(timer);
    if (values.random.next() < 0.5) socket.terminate();
    else socket.close(1_000);
  }
}

async function echo(socket: WebSocket, word: string): Promise<string | undefined> {
  await once(socket, 'open');
  for (let sent = 0; sent < MESSAGES; sent += 1) {
    socket.send(word);
    const [heard] = (await once(socket, 'message')) as [Buffer];
    if (heard.toString() !== word) return `${heard.toString()} in place of ${word}`;
  }
  return undefined;
}

/** The one kind of session. */
export const socketCalls: readonly CallKind[] = [
  {
    name: 'WebSocket session',
    weight: 2,
    async run(tools) {
      try {
        return await session(tools);
      } catch (fault) {
        return String(fault);
      }
    },
  },
];
