import { OperationLimitError } from '../model/billing-error';
import type { Caller } from '../model/caller';
import type { CallLimiter, CallShortage } from './call-limiter';

/** The caller of an operation, and what the operation has used so far. */
export interface CallAccount {
  readonly caller: Caller;
  /** Number of loads answered without a call. */
  readonly cached: number;
}

/** Thrown for calls that the token's rate limit does not allow; no request is made. */
export class CallsRefused extends OperationLimitError {
  constructor(message: string, retryAfterSeconds: number) {
    super('rate-limited', message, { retryAfterSeconds });
  }
}

/**
 * Applies the rate limit of a token to one operation. Before the first call, all predicted calls are taken from the token's
 * bucket at once: the operation makes all of them or none. Each further call is taken before it is made; if none is left, the
 * operation ends with the data that it has. An operation answered from caches takes nothing and is never refused. Unused calls
 * are returned to the bucket at the end.
 */
export class CallAdmission {
  readonly #limiter: CallLimiter;
  readonly #account: CallAccount;
  #predict: () => number = () => 1;
  /** Number of calls taken up front; null before that. */
  #reserved: number | null = null;
  #decision: Promise<void> | null = null;
  #asked = 0;
  #admitted = 0;
  #exhausted: CallsRefused | null = null;
  #hasEnded = false;

  constructor(limiter: CallLimiter, account: CallAccount) {
    this.#limiter = limiter;
    this.#account = account;
  }

  /** @param predict returns how many calls the operation makes with empty caches; called before the first call only. */
  expect(predict: () => number): void {
    this.#predict = predict;
  }

  /** Must be called before each call. Resolves if it may be made; otherwise rejects with CallsRefused. */
  async admit(): Promise<void> {
    const place = ++this.#asked;
    await (this.#decision ??= this.#reserve());
    if (place > (this.#reserved ?? 0)) await this.#takeOne();
    this.#admitted++;
  }

  /** Must be called once, when the operation makes no further calls. */
  end(): void {
    this.#hasEnded = true;
    this.#giveBackUnused();
  }

  async #reserve(): Promise<void> {
    const { caller, cached } = this.#account;
    const calls = Math.max(1, this.#predict() - cached);
    const shortage = await this.#limiter.take(caller, calls);
    if (shortage) throw toRefusal(calls, shortage);
    this.#reserved = calls;
    // The client disconnected meanwhile. Calls requested before that are still made: other operations may be waiting for them.
    if (this.#hasEnded) this.#giveBackUnused();
  }

  /** Takes a call that was not predicted. After the first refusal all are refused, so that the data read has no gaps. */
  async #takeOne(): Promise<void> {
    const shortage = this.#exhausted ? null : await this.#limiter.take(this.#account.caller, 1);
    if (shortage) this.#exhausted ??= toExhaustion(this.#admitted, shortage);
    if (this.#exhausted) throw this.#exhausted;
  }

  #giveBackUnused(): void {
    const unused = (this.#reserved ?? 0) - this.#asked;
    if (unused <= 0) return;
    this.#limiter.giveBack(this.#account.caller, unused);
    // A call that another operation waits for may still be requested: it then takes a new one.
    this.#reserved = this.#asked;
  }
}

function toRefusal(calls: number, { limit, remaining, seconds }: CallShortage): CallsRefused {
  return new CallsRefused(
    `${limitOf(limit)} The operation needs ${calls}, and ${remaining} are left: none was made. Repeat it after ${seconds} s, or ask ` +
      `for less at once; what is cached costs no call. ${WHO_SETS_IT}`,
    seconds,
  );
}

/** It is not known how many more calls are needed, so the wait is until the bucket is full. */
function toExhaustion(made: number, { limit, resetSeconds }: CallShortage): CallsRefused {
  return new CallsRefused(
    `${limitOf(limit)} None is left for the operation, which has made ${made}. Repeat it after ${resetSeconds} s, or ask for ` +
      `less at once; what is cached costs no call. ${WHO_SETS_IT}`,
    resetSeconds,
  );
}

const limitOf = (limit: number): string => `This token may make ${limit} calls to the billing API a minute.`;

const WHO_SETS_IT = "(The gateway's operator sets the limit: CALLS_PER_MINUTE.)";
