import type { BillingError } from '../billing/billing-error';
import type { BillsAnswer, CallContext, CallRecord } from '../billing/billing-source';
import type { Caller } from '../billing/caller';
import { Cancellation } from '../billing/cancellation';

/**
 * A call under way on behalf of all who wait for it: its time is that of the one with most left, and it goes on while
 * one of them still has use for it. Its cost is accounted to who started it.
 */
export class Flight implements CallContext {
  readonly caller: Caller;
  readonly requestId: string | undefined;
  readonly signal = new Cancellation();
  readonly #starter: CallContext;
  readonly #waiting: CallContext[] = [];
  #answer: Promise<BillsAnswer> | null = null;

  constructor(starter: CallContext) {
    this.caller = starter.caller;
    this.requestId = starter.requestId;
    this.#starter = starter;
  }

  /** The call's answer, from `launch` on. */
  get answer(): Promise<BillsAnswer> {
    if (!this.#answer) throw new Error('The flight was not launched.');
    return this.#answer;
  }

  get deadlineAtMs(): number {
    let latest = this.#starter.deadlineAtMs;
    for (const { deadlineAtMs } of this.#waiting) if (deadlineAtMs > latest) latest = deadlineAtMs;
    return latest;
  }

  get deadToken(): BillingError | null {
    let dead: BillingError | null = null;
    for (const { deadToken } of this.#waiting) {
      if (!deadToken) return null;
      dead = deadToken;
    }
    return dead;
  }

  /** Makes the call. It was paid for before: whoever has no budget left must not fail those who join. */
  launch(call: (context: CallContext) => Promise<BillsAnswer>): void {
    this.#answer = call(this);
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

  /** One more waits for the answer. */
  join(context: CallContext): void {
    this.#waiting.push(context);
  }

  /** One does not wait any more. True where nobody else does: the call is of no use then, and is to be ended. */
  leave(context: CallContext): boolean {
    const at = this.#waiting.indexOf(context);
    if (at >= 0) this.#waiting.splice(at, 1);
    return this.#waiting.length === 0;
  }

  /** Ends the call. */
  abort(reason: Error): void {
    this.signal.abort(reason);
  }
}
