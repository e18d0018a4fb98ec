// Says exactly these bytes on a connection of their own, and reads until it is closed.

import { connect } from 'node:net';

const PATIENCE_MS = 10_000;

/** What came back; what went wrong is told in its place. Never rejects. */
export function rawAnswer(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.setTimeout(PATIENCE_MS, () => {
      answer = `no end within ${PATIENCE_MS} ms of ${JSON.stringify(answer)}`;
      socket.destroy();
    });
    socket.on('connect', () => socket.write(text, 'latin1'));
    socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
    socket.on('error', (fault) => (answer ||= fault.message));
    socket.on('close', () => resolve(answer));
  });
}
