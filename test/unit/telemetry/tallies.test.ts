import fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import { createTallyCounter } from '../../../src/telemetry/metrics/tally-counter';
import { TallyHistogram } from '../../../src/telemetry/metrics/tally-histogram';

const BUCKETS = [0.001, 0.1, 1, 10];
const outcome = fc.constantFrom('ok', 'failed');
const values = fc.array(fc.tuple(outcome, fc.oneof(fc.constantFrom(...BUCKETS, 0, 1e9), fc.double({ min: 0, max: 20, noNaN: true }))), {
  maxLength: 40,
});

/** The samples of a text, in whatever order. */
const samples = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .sort();

describe('A histogram of tallies', () => {
  it('says what a histogram of prom-client says of the same observations, scrape after scrape', async () => {
    await fc.assert(
      fc.asyncProperty(values, values, async (first, second) => {
        const [registry, reference] = [new Registry(), new Registry()];
        const settings = { name: 'seconds', help: 'Times', buckets: BUCKETS };
        const theirs = new Histogram({ ...settings, labelNames: ['outcome'], registers: [reference] });
        const ours = new TallyHistogram(registry, settings);
        const children = new Map<string, (value: number) => void>();
        for (const round of [first, second]) {
          for (const [label, value] of round) {
            theirs.observe({ outcome: label }, value);
            if (!children.has(label)) children.set(label, ours.child({ outcome: label }));
            children.get(label)!(value);
          }
          expect(samples(await registry.metrics())).toEqual(samples(await reference.metrics()));
        }
      }),
    );
  });
});

describe('A counter of tallies', () => {
  it('says what a counter of prom-client says of the same increments, scrape after scrape', async () => {
    const increments = fc.array(fc.tuple(outcome, fc.integer({ min: 0, max: 5 })), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(increments, increments, async (first, second) => {
        const [registry, reference] = [new Registry(), new Registry()];
        const theirs = new Counter({ name: 'all', help: 'All', labelNames: ['outcome'], registers: [reference] });
        const ours = createTallyCounter(registry, { name: 'all', help: 'All', label: 'outcome' });
        for (const round of [first, second]) {
          for (const [label, count] of round) {
            theirs.inc({ outcome: label }, count);
            ours(label, count);
          }
          expect(samples(await registry.metrics())).toEqual(samples(await reference.metrics()));
        }
      }),
    );
  });
});
