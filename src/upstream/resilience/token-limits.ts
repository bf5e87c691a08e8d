import { LRUCache } from 'lru-cache';

/** How many recently refused tokens are remembered. */
const MAX_TOKENS = 1000;
/** The share of its limit that a token keeps after a 429. Attempts in flight are refused together: a limit shrinks only so often. */
const SHARE_AFTER_REFUSAL = 0.7;
const FIRST_SHARE = 0.5;
const SHRINK_EVERY_MS = 250;

/** How many attempts one token may have in flight at once. */
export class TokenLimit {
  inFlight = 0;
  #exact: number;
  #shrunkAtMs: number;

  constructor(start: number, nowMs: number) {
    this.#exact = Math.max(1, start);
    this.#shrunkAtMs = nowMs;
  }

  get current(): number {
    return Math.floor(this.#exact);
  }

  shrink(nowMs: number): void {
    if (nowMs - this.#shrunkAtMs < SHRINK_EVERY_MS) return;
    this.#shrunkAtMs = nowMs;
    this.#exact = Math.max(1, this.#exact * SHARE_AFTER_REFUSAL);
  }

  /** One more in flight for as many answers as are in flight at once. */
  grow(): void {
    this.#exact += 1 / this.#exact;
  }
}

/**
 * AIMD limits of single tokens. A token that the billing API refuses with 429 is over its own quota: its attempts become
 * fewer, and nobody else's. Tokens that are not refused have no limit of their own.
 */
export class TokenLimits {
  readonly #limits = new LRUCache<string, TokenLimit>({ max: MAX_TOKENS });

  of(token: string): TokenLimit | undefined {
    return this.#limits.size === 0 ? undefined : this.#limits.get(token);
  }

  /** @param total the limit of all tokens together. `nowMs` is `performance.now()`. */
  noteRefusal(token: string, total: number, nowMs: number): void {
    const limit = this.#limits.get(token);
    if (limit) limit.shrink(nowMs);
    else this.#limits.set(token, new TokenLimit(total * FIRST_SHARE, nowMs));
  }

  /** Notes an answer. A limit that has grown to the limit of all tokens together is forgotten. */
  noteAnswer(token: string, total: number): void {
    const limit = this.of(token);
    if (!limit) return;
    limit.grow();
    if (limit.current >= total) this.#limits.delete(token);
  }
}
