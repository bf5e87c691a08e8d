/** What an attempt says about the billing API's health. */
export type Health = 'ok' | 'outage' | 'error';

/** One first attempt, as the circuit breaker counts it. */
export interface HealthSample {
  readonly health: Health;
  readonly token: string;
  /** Identifies the contract that was asked for. Called only where it matters. */
  readonly contract: () => string;
  /** Why it failed, for the log; null if it did not, or the reason is not known. */
  readonly reason: string | null;
}

const BUCKETS = 6;
const BUCKET_MS = 5000;

/** More than this share of at least so many first attempts have to fail. */
const FAILING_SHARE = 0.5;
const MIN_SAMPLES = 10;

/** Failures are spread where they concern so many tokens and contracts: fewer may be one caller's, or one contract's. */
const SPREAD_TOKENS = 2;
const SPREAD_CONTRACTS = 3;

/** Counts of five seconds. The sets are no larger than the decision needs. */
interface Bucket {
  number: number;
  ok: number;
  outages: number;
  errors: number;
  readonly okContracts: Set<string>;
  readonly failingContracts: Set<string>;
  readonly failingTokens: Set<string>;
}

/** The first attempts of the last 30 seconds, in a ring of buckets. Times are on the clock of `performance.now()`. */
export class FailureWindow {
  readonly #buckets: Bucket[] = Array.from({ length: BUCKETS }, () => ({
    number: -1,
    ok: 0,
    outages: 0,
    errors: 0,
    okContracts: new Set<string>(),
    failingContracts: new Set<string>(),
    failingTokens: new Set<string>(),
  }));

  add({ health, token, contract }: Omit<HealthSample, 'reason'>, nowMs: number): void {
    const bucket = this.#bucketAt(nowMs);
    if (health === 'ok') {
      bucket.ok++;
      if (bucket.okContracts.size < 2) bucket.okContracts.add(contract());
      return;
    }
    if (health === 'outage') bucket.outages++;
    else bucket.errors++;
    if (bucket.failingContracts.size < SPREAD_CONTRACTS) bucket.failingContracts.add(contract());
    if (bucket.failingTokens.size < SPREAD_TOKENS) bucket.failingTokens.add(token);
  }

  clear(): void {
    for (const bucket of this.#buckets) bucket.number = -1;
  }

  /** Whether most attempts failed for reasons that concern everybody. */
  isFailing(nowMs: number): boolean {
    const oldest = Math.floor(nowMs / BUCKET_MS) - BUCKETS + 1;
    const buckets = this.#buckets.filter(({ number }) => number >= oldest);
    const sum = (count: (bucket: Bucket) => number): number => buckets.reduce((total, bucket) => total + count(bucket), 0);
    const union = (set: (bucket: Bucket) => Set<string>): Set<string> => new Set(buckets.flatMap((bucket) => [...set(bucket)]));
    const [ok, outages, errors] = [sum((bucket) => bucket.ok), sum((bucket) => bucket.outages), sum((bucket) => bucket.errors)];
    const total = ok + outages + errors;
    if (total < MIN_SAMPLES) return false;
    const contracts = union((bucket) => bucket.failingContracts);
    const okContracts = union((bucket) => bucket.okContracts);
    const isSpread = contracts.size >= SPREAD_CONTRACTS && union((bucket) => bucket.failingTokens).size >= SPREAD_TOKENS;
    // One contract that always times out is no outage while others are answered.
    const isOneContracts = contracts.size === 1 && [...okContracts].some((contract) => !contracts.has(contract));
    const failing = isSpread ? outages + errors : isOneContracts ? 0 : outages;
    return failing > total * FAILING_SHARE;
  }

  #bucketAt(nowMs: number): Bucket {
    const number = Math.floor(nowMs / BUCKET_MS);
    const bucket = this.#buckets[number % BUCKETS] as Bucket;
    if (bucket.number === number) return bucket;
    bucket.number = number;
    bucket.ok = bucket.outages = bucket.errors = 0;
    bucket.okContracts.clear();
    bucket.failingContracts.clear();
    bucket.failingTokens.clear();
    return bucket;
  }
}
