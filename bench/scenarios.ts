// What is measured: shapes of load, each the same for every target.

/** Calls sent over and over, in a closed or open loop or in bursts. */
export interface LoadScenario {
  readonly kind: 'load';
  readonly name: string;
  readonly title: string;
  readonly connections: number;
  readonly bodyBytes: number;
  /** Content events of each answer; 0 = a 1 KB JSON answer. */
  readonly events: number;
  readonly gapMs: number;
  /** Over how long the first calls are spread, so that streams do not march in step. */
  readonly rampMs: number;
  /** Calls per second of an open loop; 0 = closed loop. */
  readonly rate: number;
  /** Every call on a new connection, all at once, ten times a second. */
  readonly burst: boolean;
  /** What the CPU is divided by. */
  readonly unit: 'call' | 'event';
  /** Which time is shown: whole call, first event, or the way of each event (from its stamp). */
  readonly timing: 'latency' | 'firstByte' | 'delay';
}

/** Streams that are opened and then say nothing, to see what each costs in memory. */
export interface IdleScenario {
  readonly kind: 'idle';
  readonly name: string;
  readonly title: string;
  readonly streams: number;
}

export type Scenario = LoadScenario | IdleScenario;

/** What a load is unless it says otherwise. */
export const baseLoad = {
  kind: 'load',
  connections: 64,
  bodyBytes: 2048,
  events: 0,
  gapMs: 0,
  rampMs: 0,
  rate: 0,
  burst: false,
  unit: 'call',
  timing: 'latency',
} as const;

const spaced = {
  ...baseLoad,
  events: 50,
  gapMs: 20,
  rampMs: 1000,
  unit: 'event',
  timing: 'delay',
} as const;
const upload = { ...baseLoad, connections: 16, events: 10 } as const;

/** In the order of the report. `events-20ms-500` runs only when it is named. */
export const scenarios: readonly Scenario[] = [
  { ...baseLoad, name: 'unary', title: 'unary 2 KB -> 1 KB, 64 connections, as fast as it goes' },
  {
    ...baseLoad,
    name: 'rate-2000',
    title: 'the same at a fixed 2,000 calls/s (latency from the scheduled instant)',
    rate: 2000,
  },
  {
    ...spaced,
    name: 'events-20ms',
    title: '200 streams, an event every 20 ms (50 events each)',
    connections: 200,
  },
  {
    ...spaced,
    name: 'events-20ms-500',
    title: '500 streams, an event every 20 ms (50 events each)',
    connections: 500,
  },
  {
    ...baseLoad,
    name: 'events-full',
    title: '8 streams at full speed (5,000 events each, one HTTP chunk an event, 30 a write)',
    connections: 8,
    events: 5000,
    unit: 'event',
  },
  {
    ...upload,
    name: 'body-64k',
    title: '64 KB body, answered by 10 events, 16 connections',
    bodyBytes: 65_536,
  },
  {
    ...upload,
    name: 'body-200k',
    title: '200 KB body, answered by 10 events, 16 connections',
    bodyBytes: 204_800,
  },
  {
    ...baseLoad,
    name: 'burst',
    title: '200 new connections at once, ten times a second, one unary call each',
    connections: 200,
    burst: true,
  },
  {
    ...baseLoad,
    name: 'first-byte',
    title: '1,500 streams/s of 10 events at 20 ms: time to the first event (about half load)',
    connections: 768,
    events: 10,
    gapMs: 20,
    rate: 1500,
    timing: 'firstByte',
  },
  { kind: 'idle', name: 'idle-1k', title: '1,000 idle streams: memory of each', streams: 1000 },
  { kind: 'idle', name: 'idle-5k', title: '5,000 idle streams: memory of each', streams: 5000 },
];

const onlyByName = new Set(['events-20ms-500']);
const notQuick = new Set(['body-200k', 'idle-5k']);

/** The scenarios asked for; throws on a name that does not exist. */
export function chooseScenarios(names: readonly string[], quick: boolean): readonly Scenario[] {
  for (const name of names) {
    if (!scenarios.some((each) => each.name === name)) {
      throw new Error(`no scenario "${name}"; there are ${scenarios.map((s) => s.name).join(' ')}`);
    }
  }
  if (names.length > 0) return scenarios.filter((each) => names.includes(each.name));
  return scenarios.filter(
    (each) => !onlyByName.has(each.name) && !(quick && notQuick.has(each.name)),
  );
}

/** Stream parameters as the origin reads them from a path: `/events=10&gap=20`, or nothing. */
export function pathParameters(scenario: Scenario): string {
  if (scenario.kind === 'idle') return '/events=1&gap=0&idle=1';
  return scenario.events === 0 ? '' : `/events=${scenario.events}&gap=${scenario.gapMs}`;
}
