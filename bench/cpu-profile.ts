// Takes a CPU profile of a running Node through its inspector, for exactly the time of a load, so
// that start-up and warm-up are not in it; and reads which functions the time went to.

import { setTimeout as sleep } from 'node:timers/promises';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
}

/** A profile as V8 gives it; the same text is what a .cpuprofile file holds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds. */
  readonly timeDeltas: readonly number[];
}

/** Time spent in one place itself, callees not counted. */
export interface SelfTime {
  readonly place: string;
  readonly microseconds: number;
}

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** The part of the inspector protocol that is needed here. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', (event) => {
      const answer = JSON.parse(String(event.data)) as Answer;
      if (answer.id === undefined) return;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** Connects to a Node that was started with `--inspect=127.0.0.1:port`. */
  static async connect(port: number): Promise<Inspector> {
    for (let tries = 0; ; tries += 1) {
      try {
        const list = await fetch(`http://127.0.0.1:${port}/json/list`);
        const [first] = (await list.json()) as { webSocketDebuggerUrl: string }[];
        const socket = new WebSocket(first?.webSocketDebuggerUrl ?? '');
        await new Promise((resolve, reject) => {
          socket.addEventListener('open', resolve);
          socket.addEventListener('error', reject);
        });
        return new Inspector(socket);
      } catch (problem) {
        if (tries >= 100) throw problem;
        await sleep(50);
      }
    }
  }

  /** One command of the protocol; rejects with its error. */
  ask(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close(): void {
    this.#socket.close();
  }
}

/** Samples the process every `everyMicroseconds` while `during` runs. */
export async function profileWhile(
  port: number,
  everyMicroseconds: number,
  during: () => Promise<void>,
): Promise<CpuProfile> {
  const inspector = await Inspector.connect(port);
  try {
    await inspector.ask('Profiler.enable');
    await inspector.ask('Profiler.setSamplingInterval', { interval: everyMicroseconds });
    await inspector.ask('Profiler.start');
    await during();
    const { profile } = (await inspector.ask('Profiler.stop')) as { profile: CpuProfile };
    return profile;
  } finally {
    inspector.close();
  }
}

function shortUrl(url: string, tree: string): string {
  return url
    .replace('file://', '')
    .replace(`${tree}/`, '')
    .replace(/^.*\/node_modules\//, '');
}

/** Self time by `place`, most first; time in which the process slept is left out. */
function selfTimes(profile: CpuProfile, placeOf: (node: ProfileNode) => string): SelfTime[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const sums = new Map<string, number>();
  profile.samples.forEach((id, at) => {
    const node = nodes.get(id);
    if (node === undefined || node.callFrame.functionName === '(idle)') return;
    const place = placeOf(node);
    sums.set(place, (sums.get(place) ?? 0) + (profile.timeDeltas[at] ?? 0));
  });
  return [...sums]
    .map(([place, microseconds]) => ({ place, microseconds }))
    .toSorted((a, b) => b.microseconds - a.microseconds);
}

/** Self time of each function, as `name file:line`. */
export function byFunction(profile: CpuProfile, tree: string): SelfTime[] {
  return selfTimes(profile, ({ callFrame }) => {
    const name = callFrame.functionName === '' ? '(anonymous)' : callFrame.functionName;
    if (callFrame.url === '') return name.startsWith('(') ? name : `${name} (native)`;
    return `${name}  ${shortUrl(callFrame.url, tree)}:${callFrame.lineNumber + 1}`;
  });
}

/** Self time of each source file, or of native code, the collector and the rest. */
export function byFile(profile: CpuProfile, tree: string): SelfTime[] {
  return selfTimes(profile, ({ callFrame }) => {
    if (callFrame.url !== '') return shortUrl(callFrame.url, tree);
    return callFrame.functionName.startsWith('(') ? callFrame.functionName : '(native)';
  });
}
