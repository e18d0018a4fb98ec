// Gateways and proxies written in JavaScript, each run by the same Node as Holdfast.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Target } from '../target.ts';

const bench = dirname(import.meta.dirname);

function packageFolder(name: string): string {
  return join(bench, 'node_modules', ...name.split('/'));
}

function packageVersion(name: string): string {
  const manifest: unknown = JSON.parse(
    readFileSync(join(packageFolder(name), 'package.json'), 'utf8'),
  );
  return (manifest as { version: string }).version;
}

function missingPackage(name: string): string | undefined {
  if (existsSync(packageFolder(name))) return undefined;
  return `${name} is not installed (npm ci --prefix bench)`;
}

/** A peer that is one file in bench/peers, on a package or on Node alone. */
function peer(name: string, file: string, uses: string | undefined, does: string): Target {
  return {
    name,
    does,
    missing: () => (uses === undefined ? undefined : missingPackage(uses)),
    version: () => (uses === undefined ? `node ${process.version}` : packageVersion(uses)),
    command: (ports) => ({
      file: process.execPath,
      words: [
        join(bench, 'peers', file),
        '--listen',
        String(ports.listen),
        '--upstream',
        String(ports.upstream),
      ],
      env: { NODE_ENV: 'production' },
    }),
    loadWords: () => [],
  };
}

export const fetchProxy: Target = peer(
  'fetch',
  'fetch-proxy.ts',
  undefined,
  'http.Server and global fetch, the body piped; aborts upstream when the caller leaves; no log',
);

export const httpxy: Target = peer(
  'httpxy',
  'httpxy-proxy.ts',
  'httpxy',
  'http.Server and http.request through a keep-alive agent; no log, no limits',
);

export const fastify: Target = peer(
  'fastify',
  'fastify-proxy.ts',
  '@fastify/http-proxy',
  'Fastify routing and hooks, undici behind; logging off, no stream timeouts',
);

export const nodeRelay: Target = peer(
  'node-relay',
  'node-relay.ts',
  undefined,
  'byte relay on net sockets, knows no HTTP: the floor of this Node, not a gateway',
);

const portkeyPackage = '@portkey-ai/gateway';

export const portkey: Target = {
  name: 'portkey',
  does:
    'LLM gateway: parses and rebuilds the JSON body, splits streams into events and passes them ' +
    'one by one; holds the first event of a stream back for 25 ms on purpose; no log to a file',
  missing: () => missingPackage(portkeyPackage),
  version: () => packageVersion(portkeyPackage),
  command: (ports) => ({
    file: process.execPath,
    words: [
      '--import',
      join(bench, 'peers', 'loopback-only.ts'),
      join(packageFolder(portkeyPackage), 'build', 'start-server.js'),
      `--port=${ports.listen}`,
      '--headless',
    ],
    env: { NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1' },
  }),
  // It drops the query of a call, so the stream parameters travel in the upstream's base path.
  loadWords: (ports, parameters) => [
    '--header',
    'x-portkey-provider: anthropic',
    '--header',
    `x-portkey-custom-host: http://127.0.0.1:${ports.upstream}${parameters}/v1`,
  ],
};
