import type { BillingError } from '../../billing/model/billing-error';
import type { BillsAnswer, CallContext } from '../../billing/ports/billing-source';
import { DelegatedContext } from '../../billing/ports/delegated-context';
import { Cancellation } from '../../runtime/cancellation';
import type { Entry } from '../../runtime/maps/short-lived-map';
import { monotonicMs } from '../../runtime/clock';

/** Somebody who waits for a call's response. */
interface Waiter<Content> {
  readonly context: CallContext;
  readonly resolve: (answer: BillsAnswer<Content>) => void;
  readonly reject: (error: Error) => void;
  /** Called when the context's signal aborts. */
  handleEvent(): void;
}

const NO_WAITERS: never[] = [];

/**
 * A call in flight on behalf of all who wait for it: its time is that of the one with most left, and it goes on while
 * one of them still has use for it. Its cost is accounted to the operation that starts it
 * and has paid for it: the inner context.
 */
export class InFlightCall<Content> extends DelegatedContext {
  /** Whether a later call for the same request has taken its place: the result of that one must not be replaced by this one's. */
  isSuperseded = false;
  /** Its place among the calls in flight. */
  entry: Entry<InFlightCall<Content>> | null = null;
  readonly #startedMs = monotonicMs();
  readonly #cancellation = new Cancellation();
  #waiting: Waiter<Content>[] = NO_WAITERS;

  override get signal(): Cancellation {
    return this.#cancellation;
  }

  override get deadlineAtMs(): number {
    let latest = this.inner.deadlineAtMs;
    for (const { context } of this.#waiting) if (context.deadlineAtMs > latest) latest = context.deadlineAtMs;
    return latest;
  }

  override get deadToken(): BillingError | null {
    let dead: BillingError | null = null;
    for (const { context } of this.#waiting) {
      if (!context.deadToken) return null;
      dead = context.deadToken;
    }
    return dead;
  }

  /** Whether the context may use this call's response: it did not begin too early. */
  isRecentFor({ recency }: CallContext): boolean {
    return recency === null || this.#startedMs >= recency.notBeforeMs;
  }

  override spendCall(): void {
    // Paid for by the starter, before the call was made.
  }

  /**
   * Waits for the response. Rejects with what the call rejects with, or the reason of the context's signal.
   * @param onEmpty called when the context has aborted and no other waiter is left, so that the call is useless.
   */
  wait(context: CallContext, onEmpty: (reason: Error) => void): Promise<BillsAnswer<Content>> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter<Content> = {
        context,
        resolve,
        reject,
        handleEvent: () => {
          const { reason } = context.signal;
          this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
          reject(reason);
          if (this.#waiting.length === 0) onEmpty(reason);
        },
      };
      context.signal.addEventListener('abort', waiter, { once: true });
      // Most have one who waits; a list that grows from nothing has room for seventeen.
      if (this.#waiting.length === 0) this.#waiting = [waiter];
      else this.#waiting.push(waiter);
    });
  }

  /** Gives the response to all who wait. */
  succeed(answer: BillsAnswer<Content>): void {
    for (const waiter of this.#dismiss()) waiter.resolve(answer);
  }

  /** Gives the failure to all who wait. */
  fail(error: Error): void {
    for (const waiter of this.#dismiss()) waiter.reject(error);
  }

  /** Ends the call. */
  abort(reason: Error): void {
    this.#cancellation.abort(reason);
  }

  #dismiss(): Waiter<Content>[] {
    const waiting = this.#waiting;
    this.#waiting = NO_WAITERS;
    for (const waiter of waiting) waiter.context.signal.removeEventListener('abort', waiter);
    return waiting;
  }
}
