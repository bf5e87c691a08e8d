/** A scrape of Prometheus' text format: which metrics there are, and which values their labels have. */
export interface Scrape {
  readonly metrics: ReadonlySet<string>;
  /** Values by metric and label. */
  readonly values: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
}

/** Reads a scrape. Histograms are there as the series that they are made of, `_bucket`, `_sum` and `_count`. */
export function parseScrape(text: string): Scrape {
  const metrics = new Set<string>();
  const values = new Map<string, Map<string, Set<string>>>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\w+) (\w+)/.exec(line);
    if (type)
      for (const suffix of type[2] === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) metrics.add(`${type[1] as string}${suffix}`);
    const series = /^(\w+)(?:\{(.*)\})? [^ ]+$/.exec(line);
    if (!series) continue;
    const ofMetric = values.get(series[1] as string) ?? new Map<string, Set<string>>();
    values.set(series[1] as string, ofMetric);
    for (const [, label, value] of (series[2] ?? '').matchAll(/(\w+)="([^"]*)"/g))
      ofMetric.set(label as string, (ofMetric.get(label as string) ?? new Set()).add(value as string));
  }
  return { metrics, values };
}
