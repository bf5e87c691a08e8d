import { Counter, type Registry } from 'prom-client';

/** Settings of a counter with one label that varies. */
export interface TallyCounterOptions {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  /** Further labels, which always have these values. */
  readonly constant?: Readonly<Record<string, string>>;
  /** Values that are there with 0 from the start: Prometheus sees no increase in a series that begins with 1. */
  readonly values?: readonly string[];
}

/**
 * A counter whose increments cost next to nothing: they wait in a map until a scrape, where prom-client's own put labels
 * together each time.
 * @returns what counts, by the label's value.
 */
export function createTallyCounter(
  registry: Registry,
  { name, help, label, constant = {}, values = [] }: TallyCounterOptions,
): (value: string, count?: number) => void {
  const pending = new Map<string, number>(values.map((value) => [value, 0]));
  new Counter({
    name,
    help,
    labelNames: [label, ...Object.keys(constant)],
    registers: [registry],
    collect() {
      for (const [value, count] of pending) {
        this.inc({ ...constant, [label]: value }, count);
        pending.set(value, 0);
      }
    },
  });
  return (value, count = 1) => void pending.set(value, (pending.get(value) ?? 0) + count);
}
