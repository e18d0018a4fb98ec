// One Prometheus text from those of several workers. Works on the text: every worker prints a
// series in the same spelling, so that is its key and labels need not be understood. Counters and
// histograms of workers that died stay in the sums, or every restart would look like a reset.

/** How the values of one gauge become one. */
type Merge = 'sum' | 'max' | 'min' | 'average' | 'first';

/** Gauges that do not add up. Counters and histograms always do. */
const gaugeMerges: Readonly<Record<string, Merge>> = {
  gw_breaker_state: 'max',
  gw_draining: 'max',
  gw_guard_level: 'max',
  gw_limit_headroom_ratio: 'min',
  gw_ratelimit_remaining_ratio: 'min',
  gw_upstream_idle_budget_seconds: 'min',
  nodejs_eventloop_delay_p99_seconds: 'max',
  nodejs_eventloop_utilization_ratio: 'average',
  nodejs_version_info: 'first',
  process_start_time_seconds: 'min',
  process_max_fds: 'min',
};

/** The lags prom-client prints by itself: the worst worker is the one to look at. */
const LAG = /^nodejs_eventloop_lag_/;

interface Family {
  readonly name: string;
  /** The `# HELP` and `# TYPE` lines. */
  readonly head: string;
  readonly type: string;
  readonly values: Map<string, number>;
}

/** What one worker printed, by family. */
export type Families = ReadonlyMap<string, Family>;

/** Reads a text that prom-client printed: no timestamps, families in one piece. */
export function readFamilies(text: string): Families {
  const families = new Map<string, Family>();
  let help = '';
  let values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line.startsWith('# HELP ')) help = line;
    else if (line.startsWith('# TYPE ')) {
      const [, , name = '', type = ''] = line.split(' ');
      values = new Map();
      families.set(name, { name, type, values, head: `${help}\n${line}` });
    } else if (line !== '') {
      const space = line.lastIndexOf(' ');
      values.set(line.slice(0, space), numberOf(line.slice(space + 1)));
    }
  }
  return families;
}

/** Prints families as prom-client does. */
export function printFamilies(families: Families): string {
  const parts: string[] = [];
  for (const { head, values } of families.values()) {
    const lines = [head];
    for (const [series, value] of values) lines.push(`${series} ${textOf(value)}`);
    parts.push(lines.join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

/** Adds up what several workers printed. */
export function mergedFamilies(all: readonly Families[]): Families {
  const merged = new Map<string, Family>();
  const counts = new Map<string, number>();
  for (const families of all) {
    for (const family of families.values()) {
      let sum = merged.get(family.name);
      if (sum === undefined) {
        sum = { ...family, values: new Map() };
        merged.set(family.name, sum);
      }
      mergeInto(sum, family, counts);
    }
  }
  for (const family of merged.values()) {
    if (mergeOf(family) === 'average') divide(family, counts);
  }
  return merged;
}

/** What remains in the sums when a worker has died: everything that only ever grows. */
export function lastingFamilies(families: Families): Families {
  return new Map([...families].filter(([, { type }]) => type !== 'gauge'));
}

function mergeInto(sum: Family, family: Family, counts: Map<string, number>): void {
  const merge = mergeOf(family);
  for (const [series, value] of family.values) {
    const before = sum.values.get(series);
    if (merge === 'average') counts.set(series, (counts.get(series) ?? 0) + 1);
    sum.values.set(series, before === undefined ? value : mergedValue(merge, before, value));
  }
}

function mergedValue(merge: Merge, before: number, value: number): number {
  // One worker's gauge without a sample yet says nothing about the others.
  if (Number.isNaN(before) || Number.isNaN(value)) return Number.isNaN(before) ? value : before;
  switch (merge) {
    case 'max':
      return Math.max(before, value);
    case 'min':
      return Math.min(before, value);
    case 'first':
      return before;
    default:
      return before + value;
  }
}

function mergeOf({ name, type }: Family): Merge {
  if (type !== 'gauge') return 'sum';
  if (LAG.test(name)) return 'max';
  return Object.hasOwn(gaugeMerges, name) ? (gaugeMerges[name] as Merge) : 'sum';
}

function divide({ values }: Family, counts: ReadonlyMap<string, number>): void {
  for (const [series, value] of values) values.set(series, value / (counts.get(series) ?? 1));
}

function numberOf(text: string): number {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text === 'Nan' ? 'NaN' : text);
}

function textOf(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return Number.isNaN(value) ? 'Nan' : String(value);
}
