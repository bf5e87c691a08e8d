import { CallAdmission, CallsRefused } from '../admission/call-admission';
import type { CallLimiter } from '../admission/call-limiter';
import { BillingError, tooManyBytes } from '../model/billing-error';
import { CacheWaits } from './cache-waits';
import type { BillsAnswer, BillsRequest, CallContext, CallRecord, Recency } from './billing-source';
import type { Caller } from '../model/caller';
import type { ByteHolder } from '../../runtime/byte-budget';
import type { CancelSignal } from '../../runtime/cancellation';
import type { OperationTrace } from './operation-trace';
import type { BillsRead, ReadAudit } from './read-audit';

/** Settings of an operation. */
export interface BillingOperationOptions {
  readonly caller: Caller;
  /** The id that joins the request's log lines. */
  readonly requestId?: string | undefined;
  /** Undefined where the operation is not traced. */
  readonly trace?: OperationTrace | undefined;
  /** Aborts when the operation's time is over or its client has gone; its reason is a BillingError. */
  readonly signal: CancelSignal;
  /** When its time is over, on the clock of `performance.now()`; without it, `signal` alone says so. */
  readonly deadlineAtMs?: number;
  /** Upstream calls that the operation may make. */
  readonly callBudget: number;
  /** Undefined: calls are not limited by token. */
  readonly limiter?: CallLimiter | undefined;
  /** Called for every read; undefined: reads are not audited. */
  readonly audit?: ReadAudit | undefined;
  /** How recent what it uses has to be; without it, whatever is cached may be used. */
  readonly recency?: Recency | null;
  /** Whether everything that it reads is reported as complete, as in an export; absent: only where a field reports that. */
  readonly claimsEnd?: boolean;
  /** Counts the bytes of responses that the operation holds; without it, they are not bounded. */
  readonly memory?: ByteHolder | undefined;
}

/**
 * What all loads of one GraphQL operation share: on whose behalf they are made, until when, how many calls are
 * left, and the account of what was done. Made anew for each request.
 */
export class BillingOperation implements CallContext {
  readonly caller: Caller;
  readonly requestId: string | undefined;
  readonly trace: OperationTrace | undefined;
  readonly signal: CancelSignal;
  readonly deadlineAtMs: number;
  readonly callBudget: number;
  readonly memory: ByteHolder | undefined;
  readonly recency: Recency | null;
  readonly admission: CallAdmission | null;
  readonly claimsEnd: boolean;
  /** Why it may make no calls, where it met that. */
  refusal: CallsRefused | null = null;
  /** Calls made to the billing API for this operation; joined calls of other operations are not counted. */
  calls = 0;
  /** Requests that were answered from the cache. */
  cached = 0;
  /** Answers used past their time because the billing API failed. */
  stale = 0;
  /** How long its calls waited for a place among all calls, in milliseconds; the sum of all. */
  queuedMs = 0;
  /** The calls, one by one. */
  readonly records: CallRecord[] = [];
  /** Whether the call budget or the deadline made data incomplete that is returned without an error, such as a sum. */
  isIncomplete = false;
  /** Until when all of what was used may be used again, on the clock of `monotonicMs()`; Infinity while nothing was used. */
  freshUntilMs = Infinity;
  /** What was read, where reads are audited. */
  readonly reads: BillsRead[] = [];
  readonly #audit: ReadAudit | undefined;
  #deadToken: BillingError | null = null;
  #cacheWaits: CacheWaits | null = null;

  constructor(options: BillingOperationOptions) {
    this.caller = options.caller;
    this.requestId = options.requestId;
    this.trace = options.trace;
    this.signal = options.signal;
    this.deadlineAtMs = options.deadlineAtMs ?? Infinity;
    this.callBudget = options.callBudget;
    this.recency = options.recency ?? null;
    this.admission = options.limiter ? new CallAdmission(options.limiter, this) : null;
    this.claimsEnd = options.claimsEnd ?? false;
    this.#audit = options.audit;
    this.memory = options.memory;
  }

  /**
   * Takes one call out of the budget; to be called before a call is sent, once, whatever number of attempts it takes.
   * @throws BillingError `budget-exceeded` where none is left, or the 401 that an earlier call met.
   */
  spendCall(): void {
    if (this.#deadToken) throw this.#deadToken;
    if (this.memory?.hasOverflowed) throw tooManyBytes(this.memory.maxBytes);
    if (this.calls >= this.callBudget) {
      throw new BillingError(
        'budget-exceeded',
        `The operation needs more than the ${this.callBudget} calls to the billing API that it may make. Ask ` +
          `for fewer contracts or smaller pages at once.`,
      );
    }
    this.calls++;
  }

  returnCall(): void {
    this.calls--;
  }

  recordCall(record: CallRecord): void {
    this.records.push(record);
  }

  noteQueued(ms: number): void {
    this.queuedMs += ms;
  }

  /** Made when it is first asked for: only a cache that processes share is waited for. */
  get cacheWaits(): CacheWaits {
    return (this.#cacheWaits ??= new CacheWaits());
  }

  /** The 401 that an earlier call met, or null: after it, no further call with the same token makes sense. */
  get deadToken(): BillingError | null {
    return this.#deadToken;
  }

  /** Records a failure. After the first 401 the operation's remaining loads fail at once with the same error. */
  noteFailure(error: BillingError, request: BillsRequest): void {
    if (error.failure === 'unauthenticated') this.#deadToken ??= error;
    if (error instanceof CallsRefused) this.refusal = error;
    if (this.#audit) this.#noteRead(this.#audit, request, { outcome: error.failure, cached: false });
  }

  /** Whether an answer may be held now. One that comes from the billing API has its room already. */
  mayHold({ received, bytes = 0 }: BillsAnswer<unknown>): boolean {
    return received !== null || !this.memory || this.memory.mayAdd(bytes);
  }

  /** Waits until an answer of this size may be held. Rejects with the reason of the operation's signal. */
  waitForRoom({ bytes = 0 }: BillsAnswer<unknown>): Promise<void> {
    return this.memory ? this.memory.makeRoom(bytes, this.signal) : Promise.resolve();
  }

  /**
   * Notes that an answer is used, which the operation holds until it ends.
   * @throws BillingError `budget-exceeded` where all answers together are larger than the operation may hold.
   */
  noteAnswer(answer: BillsAnswer<unknown>, request: BillsRequest): void {
    if (this.memory && answer.bytes) {
      this.memory.expect(answer.bytes);
      this.memory.add(answer.bytes);
      if (this.memory.isOver) throw tooManyBytes(this.memory.maxBytes);
    }
    if (answer.freshUntilMs < this.freshUntilMs) this.freshUntilMs = answer.freshUntilMs;
    if (answer.received === null) this.cached++;
    if (answer.stale) this.stale++;
    if (this.#audit)
      this.#noteRead(this.#audit, request, { outcome: answer.content === null ? 'not-found' : 'ok', cached: answer.received === null });
  }

  #noteRead(audit: ReadAudit, { customer, contractNumber }: BillsRequest, end: Pick<BillsRead, 'outcome' | 'cached'>): void {
    const read: BillsRead = { customer, contractNumber, outcome: end.outcome, cached: end.cached };
    this.reads.push(read);
    audit.bills(this.caller, this.requestId, read);
  }
}
