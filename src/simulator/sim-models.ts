// The models that the simulator offers and how each one behaves. Any other name that does not start
// with `sim-` is answered as `sim-fast`, so that clients with a fixed model name can be served.

/** How an answer is spread over time. All values are in milliseconds. */
export interface Pace {
  /** From the end of the request to the head and the first event. */
  readonly headMs: number;
  /** From the first event to the first token. */
  readonly firstMs: number;
  /** Between tokens. */
  readonly gapMs: number;
  /** Share by which each wait differs at random: 0.4 = plus or minus forty per cent. */
  readonly jitter: number;
  /** Silence after which a dialect that has pings sends one. */
  readonly pingEveryMs: number;
}

/** One simulated model. */
export interface SimModel {
  readonly id: string;
  readonly displayName: string;
  /** One sentence for a person. */
  readonly about: string;
  readonly pace: Pace;
  /** Fewest and most tokens of an answer whose length is not asked for. */
  readonly tokens: readonly [number, number];
  /** Thinks before it speaks where the request allows it. */
  readonly thinks: boolean;
  readonly behaviour: 'prose' | 'echo' | 'tools';
}

const PING_EVERY_MS = 10_000;
const noWait: Pace = { headMs: 0, firstMs: 0, gapMs: 0, jitter: 0, pingEveryMs: PING_EVERY_MS };

// The sum of head and first of `sim-chat` is the usual time to the first token of a hosted model.
const chat: Pace = {
  headMs: 250,
  firstMs: 150,
  gapMs: 25,
  jitter: 0.4,
  pingEveryMs: PING_EVERY_MS,
};
const slow: Pace = { ...chat, headMs: 8000, firstMs: 0 };
const long: Pace = { ...chat, gapMs: 100 };

const fast: SimModel = {
  id: 'sim-fast',
  displayName: 'Simulator, fast',
  about: 'A short text at once.',
  pace: noWait,
  tokens: [24, 48],
  thinks: false,
  behaviour: 'prose',
};

/** Every simulated model, in the order in which they are listed. */
export const simModels: readonly SimModel[] = [
  fast,
  {
    ...fast,
    id: 'sim-chat',
    displayName: 'Simulator, paced',
    about: 'Paced like a hosted model: 400 ms to the first token, then 25 ms a token.',
    pace: chat,
    tokens: [60, 140],
    thinks: true,
  },
  {
    ...fast,
    id: 'sim-slow',
    displayName: 'Simulator, slow to start',
    about: 'Eight seconds without a byte, then paced like sim-chat.',
    pace: slow,
    tokens: [40, 80],
  },
  {
    ...fast,
    id: 'sim-long',
    displayName: 'Simulator, minutes long',
    about: 'Streams for three minutes, or for as long as [[tokens=N]] says, 100 ms a token.',
    pace: long,
    tokens: [1800, 1800],
  },
  {
    ...fast,
    id: 'sim-tools',
    displayName: 'Simulator, calls tools',
    about: 'Calls an offered tool, a shell if there is one, then tells what it answered.',
    behaviour: 'tools',
  },
  {
    ...fast,
    id: 'sim-echo',
    displayName: 'Simulator, echo',
    about: "Repeats the user's last text.",
    behaviour: 'echo',
  },
  {
    ...fast,
    id: 'sim-plain',
    displayName: 'Simulator, without thinking',
    about: 'Refuses every wish to think with a 400, as older models do.',
  },
];

/** The model of this name; `undefined` only for an unknown name that starts with `sim-`. */
export function simModelNamed(name: string): SimModel | undefined {
  const known = simModels.find((model) => model.id === name);
  if (known !== undefined) return known;
  return name.startsWith('sim-') ? undefined : fast;
}
