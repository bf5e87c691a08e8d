import { OperationLimitError } from '../../billing/model/billing-error';
import type { BillsAnswer, CallContext } from '../../billing/ports/billing-source';
import type { RequestIdentity } from '../../billing/ports/request-identity';
import type { TracedStep } from '../../billing/ports/operation-trace';
import type { CacheObserver } from '../../telemetry/observers/cache-observer';
import { ShortLivedMap } from '../../runtime/maps/short-lived-map';
import { InFlightCall } from './in-flight-call';

/**
 * Deduplicates calls in flight (single-flight): equal requests of one caller, from whatever operations, are one call.
 * Callers never share: an identity cannot be made without one. A caller's abort ends its own wait; the call itself ends
 * when there is no waiter left. Failures are not cached.
 */
export class InFlightCalls<Content> {
  readonly #calls = new ShortLivedMap<InFlightCall<Content>>();
  readonly #observer: Pick<CacheObserver, 'joined'> | null;

  constructor(observer: Pick<CacheObserver, 'joined'> | null = null) {
    this.#observer = observer;
  }

  /** Whether a call for this request is in flight that the context may join. */
  has(identity: RequestIdentity, context: CallContext): boolean {
    return this.#calls.get(identity.text)?.isRecentFor(context) ?? false;
  }

  /**
   * Waits for the call in flight for this request, where it is recent enough, or starts one, which the context's operation pays for.
   * Rejects with what the call rejects with, or the reason of the context's signal. What ends it for a limit of the operation that
   * pays for it ends it for nobody else: those who joined start another one.
   * @param start makes the call. Its context aborts when there is no waiter left.
   */
  share(
    identity: RequestIdentity,
    context: CallContext,
    start: (call: InFlightCall<Content>) => Promise<BillsAnswer<Content>>,
  ): Promise<BillsAnswer<Content>> {
    if (context.signal.aborted) return Promise.reject(context.signal.reason);
    const call = this.#calls.get(identity.text);
    if (call?.isRecentFor(context))
      return this.#join(context, call).catch((error: unknown) => {
        if (error instanceof OperationLimitError) return this.share(identity, context, start);
        throw error;
      });
    try {
      // Charged before the call exists: a caller without budget must not fail those who join.
      context.spendCall();
    } catch (error) {
      const refusal = error as Error;
      return Promise.reject(refusal);
    }
    if (call) call.isSuperseded = true;
    return this.#wait(context, this.#start(identity, context, start));
  }

  #join(context: CallContext, call: InFlightCall<Content>): Promise<BillsAnswer<Content>> {
    this.#observer?.joined();
    const step = context.trace?.startJoined(call.trace);
    const answer = this.#wait(context, call);
    return step ? endWith(step, answer) : answer;
  }

  #wait(context: CallContext, call: InFlightCall<Content>): Promise<BillsAnswer<Content>> {
    return call.wait(context, (reason) => {
      // Forgotten first: a request that comes now must not join a call that is being ended.
      this.#remove(call);
      call.abort(reason);
    });
  }

  #start(
    identity: RequestIdentity,
    context: CallContext,
    start: (call: InFlightCall<Content>) => Promise<BillsAnswer<Content>>,
  ): InFlightCall<Content> {
    const call = new InFlightCall<Content>(context);
    call.entry = this.#calls.set(identity.text, call);
    start(call).then(
      (answer) => {
        this.#remove(call);
        call.succeed(answer);
      },
      (error: unknown) => {
        this.#remove(call);
        call.fail(error as Error);
      },
    );
    return call;
  }

  /** Forgets a call. One that was given up may end when another call for the same request is in flight: that one stays. */
  #remove({ entry }: InFlightCall<Content>): void {
    if (entry) this.#calls.delete(entry);
  }
}

/** Ends a step of a trace when the response is there, or failed. */
async function endWith<Answer>(step: TracedStep, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } finally {
    step.end();
  }
}
