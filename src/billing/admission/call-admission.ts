import { OperationLimitError } from '../model/billing-error';
import type { Caller } from '../model/caller';
import type { CallLimiter, CallShortage } from './call-limiter';

/** What an operation has used so far. */
export interface CallAccount {
  readonly caller: Caller;
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
 * at once: it makes all of them or none. Each call beyond those is taken before it is made: where none is left, the operation
 * ends with what it has. One that is answered from caches takes nothing, and is never refused. What was taken and not used
 * is given back at its end.
 */
export class CallAdmission {
  readonly #limiter: CallLimiter;
  readonly #account: CallAccount;
  #predict: () => number = () => 1;
  /** How many calls were taken at once; null before that. */
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

  /** @param predict how many calls the operation will make with nothing cached; called before the first call alone. */
  expect(predict: () => number): void {
    this.#predict = predict;
  }

  /** To be called before each call. Resolves where it may be made; rejects with CallsRefused otherwise. */
  async admit(): Promise<void> {
    const place = ++this.#asked;
    await (this.#decision ??= this.#reserve());
    if (place > (this.#reserved ?? 0)) await this.#takeOne();
    this.#admitted++;
  }

  /** To be called once, when the operation makes no call any more. */
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
    // Its client went while it waited. What was asked for until then is made all the same: others may wait for it.
    if (this.#hasEnded) this.#giveBackUnused();
  }

  /** A call that was not predicted. After the first refusal nothing is asked any more: what is read has no gaps. */
  async #takeOne(): Promise<void> {
    const shortage = this.#exhausted ? null : await this.#limiter.take(this.#account.caller, 1);
    if (shortage) this.#exhausted ??= toExhaustion(this.#admitted, shortage);
    if (this.#exhausted) throw this.#exhausted;
  }

  #giveBackUnused(): void {
    const unused = (this.#reserved ?? 0) - this.#asked;
    if (unused <= 0) return;
    this.#limiter.giveBack(this.#account.caller, unused);
    // A call that another operation waits for may still be asked for: it is taken anew.
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

/** How many more it would need is not known: the most that there can be is a full bucket. */
function toExhaustion(made: number, { limit, resetSeconds }: CallShortage): CallsRefused {
  return new CallsRefused(
    `${limitOf(limit)} None is left for the operation, which has made ${made}. Repeat it after ${resetSeconds} s, or ask for ` +
      `less at once; what is cached costs no call. ${WHO_SETS_IT}`,
    resetSeconds,
  );
}

const limitOf = (limit: number): string => `This token may make ${limit} calls to the billing API a minute.`;

const WHO_SETS_IT = "(The gateway's operator sets the limit: CALLS_PER_MINUTE.)";
