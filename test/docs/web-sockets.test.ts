// The guide to WebSockets: its example runs as it stands, and its tables say what the code does.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { WebSocketServer } from 'ws';
import { legLosses } from '../../src/edges/web-socket/close-codes.ts';
import { defaultWebSocketOptions } from '../../src/edges/web-socket/options.ts';
import { formatDuration, formatSize } from '../../src/gateway/config/units.ts';
import { pageText, shellLines, yamlExample } from './documented-commands.ts';
import { run, start } from './shell.ts';

const text = pageText('docs/guides/web-sockets.md');

/** The cells of every row of the tables that begins with `first`. */
const rows = (first: RegExp): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()))
    .filter(([cell = '']) => first.test(cell));

describe('the guide to WebSockets', () => {
  it('shows an example and a command that work', async () => {
    const echo = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(echo, 'listening');
    echo.on('connection', (socket) =>
      socket.on('message', (data) => socket.send(data as Buffer, { binary: false })),
    );
    const { port } = echo.address() as AddressInfo;
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-sessions-'));
    const file = join(folder, 'holdfast.yaml');
    const example = yamlExample(text) ?? '';
    writeFileSync(file, example.replace('https://chat.example.com', `http://127.0.0.1:${port}`));
    const [serve = '', ask = ''] = shellLines(text);
    const ports = '--listen 127.0.0.1:0 --admin 127.0.0.1:0';
    try {
      const command = `${serve.replace('holdfast.yaml', file)} ${ports}`;
      const gateway = await start(command, /listens on http:\/\/(\S+?),/);
      const said = await run(ask.replace('127.0.0.1:8787', gateway.ready[1] ?? ''));
      assert.equal(said, 'hi\n');
      await gateway.stop();
    } finally {
      echo.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('names every option with the default it has', () => {
    const { pingMs, pongMs, pingJitter, messageBytes, backlogBytes, stallMs } =
      defaultWebSocketOptions;
    assert.deepEqual(
      rows(/^`(ping|pong|maxMessage|backlog|stall)`$/).map(([name, usual]) => [name, usual]),
      [
        ['`ping`', formatDuration(pingMs)],
        ['`pong`', formatDuration(pongMs)],
        ['`maxMessage`', formatSize(messageBytes)],
        ['`backlog`', formatSize(backlogBytes)],
        ['`stall`', formatDuration(stallMs)],
      ],
    );
    const worstS = (pingMs * (1 + pingJitter) + pongMs) / 1_000;
    assert.ok(text.includes(`with the defaults ${Math.ceil(worstS)} s`), `${worstS}`);
  });

  it('says of every way a session breaks what both sides hear', () => {
    const told = rows(/./).filter(([, verdict = '']) => /^`[A-Z_]+`$/.test(verdict));
    for (const [side, losses] of Object.entries(legLosses)) {
      for (const { code, tell } of Object.values(losses)) {
        const row = told.find(([, verdict]) => verdict === `\`${code}\``);
        assert.equal(row?.[side === 'caller' ? 3 : 2], String(tell), code);
      }
    }
  });
});
