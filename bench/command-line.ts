// The words after `node bench/run.ts`, read once into plain values. Unknown words are errors.

import { parseArgs } from 'node:util';

/** What one run of the bench should do. */
export interface BenchOptions {
  /** Target names in the order of the columns; empty = the default set. */
  readonly only: readonly string[];
  /** Scenario names; empty = all of this mode. */
  readonly scenarios: readonly string[];
  /** Whether gateways are measured side by side, and whether the layers of Holdfast are. */
  readonly gateways: boolean;
  readonly layers: boolean;
  readonly rounds: number;
  /** Length of one measuring window. */
  readonly seconds: number;
  /** Warm-up before each window; the first window of a fresh process gets `firstWarm`. */
  readonly warm: number;
  readonly firstWarm: number;
  readonly quick: boolean;
  /** A further place to write the JSON to. */
  readonly json: string | undefined;
  /** Name of the file in bench/results. */
  readonly name: string | undefined;
  /** CPU of the gateway and CPU of origin and load. */
  readonly cores: readonly [number, number];
}

export const usage = `node bench/run.ts [options]
  --only a,b        targets: direct nginx haproxy holdfast holdfast-bare fetch httpxy fastify
                    portkey node-relay; layers = what each layer of Holdfast costs, in process
  --scenario a,b    unary rate-2000 events-20ms events-20ms-500 events-full body-64k body-200k
                    burst first-byte idle-1k idle-5k layers
  --rounds N        interleaved rounds (3; 2 with --quick)
  --seconds S       measuring window of each run (2.5; 1 with --quick)
  --quick           layers, direct, nginx, haproxy, holdfast and holdfast-bare only, short
                    windows, about 3 minutes
  --json FILE       also write the result there (always written to bench/results/)
  --name NAME       name of the file in bench/results/
  --cores G,H       CPU of the gateway and CPU of origin and load (0,1)
`;

function list(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',').filter((word) => word !== '');
}

/** Stands among targets and scenarios, because it is neither and replaces both. */
const LAYERS = 'layers';

/** Which of the two parts a list asks for; an empty one asks for both. */
function partsOf(words: readonly string[]): { gateways: boolean; layers: boolean } {
  const layers = words.includes(LAYERS);
  return { layers: layers || words.length === 0, gateways: !layers || words.length > 1 };
}

function positive(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!(value > 0)) throw new Error(`not a positive number: ${text}`);
  return value;
}

/** Reads the words; throws an Error with one sentence when they make no sense. */
export function readCommandLine(words: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string' },
      scenario: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      name: { type: 'string' },
      cores: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const [gateway = 0, harness = 1] = list(values.cores).map(Number);
  const quick = values.quick;
  const [only, scenarios] = [list(values.only), list(values.scenario)];
  const [byTarget, byScenario] = [partsOf(only), partsOf(scenarios)];
  return {
    only: only.filter((word) => word !== LAYERS),
    scenarios: scenarios.filter((word) => word !== LAYERS),
    gateways: byTarget.gateways && byScenario.gateways,
    layers: byTarget.layers && byScenario.layers,
    rounds: Math.ceil(positive(values.rounds, quick ? 2 : 3)),
    seconds: positive(values.seconds, quick ? 1 : 2.5),
    warm: quick ? 0.3 : 0.6,
    // With every layer on V8 takes this long to settle, however short the windows are.
    firstWarm: 2,
    quick,
    json: values.json,
    name: values.name,
    cores: [gateway, harness],
  };
}
