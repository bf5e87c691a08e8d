import type { BillingError } from '../../billing/model/billing-error';
import type { BillsAnswer, BillsRequest, CallContext, CallRecord } from '../../billing/ports/billing-source';
import type { Caller } from '../../billing/model/caller';
import { Cancellation } from '../../runtime/cancellation';
import type { OperationTrace } from '../../billing/ports/operation-trace';

/** Somebody who waits for a call's answer. */
interface Waiter {
  readonly context: CallContext;
  readonly resolve: (answer: BillsAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly onAbort: () => void;
}

const NOBODY: Waiter[] = [];

/**
 * A call under way on behalf of all who wait for it: its time is that of the one with most left, and it goes on while
 * one of them still has use for it. Its cost is accounted to who started it.
 */
export class Flight implements CallContext {
  readonly caller: Caller;
  readonly requestId: string | undefined;
  readonly trace: OperationTrace | undefined;
  readonly request: BillsRequest;
  readonly signal = new Cancellation();
  /** The next call in its row of the table. */
  next: Flight | null = null;
  readonly #starter: CallContext;
  #waiting: Waiter[] = NOBODY;

  constructor(request: BillsRequest, starter: CallContext) {
    this.caller = starter.caller;
    this.requestId = starter.requestId;
    this.trace = starter.trace;
    this.request = request;
    this.#starter = starter;
  }

  get deadlineAtMs(): number {
    let latest = this.#starter.deadlineAtMs;
    for (const { context } of this.#waiting) if (context.deadlineAtMs > latest) latest = context.deadlineAtMs;
    return latest;
  }

  get deadToken(): BillingError | null {
    let dead: BillingError | null = null;
    for (const { context } of this.#waiting) {
      if (!context.deadToken) return null;
      dead = context.deadToken;
    }
    return dead;
  }

  spendCall(): void {
    // Paid for by the starter, before the flight was made.
  }

  returnCall(): void {
    this.#starter.returnCall();
  }

  recordCall(record: CallRecord): void {
    this.#starter.recordCall(record);
  }

  /**
   * Waits for the answer. Rejects with what the call rejects with, or the reason of the context's signal.
   * @param onEmpty called when the context gave up and nobody else waits: the call is of no use then.
   */
  wait(context: CallContext, onEmpty: (reason: Error) => void): Promise<BillsAnswer> {
    return new Promise((resolve, reject) => {
      const { signal } = context;
      const waiter: Waiter = {
        context,
        resolve,
        reject,
        onAbort: () => {
          this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
          reject(signal.reason);
          if (this.#waiting.length === 0) onEmpty(signal.reason);
        },
      };
      signal.addEventListener('abort', waiter.onAbort, { once: true });
      // Most have one who waits; a list that grows from nothing has room for seventeen.
      if (this.#waiting.length === 0) this.#waiting = [waiter];
      else this.#waiting.push(waiter);
    });
  }

  /** Gives the answer to all who wait. */
  land(answer: BillsAnswer): void {
    for (const waiter of this.#dismiss()) waiter.resolve(answer);
  }

  /** Gives the failure to all who wait. */
  fail(error: Error): void {
    for (const waiter of this.#dismiss()) waiter.reject(error);
  }

  /** Ends the call. */
  abort(reason: Error): void {
    this.signal.abort(reason);
  }

  #dismiss(): Waiter[] {
    const waiting = this.#waiting;
    this.#waiting = NOBODY;
    for (const { context, onAbort } of waiting) context.signal.removeEventListener('abort', onAbort);
    return waiting;
  }
}
