// Compares what the process holds with what it held before: sockets, listeners, timers and leases
// must be back within a bounded time, or the check throws and says what is left.
// Use: `const leaks = LeakCheck.begin(); after(() => leaks.assertClean({ leases }));`
// Invariant: it looks only; it closes nothing and leaves no timer of its own.

import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Leases } from '../core/leases.ts';

/** What should be empty besides the process itself. */
export interface LeakScope {
  readonly leases?: Leases;
  /** A `VirtualClock` or `CountingClock` whose timers must be gone. */
  readonly clock?: { readonly pending: number };
  /** How long things may take to go; default 2 s, since sockets close in the background. */
  readonly withinMs?: number;
}

/** Kinds of Node's active resources that a finished test must not add to. */
const watched = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'TCPConnectWrap',
  'TLSWrap',
  'PipeWrap',
  'UDPWrap',
  'GetAddrInfoReqWrap',
  'Timeout',
  'Worker',
  'ChildProcess',
]);

/** A picture of the process, and the comparison with a later one. */
export class LeakCheck {
  readonly #before: ReadonlyMap<string, number>;

  private constructor() {
    this.#before = held();
  }

  /** Takes the picture that later ones are compared with. */
  static begin(): LeakCheck {
    return new LeakCheck();
  }

  /** Resolves once nothing is left; throws with a list after `withinMs`. */
  async assertClean(scope: LeakScope = {}): Promise<void> {
    const deadline = performance.now() + (scope.withinMs ?? 2_000);
    for (;;) {
      const left = this.leftovers(scope);
      if (left.length === 0) return;
      if (performance.now() >= deadline) throw new Error(`left behind:\n  ${left.join('\n  ')}`);
      await sleep(10);
    }
  }

  /** One line for each kind of thing that is more than before. */
  leftovers(scope: LeakScope = {}): string[] {
    const lines: string[] = [];
    for (const [kind, count] of held()) {
      const more = count - (this.#before.get(kind) ?? 0);
      if (more > 0) lines.push(`${more} x ${kind}`);
    }
    const timers = scope.clock?.pending ?? 0;
    if (timers > 0) lines.push(`${timers} x timer on the clock`);
    const { leases } = scope;
    if (leases === undefined || leases.size === 0) return lines;
    lines.push(`${leases.size} x lease, the oldest:`);
    for (const { kind, owner, ageMs } of leases.oldest(10)) {
      lines.push(`  ${kind} of ${owner}, ${Math.round(ageMs)} ms old`);
    }
    return lines;
  }
}

function held(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (watched.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const sockets = socketDescriptors();
  if (sockets !== undefined) counts.set('open socket descriptor', sockets);
  return counts;
}

/** Node does not list unreferenced sockets, but Linux does; `undefined` elsewhere. */
function socketDescriptors(): number | undefined {
  let names: string[];
  try {
    names = readdirSync('/proc/self/fd');
  } catch {
    return undefined;
  }
  return names.filter((name) => linkOf(name).startsWith('socket:')).length;
}

function linkOf(name: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch {
    // The descriptor of the listing itself is closed by now.
    return '';
  }
}
