import type { CallContext } from '../../billing/ports/billing-source';

/** The share of unknown tokens while calls of accepted tokens are waiting. */
const SHARE_BUSY = 1 / 12;
/** Otherwise unknown tokens get at least a quarter, and up to everything accepted tokens have not used recently, less an eighth. */
const LEAST_SHARE = 1 / 4;
const RESERVED_SHARE = 1 / 8;
/** "Recently" means the current and the previous period of this length, in milliseconds. */
const PERIOD_MS = 1000;

interface Waiting {
  readonly context: CallContext;
}

/**
 * The slots available to unknown tokens: those the billing API has never accepted. Anyone can make up any number of tokens, and
 * after a restart every token is unknown. So unknown tokens get what accepted ones leave, each may have one call in flight while
 * others wait, and their queue is served from both ends in turn: the oldest call waits for a bounded time, and a new call does
 * not wait behind thousands.
 */
export class UnknownShare {
  #inFlight = 0;
  readonly #byToken = new Map<string, number>();
  #isNewestNext = false;
  /** The most attempts of accepted tokens in flight at once, in this period and in the previous one. */
  #peak = 0;
  #lastPeak = 0;
  #periodStartMs = 0;

  /** Records how many attempts of accepted tokens are in flight. */
  noteAccepted(inFlight: number): void {
    if (inFlight > this.#peak) this.#peak = inFlight;
  }

  /**
   * Whether one more call of an unknown token may be in flight.
   * @param slots the number of slots in all; `accepted` of them are in use by accepted tokens.
   * @param nowMs `performance.now()`.
   */
  hasSlot(slots: number, accepted: number, { othersWait, nowMs }: { readonly othersWait: boolean; readonly nowMs: number }): boolean {
    if (nowMs - this.#periodStartMs >= PERIOD_MS) {
      this.#periodStartMs = nowMs;
      this.#lastPeak = this.#peak;
      this.#peak = accepted;
    }
    if (othersWait) return this.#inFlight < Math.max(1, Math.floor(slots * SHARE_BUSY));
    const reserved = Math.max(Math.ceil(slots * RESERVED_SHARE), this.#peak, this.#lastPeak);
    return this.#inFlight < Math.max(1, Math.floor(slots * LEAST_SHARE), slots - reserved);
  }

  enter(token: string): void {
    this.#inFlight++;
    this.#byToken.set(token, (this.#byToken.get(token) ?? 0) + 1);
  }

  leave(token: string): void {
    this.#inFlight--;
    const left = (this.#byToken.get(token) ?? 1) - 1;
    if (left === 0) this.#byToken.delete(token);
    else this.#byToken.set(token, left);
  }

  /** The index in the queue of the next call that may go; -1 if none may. */
  next(queue: readonly Waiting[], mayGo: (context: CallContext) => boolean): number {
    const isNext = ({ context }: Waiting): boolean => !this.#byToken.has(context.caller.token) && mayGo(context);
    const chosen = this.#isNewestNext ? queue.findLast(isNext) : queue.find(isNext);
    // A token's own calls keep their order. If every token has one in flight, a second one is allowed.
    if (!chosen) return queue.findIndex(({ context }) => mayGo(context));
    this.#isNewestNext = !this.#isNewestNext;
    return queue.findIndex(({ context }) => context.caller.token === chosen.context.caller.token && mayGo(context));
  }
}
