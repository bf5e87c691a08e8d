import type { CallAdmission } from '../admission/call-admission';
import type { BillingError } from '../model/billing-error';
import type { Bills } from '../model/bills';
import type { Caller } from '../model/caller';
import type { CacheWaits } from './cache-waits';
import type { ByteHolder } from '../../runtime/byte-budget';
import type { CancelSignal } from '../../runtime/cancellation';
import type { ListOwner, PagedList } from '../model/paged-list';
import type { OperationTrace } from './operation-trace';
import type { Window } from '../model/window';

/** One request to the billing API: for a window of somebody's list. Without a contract number it is about all of a customer's. */
export interface BillsRequest extends ListOwner {
  readonly window: Window;
}

/** A response as received, for storing; its body is converted to UTF-8. */
export interface ReceivedBills {
  readonly body: Buffer;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** When it came, in milliseconds since the epoch. */
  readonly receivedAtMs: number;
  /** Whether a part is unusable. Such a response is not cached, since the next call may return that part. */
  readonly isPartial: boolean;
}

/** What a source answers. `content` is null where the billing API knows no such customer or contract (404). */
export interface BillsAnswer<Content = Bills> {
  readonly content: Content | null;
  /** Bytes of the body that the content is read from; absent where it is not read from one. */
  readonly bytes?: number;
  /** Where the answer comes straight from the billing API; null where it was remembered. */
  readonly received: ReceivedBills | null;
  /** Until when the answer may be used again by the same caller, on the clock of `monotonicMs()`; 0: not at all. */
  readonly freshUntilMs: number;
  /** True where the answer is past that, and is given because the billing API failed. */
  readonly stale: boolean;
  /** True where it is cut from a remembered answer to a larger request: it does not show what the billing API sends for its window. */
  readonly isPart?: boolean;
}

/** One of the billing API's lists, and how it is asked for and read: all that a source, a cache and a loader need to know of it. */
export interface PagedResource<Content, Item> extends PagedList<Content, Item> {
  /** The path and query of a request, below the API's base address. */
  readonly path: (request: BillsRequest) => string;
  /**
   * Makes the content of a request's window from the body of a successful response.
   * @param skip items of the body before the window.
   * @throws BillingError `invalid-response`.
   */
  readonly decode: (body: Buffer, request: BillsRequest, skip: number) => DecodedContent<Content>;
}

/** What a response says, and how it differs from the contract. */
export interface DecodedContent<Content> {
  /** Null where what was asked for is not known. */
  readonly content: Content | null;
  /** Why a part is unusable, so that another call may return more; null if all of it is usable. */
  readonly failure: Error | null;
  /** Members with a value of another type than the contract's, by path. */
  readonly retyped: ReadonlySet<string>;
}

/** One call that was made to the billing API, for logs and for the trace that a client may ask for. */
export interface CallRecord {
  readonly request: BillsRequest;
  readonly durationMs: number;
  /** `ok`, `not-found`, the kind of failure, or `aborted`: all callers had gone. */
  readonly outcome: string;
}

/** How recent answers have to be that an operation uses (RFC 9111, section 5.2.1). */
export interface Recency {
  /** Calls that began before this are not joined, and responses that came before it are not used; on the clock of `monotonicMs()`. */
  readonly notBeforeMs: number;
  /** False: no cached response is used, however recent. One that came in time may belong to a call that began too early. */
  readonly usesCached: boolean;
}

/** On whose behalf a request is made, until when, and who pays for the call. */
export interface CallContext {
  readonly caller: Caller;
  /** The id that joins the log lines of the request which started the call. */
  readonly requestId?: string | undefined;
  /** Follows the operation that started the call; undefined where it is not traced. */
  readonly trace?: OperationTrace | undefined;
  /** Aborts when no caller waits for the response; its reason is a BillingError. */
  readonly signal: CancelSignal;
  /** When `signal` aborts for lack of time, on the clock of `performance.now()`; Infinity where nothing limits it. */
  readonly deadlineAtMs: number;
  /** The 401 that an earlier call met, or null: after it, no further attempt with the same token makes sense. */
  readonly deadToken: BillingError | null;
  /** What the operation has waited for a shared cache so far. */
  readonly cacheWaits: CacheWaits;
  /** Counts the bytes of responses that are held for the operation; undefined: they are not bounded. */
  readonly memory?: ByteHolder | undefined;
  /** Null: whatever is cached may be used. */
  readonly recency: Recency | null;
  /** Asked before each call, where calls are limited by token. */
  readonly admission?: CallAdmission | null;
  /** Takes one call out of the operation's budget. @throws BillingError where there is none left, or the token is known to be refused. */
  spendCall(): void;
  /** Returns to the budget a call that was taken but not made, because a cached response replaced it. */
  returnCall(): void;
  /** Notes a call that ended, well or not. */
  recordCall(record: CallRecord): void;
  /** Notes how long a call waited for a place among all calls, in milliseconds. */
  noteQueued?(ms: number): void;
}

/** Where the windows of a list come from: the billing API itself, or something that remembers what it said. */
export interface BillingSource<Content = Bills> {
  /**
   * Asks for one window of the list on behalf of the context's caller.
   * Rejects with BillingError, whatever happens.
   */
  read(request: BillsRequest, context: CallContext): Promise<BillsAnswer<Content>>;
}
