import { OperationLimitError } from '../model/billing-error';
import type { Caller } from '../model/caller';
import type { CallLimiter } from './call-limiter';

/** What an operation has used so far. */
export interface CallAccount {
  readonly caller: Caller;
  /** Calls that were made, or are about to be. */
  readonly calls: number;
  /** Questions that were answered without a call. */
  readonly cached: number;
}

/** The refusal of calls that the token's limit does not allow; the billing API was not asked. */
export class CallsRefused extends OperationLimitError {
  constructor(message: string, retryAfterSeconds: number) {
    super('rate-limited', message, { retryAfterSeconds });
  }
}

/**
 * Holds one operation to the limit of its token. Before its first call, all calls that it is predicted to make are taken
 * at once: it makes all of them or none. An operation that is answered from caches takes nothing, and is never refused.
 * When it has ended, what it made more or less than predicted is settled.
 */
export class CallAdmission {
  readonly #limiter: CallLimiter;
  readonly #account: CallAccount;
  #predict: () => number = () => 1;
  #decision: Promise<void> | null = null;
  #taken = 0;
  #hasEnded = false;

  constructor(limiter: CallLimiter, account: CallAccount) {
    this.#limiter = limiter;
    this.#account = account;
  }

  /** @param predict how many calls the operation will make with nothing cached; called before the first call alone. */
  expect(predict: () => number): void {
    this.#predict = predict;
  }

  /** Resolves where the operation may make its calls. Rejects with CallsRefused for all of them otherwise. */
  admit(): Promise<void> {
    return (this.#decision ??= this.#decide());
  }

  /** To be called once, when the operation makes no call any more. */
  end(): void {
    this.#hasEnded = true;
    if (this.#taken > 0) this.#settle();
  }

  async #decide(): Promise<void> {
    const { caller, cached } = this.#account;
    const calls = Math.max(1, this.#predict() - cached);
    const refusal = await this.#limiter.take(caller, calls);
    if (refusal) throw refusal;
    this.#taken = calls;
    // Its client went while it waited.
    if (this.#hasEnded) this.#settle();
  }

  #settle(): void {
    const { caller, calls } = this.#account;
    if (calls !== this.#taken) this.#limiter.settle(caller, calls - this.#taken);
  }
}
