import { Counter, type Registry } from 'prom-client';
import type { CacheLayer } from '../observers/cache-observer';
import type { AnswerPath, ClientName, OperationObserver, OperationOutcome, OperationRecord } from '../observers/operation-observer';
import { createTallyCounter } from './tally-counter';
import { TallyHistogram } from './tally-histogram';

/** Names of operations that have a series of their own; those that come later are `other`. */
const MAX_NAMES = 200;
/** Codes of errors likewise; there are some fifteen. */
const MAX_CODES = 40;
/** Clients and their versions likewise. */
const MAX_CLIENTS = 100;
const OTHER = 'other';
const ANONYMOUS = 'anonymous';
/** A response out of the response cache takes 20 µs, one that needs the billing API seconds at worst. */
const SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How many operations of one name ended in which way, since the last scrape. */
type Tally = Record<OperationOutcome, number>;

/**
 * Counts operations in a registry. An operation costs three look-ups and four additions; labels are put together at a
 * scrape. Names are those of operations that were validated, and bounded: no client can add series without end.
 */
export function createOperationMetrics(
  registry: Registry,
  options: { readonly prefix: string; readonly countHit: (layer: CacheLayer, parts: number) => void },
): OperationObserver {
  const durations = createDurations(registry, options.prefix);
  const tallies = createTallies(registry, options.prefix);
  const codes = createCodes(registry, options.prefix);
  const clients = createClients(registry, options.prefix);
  const merged = new Counter({
    name: `${options.prefix}questions_merged_total`,
    help: 'Requests for bills that another call of the same operation covered',
    registers: [registry],
  });
  return {
    operationEnded: (record) => {
      durations(record);
      tallies(record);
      if (record.client) clients(record.client, record.isAccepted);
      for (const code of record.codes) codes(code);
      if (record.merged > 0) merged.inc(record.merged);
      // No cache was asked for these: the answer stood there as it was.
      if (record.path === 'response-cache') options.countHit('response', record.cached);
    },
  };
}

function createDurations(registry: Registry, prefix: string): (record: OperationRecord) => void {
  const histogram = new TallyHistogram(registry, {
    name: `${prefix}operation_duration_seconds`,
    help: 'Operations, by outcome and by what made the response',
    buckets: SECONDS,
  });
  const children = new Map<AnswerPath, Partial<Record<OperationOutcome, (seconds: number) => void>>>();
  return ({ path, outcome, durationMs }) => {
    let ofPath = children.get(path);
    if (!ofPath) children.set(path, (ofPath = {}));
    (ofPath[outcome] ??= histogram.child({ outcome, path }))(durationMs / 1000);
  };
}

function createTallies(registry: Registry, prefix: string): (record: OperationRecord) => void {
  const tallies = new Map<string, Tally>();
  const other: Tally = toTally();
  new Counter({
    name: `${prefix}operations_total`,
    help: 'Operations, by name and outcome',
    labelNames: ['operation', 'outcome'],
    registers: [registry],
    collect() {
      for (const [operation, tally] of [...tallies, [OTHER, other] as const]) {
        for (const outcome of OUTCOMES) {
          if (tally[outcome] > 0) this.inc({ operation, outcome }, tally[outcome]);
          tally[outcome] = 0;
        }
      }
    },
  });
  return ({ operationName, outcome, isAccepted }) => {
    // Before GraphQL, and where a document was refused, nobody has found out whether there is an operation at all.
    const name = operationName ?? (outcome === 'refused' ? OTHER : ANONYMOUS);
    let tally = tallies.get(name);
    if (!tally) {
      // A name counts as one when an operation of it has been executed with an accepted token: others are made up at no cost.
      if (name === OTHER || outcome === 'refused' || tallies.size >= MAX_NAMES || !(isAccepted || name === ANONYMOUS)) tally = other;
      else tallies.set(name, (tally = toTally()));
    }
    tally[outcome]++;
  };
}

const OUTCOMES = ['ok', 'partial', 'failed', 'refused', 'aborted'] as const satisfies readonly OperationOutcome[];

function toTally(): Tally {
  return { ok: 0, partial: 0, failed: 0, refused: 0, aborted: 0 };
}

function createClients(registry: Registry, prefix: string): (client: ClientName, isAccepted: boolean) => void {
  const counts = new Map<string, { readonly client: string; readonly version: string; count: number }>();
  const other = { client: OTHER, version: '', count: 0 };
  new Counter({
    name: `${prefix}client_operations_total`,
    help: 'Operations, by the client that they come from and its version, of those that say so',
    labelNames: ['client', 'version'],
    registers: [registry],
    collect() {
      for (const tally of [...counts.values(), other]) {
        if (tally.count > 0) this.inc({ client: tally.client, version: tally.version }, tally.count);
        tally.count = 0;
      }
    },
  });
  return ({ name, version }, isAccepted) => {
    const key = `${name}\n${version ?? ''}`;
    let tally = counts.get(key);
    // Names are made up at no cost: those with a token that the billing API has accepted count.
    if (!tally) {
      if (!isAccepted || counts.size >= MAX_CLIENTS) tally = other;
      else counts.set(key, (tally = { client: name, version: version ?? '', count: 0 }));
    }
    tally.count++;
  };
}

function createCodes(registry: Registry, prefix: string): (code: string) => void {
  const count = createTallyCounter(registry, {
    name: `${prefix}operation_errors_total`,
    help: 'Operations whose response has an error of the code',
    label: 'code',
    values: ['INTERNAL_SERVER_ERROR'],
  });
  const known = new Set<string>();
  return (code) => {
    if (known.size < MAX_CODES) known.add(code);
    count(known.has(code) ? code : OTHER);
  };
}
