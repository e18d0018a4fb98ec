// What the upstream does wrong while a client works through a session of three turns: call a tool,
// call it again, tell the outcome. Each fault strikes given POSTs, counted from 1; the rest are
// answered properly, so every session can finish.

import type { RequestFacts, Treatment } from '../plain-sim-server.ts';

/** One way for an upstream to misbehave. */
export interface Scenario {
  readonly name: string;
  /** The treatment of POSTs by their number. */
  readonly faults: ReadonlyMap<number, Treatment>;
  /** The gateway says something after 200 ms of silence, and begins answers itself after 400 ms. */
  readonly talkative: boolean;
}

const scenario = (name: string, ...faults: (readonly [number, Treatment])[]): Scenario => ({
  name,
  faults: new Map(faults),
  talkative: false,
});

/** A scenario for what the gateway itself says in the silence. */
const talkative = (name: string, ...faults: (readonly [number, Treatment])[]): Scenario => ({
  ...scenario(name, ...faults),
  talkative: true,
});

const lateRefusal = (status: number): Treatment => ({ kind: 'refuse', status, afterMs: 900 });

/** Events of a stream before it is broken: after the head and a first piece of content. */
const EARLY = 4;

/** Every scenario, the undisturbed one first. */
export const scenarios: readonly Scenario[] = [
  scenario('no fault'),
  scenario(
    '503, twice',
    [1, { kind: 'refuse', status: 503 }],
    [2, { kind: 'refuse', status: 503 }],
  ),
  scenario('529, once', [2, { kind: 'refuse', status: 529 }]),
  scenario('429, retry after 1 s', [1, { kind: 'refuse', status: 429, retryAfter: 1 }]),
  scenario('reset before the answer', [2, { kind: 'reset' }]),
  scenario('reset in the stream', [1, { kind: 'rst', afterEvents: EARLY }]),
  scenario('closed in the stream', [2, { kind: 'fin', afterEvents: EARLY }]),
  scenario('clean end without the closing event', [1, { kind: 'truncate', afterEvents: EARLY }]),
  scenario('the same in the last turn', [3, { kind: 'truncate', afterEvents: EARLY }]),
  scenario('empty answer', [1, { kind: 'truncate', afterEvents: 0 }]),
  scenario('error event in the stream', [1, { kind: 'error', afterTokens: 2 }]),
  scenario('5 s of silence in the stream', [2, { kind: 'stall', afterEvents: EARLY, forMs: 5000 }]),
  scenario('5 s before the first event', [2, { kind: 'stall', afterEvents: 0, forMs: 5000 }]),
  talkative('heartbeats in the stream', [2, { kind: 'stall', afterEvents: EARLY, forMs: 2000 }]),
  talkative('heartbeats before the answer', [2, { kind: 'late', afterMs: 2000 }]),
  talkative('529 behind a head that was sent already', [2, lateRefusal(529)]),
  talkative(
    'every attempt refused behind a head that was sent already',
    [1, lateRefusal(529)],
    [2, lateRefusal(529)],
    [3, lateRefusal(529)],
  ),
  scenario(
    'everything in one session',
    [1, { kind: 'reset' }],
    [2, { kind: 'rst', afterEvents: EARLY }],
    [4, { kind: 'truncate', afterEvents: EARLY }],
    [6, { kind: 'refuse', status: 503 }],
  ),
];

/** The treatments of a scenario, for one run. Requests that ask no model are always answered. */
export function treatmentsOf(chosen: Scenario): (request: RequestFacts) => Treatment {
  let posts = 0;
  return (request) => {
    const asksModel = /^\/v1\/(messages|responses|chat\/completions)(\?|$)/.test(request.path);
    if (!asksModel) return { kind: 'answer' };
    posts += 1;
    return chosen.faults.get(posts) ?? { kind: 'answer' };
  };
}
