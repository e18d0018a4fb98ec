// Reads what the soak needs from a scrape. Pure.

/** One scrape. */
export interface Scrape {
  /** Sum of the samples of one metric, 0 without any. */
  sum(name: string): number;
  /** Label sets of all metrics; a histogram counts once for each. */
  readonly labelSets: number;
  /** Metrics with a series that stands for values beyond their cap. */
  readonly overflowed: readonly string[];
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)/;

/** Reads the Prometheus text format. */
export function readScrape(text: string): Scrape {
  const sums = new Map<string, number>();
  const overflowed = new Set<string>();
  const histograms = new Set<string>();
  let labelSets = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith('# TYPE ') && line.endsWith(' histogram')) {
      histograms.add(line.split(' ')[2] ?? '');
    }
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    if (name === '') continue;
    sums.set(name, (sums.get(name) ?? 0) + Number(value));
    if (labels.includes('overflow="true"')) overflowed.add(name);
    const family = name.replace(/_(?:bucket|sum)$/, '');
    if (family === name || !histograms.has(family)) labelSets += 1;
  }
  return { sum: (name) => sums.get(name) ?? 0, labelSets, overflowed: [...overflowed] };
}
