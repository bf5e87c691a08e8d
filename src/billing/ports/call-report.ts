import { BillingError } from '../model/billing-error';
import { monotonicMs } from '../../runtime/clock';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext } from './billing-source';
import { DelegatedContext } from './delegated-context';

/**
 * Where an answer came from: a call of the operation's own, one that another operation had under way, or the cache,
 * within its time or past it. `none`: the request failed before a call was made for it.
 */
export type AnswerOrigin = 'api' | 'shared' | 'cache' | 'stale' | 'none';

/** One request of an operation to its source of bills. */
export interface ReportedRequest {
  readonly request: BillsRequest;
  readonly origin: AnswerOrigin;
  /** `ok`, `not-found`, `pending` while there is no answer, or the kind of failure. */
  readonly outcome: 'ok' | 'not-found' | 'pending' | BillingError['failure'];
  /** When it was asked and answered, on the clock of `performance.now()`. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Records every request of an operation whose client asked for that. Costs nothing where it is not made. */
export class CallReport {
  readonly #requests: WatchedRequest[] = [];

  /** The same source, with each request recorded. */
  watch<Content>(source: BillingSource<Content>): BillingSource<Content> {
    return {
      read: (request, context) => {
        const watched = new WatchedRequest(request, context);
        this.#requests.push(watched);
        return watched.follow(source.read(request, watched));
      },
    };
  }

  /** The requests so far, in the order in which they were made. */
  requests(nowMs: number): readonly ReportedRequest[] {
    return this.#requests.map((watched) => watched.toReported(nowMs));
  }
}

/** One request, as its source sees it: the operation, except that a call is known to be made for this request. */
class WatchedRequest extends DelegatedContext {
  readonly #request: BillsRequest;
  readonly #startedAtMs = monotonicMs();
  #isPaid = false;
  #ended: Pick<ReportedRequest, 'origin' | 'outcome' | 'endedAtMs'> | null = null;

  constructor(request: BillsRequest, operation: CallContext) {
    super(operation);
    this.#request = request;
  }

  override spendCall(): void {
    super.spendCall();
    this.#isPaid = true;
  }

  override returnCall(): void {
    super.returnCall();
    this.#isPaid = false;
  }

  /** Notes how the request is answered. */
  async follow<Content>(answer: Promise<BillsAnswer<Content>>): Promise<BillsAnswer<Content>> {
    try {
      const answered = await answer;
      this.#end(answered.content === null ? 'not-found' : 'ok', this.#originOf(answered));
      return answered;
    } catch (error) {
      // Anything but a BillingError is an internal error, which is reported where it is masked.
      const failure = error instanceof BillingError ? error.failure : 'unavailable';
      // A load without a call of its own had joined another's, unless the budget or the token allowed no call.
      const isRefused = failure === 'budget-exceeded' || this.deadToken === error;
      this.#end(failure, this.#isPaid ? 'api' : isRefused ? 'none' : 'shared');
      throw error;
    }
  }

  toReported(nowMs: number): ReportedRequest {
    const pending = { origin: this.#isPaid ? 'api' : 'shared', outcome: 'pending', endedAtMs: nowMs } as const;
    return { request: this.#request, startedAtMs: this.#startedAtMs, ...(this.#ended ?? pending) };
  }

  #originOf({ received, stale }: BillsAnswer<unknown>): AnswerOrigin {
    if (received !== null) return this.#isPaid ? 'api' : 'shared';
    return stale ? 'stale' : 'cache';
  }

  #end(outcome: ReportedRequest['outcome'], origin: AnswerOrigin): void {
    this.#ended = { outcome, origin, endedAtMs: monotonicMs() };
  }
}
