import type { Histogram, MetricObjectWithValues, MetricValue, Registry } from 'prom-client';

/** Settings of a histogram, as Prometheus knows them. */
export interface TallyHistogramOptions {
  readonly name: string;
  readonly help: string;
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
}

/** What was observed under one set of labels. */
class Tally {
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: Float64Array;
  sum = 0;

  constructor(labels: Readonly<Record<string, string>>, buckets: number) {
    this.labels = labels;
    // The last one is for what is above every bound.
    this.counts = new Float64Array(buckets + 1);
  }
}

/**
 * A histogram whose observations cost next to nothing: prom-client's own joins labels and looks them up on each one, half
 * a microsecond, which this spares by numbers that stand in an array until a scrape.
 */
export class TallyHistogram {
  readonly #options: TallyHistogramOptions;
  readonly #tallies: Tally[] = [];

  constructor(registry: Registry, options: TallyHistogramOptions) {
    this.#options = options;
    const { name, help } = options;
    const metric: Pick<Histogram, 'get'> & { readonly name: string; readonly help: string } = {
      name,
      help,
      get: () => Promise.resolve(this.#values()),
    };
    // The registry asks a metric for its name and its values, and for nothing else.
    registry.registerMetric(metric as unknown as Histogram);
  }

  /** What observes under these labels, which must not have been given before. */
  child(labels: Readonly<Record<string, string>>): (value: number) => void {
    const { buckets } = this.#options;
    const tally = new Tally(labels, buckets.length);
    this.#tallies.push(tally);
    return (value) => {
      let at = 0;
      while (at < buckets.length && value > (buckets[at] as number)) at++;
      (tally.counts[at] as number)++;
      tally.sum += value;
    };
  }

  #values(): MetricObjectWithValues<MetricValue<string>> {
    const { name, help } = this.#options;
    return {
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: this.#tallies.flatMap((tally) => this.#series(tally)),
    } as unknown as MetricObjectWithValues<MetricValue<string>>;
  }

  #series({ labels, counts, sum }: Tally): (MetricValue<string> & { metricName: string })[] {
    const { name, buckets } = this.#options;
    let count = 0;
    const series = Array.from(counts, (each, at) => ({
      metricName: `${name}_bucket`,
      labels: { le: buckets[at] === undefined ? '+Inf' : String(buckets[at]), ...labels },
      value: (count += each),
    }));
    return [...series, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: count }];
  }
}
