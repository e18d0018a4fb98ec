// haproxy as a streaming reverse proxy with shared keep-alive connections to the upstream.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { findProgram } from '../processes.ts';
import type { RunPorts, Target } from '../target.ts';

function configuration(ports: RunPorts): string {
  return `global
  nbthread 1
  maxconn 9000
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  option http-no-delay
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 125s
frontend in
  bind 127.0.0.1:${ports.listen} backlog 4096
  default_backend origin
backend origin
  http-reuse always
  server origin 127.0.0.1:${ports.upstream}
`;
}

export const haproxy: Target = {
  name: 'haproxy',
  does:
    'one thread; keep-alive on both sides, upstream connections shared (http-reuse always); no ' +
    'buffering of streams; client and server timeouts 600 s; httplog lines to a file, unbuffered',
  missing: () =>
    findProgram('haproxy') === undefined ? 'not installed (apt-get install haproxy)' : undefined,
  version: () => {
    const text = execFileSync(findProgram('haproxy') ?? 'haproxy', ['-v'], { encoding: 'utf8' });
    return /version ([\d.]+)/.exec(text)?.[1] ?? 'unknown';
  },
  command(ports, folder) {
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, configuration(ports));
    return { file: findProgram('haproxy') ?? 'haproxy', words: ['-f', file] };
  },
  loadWords: () => [],
};
