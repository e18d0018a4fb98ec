// The processes of one scenario: one origin, and each target started fresh beside it.

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Aim } from './load.ts';
import { buildFolder } from './native-build.ts';
import { freePort, processTree, start, startLogged, stop } from './processes.ts';
import { pathParameters, type Scenario } from './scenarios.ts';
import type { RunPorts, Target } from './target.ts';

/** CPU numbers: the gateway's, and that of origin and load. */
export type Cores = readonly [gateway: number, harness: number];

/** The fake upstream, running. */
export interface Origin {
  readonly port: number;
  readonly child: ChildProcess;
}

/** A target that answers. */
export interface Running {
  readonly target: Target;
  readonly ports: RunPorts;
  readonly child: ChildProcess | undefined;
  readonly log: string;
}

/** Starts the fake upstream. */
export async function startOrigin(cores: Cores): Promise<Origin> {
  const port = await freePort();
  const words = ['--child', '--port', String(port)];
  const child = start({ file: join(buildFolder, 'origin'), words }, cores[1], [
    'ignore',
    'ignore',
    'inherit',
  ]);
  await untilAnswered(port, {}, child, 5000);
  return { port, child };
}

/** One unary call as the load sends it; the status, or 0 when there was no answer. */
function ask(port: number, headers: Readonly<Record<string, string>>): Promise<number> {
  const body =
    '{"model":"claude-bench","max_tokens":16,"messages":[{"role":"user","content":"hi"}]}';
  return new Promise((resolve) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path: '/v1/messages',
        method: 'POST',
        agent: false,
        timeout: 2000,
        headers: {
          'content-type': 'application/json',
          'x-api-key': 'sk-bench',
          'anthropic-version': '2023-06-01',
          ...headers,
          'content-length': Buffer.byteLength(body),
        },
      },
      (answer) => {
        answer.resume().on('close', () => resolve(answer.statusCode ?? 0));
      },
    );
    call.on('error', () => resolve(0)).on('timeout', () => call.destroy());
    call.end(body);
  });
}

/** Connections that the fake upstream has accepted since it started. */
export async function acceptedBy(origin: Origin): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${origin.port}/stats`);
  return ((await answer.json()) as { accepted: number }).accepted;
}

async function untilAnswered(
  port: number,
  headers: Readonly<Record<string, string>>,
  child: ChildProcess | undefined,
  waitMs: number,
): Promise<void> {
  const until = performance.now() + waitMs;
  let status = 0;
  while (performance.now() < until) {
    if (child !== undefined && child.exitCode !== null) {
      throw new Error(`it ended with code ${child.exitCode}`);
    }
    status = await ask(port, headers);
    if (status === 200) return;
    await sleep(50);
  }
  throw new Error(status === 0 ? 'it does not answer' : `it answers ${status}`);
}

function headersOf(words: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  words.forEach((word, at) => {
    if (word !== '--header') return;
    const [name = '', ...value] = (words[at + 1] ?? '').split(':');
    headers[name] = value.join(':').trim();
  });
  return headers;
}

/** Starts a target and waits until a call through it is answered; throws with the reason if not. */
export async function startTarget(target: Target, origin: Origin, cores: Cores): Promise<Running> {
  const ports = { listen: await freePort(), admin: await freePort(), upstream: origin.port };
  const folder = join(buildFolder, 'run', target.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const log = join(folder, 'output.log');
  const command = target.command(ports, folder);
  if (command === undefined) {
    return { target, ports: { ...ports, listen: origin.port }, child: undefined, log };
  }
  const child = startLogged(command, cores[0], log);
  try {
    await untilAnswered(ports.listen, headersOf(target.loadWords(ports, '')), child, 20_000);
  } catch (problem) {
    await stop(child, 500);
    throw new Error(`${target.name}: ${(problem as Error).message}; see ${log}`, {
      cause: problem,
    });
  }
  return { target, ports, child, log };
}

/** How the load generator reaches a running target in this scenario. */
export function aimAt(running: Running, scenario: Scenario, origin: Origin, cores: Cores): Aim {
  const pid = running.child?.pid;
  return {
    port: running.ports.listen,
    core: cores[1],
    pids: pid === undefined ? [] : processTree(pid),
    originPid: origin.child.pid ?? 0,
    words: running.target.loadWords(running.ports, pathParameters(scenario)),
  };
}

/** Ends targets and origin. */
export async function strike(origin: Origin, all: Iterable<Running>): Promise<void> {
  const ends = [stop(origin.child)];
  for (const { child } of all) if (child !== undefined) ends.push(stop(child));
  await Promise.all(ends);
}
