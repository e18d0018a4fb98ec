// nginx as a streaming reverse proxy, tuned as its documentation advises for that.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { findProgram } from '../processes.ts';
import type { RunPorts, Target } from '../target.ts';

const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

function configuration(ports: RunPorts, folder: string): string {
  const folders = temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
${user}
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 16384; }
http {
  ${folders}
  access_log ${folder}/access.log combined buffer=64k flush=1s;
  tcp_nodelay on;
  keepalive_timeout 125s;
  keepalive_requests 100000000;
  client_max_body_size 64m;
  client_body_buffer_size 128k;
  upstream origin {
    server 127.0.0.1:${ports.upstream};
    keepalive 1024;
    keepalive_timeout 125s;
    keepalive_requests 100000000;
  }
  server {
    listen 127.0.0.1:${ports.listen} backlog=4096;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 600s;
    }
  }
}
`;
}

export const nginx: Target = {
  name: 'nginx',
  does:
    'one worker; keep-alive on both sides; response and request buffering off (bodies up to 128 ' +
    'KB in one buffer); read timeout 600 s; buffered access log to a file',
  missing: () =>
    findProgram('nginx') === undefined ? 'not installed (apt-get install nginx)' : undefined,
  version: () => {
    const words = ['-c', `${findProgram('nginx') ?? 'nginx'} -v 2>&1`];
    return execFileSync('sh', words, { encoding: 'utf8' }).trim().replace(/^.*\//, '');
  },
  command(ports, folder) {
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, configuration(ports, folder));
    const words = ['-p', folder, '-c', file, '-e', join(folder, 'error.log')];
    return { file: findProgram('nginx') ?? 'nginx', words };
  },
  loadWords: () => [],
};
