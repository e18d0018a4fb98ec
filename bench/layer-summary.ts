// From what whole stacks cost to what each layer adds: stack by stack, one layer more each time.
// Differences are taken within a round, because the machine drifts: what ran side by side is
// compared; their medians are shown.

import { median } from './summary.ts';

/** What one stack took in one round, in ns of CPU. */
export interface StackRound {
  /** A whole unary call. */
  readonly unary: number;
  /** A whole stream of `chunksFew` chunks, and one of `chunksMany`. */
  readonly few: number;
  readonly many: number;
}

/** One stack: the layer on top of the one before it, and what was measured of it. */
export interface StackSamples {
  /** Name of the outermost layer; of the first stack, which has none, the terminal service. */
  readonly name: string;
  readonly rounds: readonly StackRound[];
  /** Heap that one resting stream keeps, in bytes; several readings. */
  readonly retained: readonly number[];
}

/** Length of the two streams whose difference is the cost of a chunk. */
export interface StreamLengths {
  readonly chunksFew: number;
  readonly chunksMany: number;
}

/** What something costs. */
export interface LayerCost {
  readonly nsPerCall: number;
  readonly nsPerChunk: number;
  readonly bytesPerStream: number;
}

/** One layer. */
export interface LayerRow extends LayerCost {
  readonly name: string;
}

/** What the layers cost, each and together. */
export interface LayerReport {
  /** A call without any layer: its own objects, and the ends that the bench puts to it. */
  readonly bare: LayerCost;
  /** Outermost first. */
  readonly layers: readonly LayerRow[];
  /** The full stack less `bare`. */
  readonly all: LayerCost;
}

/** The report of stacks that grow by one layer each, the first one without any. */
export function summarizeLayers(
  stacks: readonly StackSamples[],
  lengths: StreamLengths,
): LayerReport {
  const bare = stacks[0];
  const full = stacks.at(-1);
  if (bare === undefined || full === undefined) throw new Error('no stack was measured');
  const layers = stacks.slice(1).map((stack, below) => ({
    name: stack.name,
    ...costOver(stacks[below], stack, lengths),
  }));
  return {
    bare: costOver(undefined, bare, lengths),
    layers: layers.toReversed(),
    all: costOver(bare, full, lengths),
  };
}

/** What `upper` costs beyond `lower`; without a `lower`, all that it costs. */
function costOver(
  lower: StackSamples | undefined,
  upper: StackSamples,
  { chunksFew, chunksMany }: StreamLengths,
): LayerCost {
  const perChunk = ({ few, many }: StackRound): number => (many - few) / (chunksMany - chunksFew);
  const added = (of: (round: StackRound) => number): number =>
    median(
      upper.rounds.map((round, at) => {
        const under = lower?.rounds[at];
        if (lower !== undefined && under === undefined) return Number.NaN;
        return of(round) - (under === undefined ? 0 : of(under));
      }),
    );
  return {
    nsPerCall: added(({ unary }) => unary),
    nsPerChunk: added(perChunk),
    bytesPerStream: median(upper.retained) - (lower === undefined ? 0 : median(lower.retained)),
  };
}
