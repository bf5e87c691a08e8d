import type { CallContext } from '../../billing/ports/billing-source';

/** While calls of accepted tokens wait, unknown ones have a twelfth of the places. */
const SHARE_BUSY = 1 / 12;
/** Otherwise a quarter at least, and all that accepted tokens have not needed lately; but an eighth is kept for these. */
const LEAST_SHARE = 1 / 4;
const KEPT_SHARE = 1 / 8;
/** "Lately" is the present and the last one of periods of this length, in milliseconds. */
const PERIOD_MS = 1000;

interface Waiting {
  readonly context: CallContext;
}

/**
 * The places that tokens may take which the billing API has never accepted. Anybody can make up as many tokens as they
 * like; and after a restart all tokens are unknown. So these calls have what accepted tokens leave, each token has one
 * in flight while others wait, and the queue is served from both ends in turn: whoever is first in it waits for a bounded
 * time, and whoever comes newly is not behind thousands.
 */
export class UnknownShare {
  #inFlight = 0;
  readonly #byToken = new Map<string, number>();
  #isNewestNext = false;
  /** Most attempts that accepted tokens had in flight at once: in this period, and in the one before. */
  #peak = 0;
  #lastPeak = 0;
  #periodStartMs = 0;

  /** Notes how many attempts accepted tokens have in flight. */
  noteAccepted(inFlight: number): void {
    if (inFlight > this.#peak) this.#peak = inFlight;
  }

  /**
   * Whether one more may be in flight.
   * @param places of all tokens together; `accepted` of them are taken by accepted ones.
   * @param nowMs `performance.now()`.
   */
  hasPlace(places: number, accepted: number, { othersWait, nowMs }: { readonly othersWait: boolean; readonly nowMs: number }): boolean {
    if (nowMs - this.#periodStartMs >= PERIOD_MS) {
      this.#periodStartMs = nowMs;
      this.#lastPeak = this.#peak;
      this.#peak = accepted;
    }
    if (othersWait) return this.#inFlight < Math.max(1, Math.floor(places * SHARE_BUSY));
    const kept = Math.max(Math.ceil(places * KEPT_SHARE), this.#peak, this.#lastPeak);
    return this.#inFlight < Math.max(1, Math.floor(places * LEAST_SHARE), places - kept);
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

  /** The place in the queue of the call that is next, among those that may go; -1 where none may. */
  next(queue: readonly Waiting[], mayGo: (context: CallContext) => boolean): number {
    const isNext = ({ context }: Waiting): boolean => !this.#byToken.has(context.caller.token) && mayGo(context);
    const chosen = this.#isNewestNext ? queue.findLast(isNext) : queue.find(isNext);
    // A token's own calls keep their order. Where all tokens have one in flight, there is room for a second.
    if (!chosen) return queue.findIndex(({ context }) => mayGo(context));
    this.#isNewestNext = !this.#isNewestNext;
    return queue.findIndex(({ context }) => context.caller.token === chosen.context.caller.token && mayGo(context));
  }
}
