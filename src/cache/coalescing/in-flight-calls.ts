import type { BillsAnswer, BillsRequest, CallContext } from '../../billing/ports/billing-source';
import type { Caller } from '../../billing/model/caller';
import type { TracedStep } from '../../billing/ports/operation-trace';
import type { CacheObserver } from '../../telemetry/observers/cache-observer';
import { Flight } from './in-flight-call';
import { FlightTable } from './in-flight-table';

/**
 * Shares calls under way: equal questions of one caller, from whatever operations, are one call. Callers never share:
 * there is no way in without one. A caller's abort ends its own wait; the call itself ends when nobody waits any more.
 * Failures are not kept.
 */
export class SharedFlights {
  readonly #flights = new FlightTable();
  readonly #observer: Pick<CacheObserver, 'joined'> | null;

  constructor(observer: Pick<CacheObserver, 'joined'> | null = null) {
    this.#observer = observer;
  }

  /** Whether a call for this question is under way. */
  has(caller: Caller, request: BillsRequest): boolean {
    return this.#flights.find(caller, request) !== null;
  }

  /**
   * Waits for the call under way for this question, or starts one, which the context's operation pays for.
   * Rejects with what the call rejects with, or the reason of the context's signal.
   * @param start makes the call. What its context aborts for is that nobody waits any more.
   */
  share(request: BillsRequest, context: CallContext, start: (context: CallContext) => Promise<BillsAnswer>): Promise<BillsAnswer> {
    if (context.signal.aborted) return Promise.reject(context.signal.reason);
    let flight = this.#flights.find(context.caller, request);
    let step: TracedStep | undefined;
    if (flight) {
      this.#observer?.joined();
      step = context.trace?.startJoined(flight.trace);
    } else {
      try {
        // Paid before the call exists: whoever has no budget left must not fail those who join.
        context.spendCall();
      } catch (error) {
        const refusal = error as Error;
        return Promise.reject(refusal);
      }
      flight = this.#launch(request, context, start);
    }
    const joined = flight;
    const answer = joined.wait(context, (reason) => {
      // Forgotten first: a question that comes now must not join a call that is being ended.
      this.#flights.remove(joined);
      joined.abort(reason);
    });
    return step ? endWith(step, answer) : answer;
  }

  #launch(request: BillsRequest, context: CallContext, start: (context: CallContext) => Promise<BillsAnswer>): Flight {
    const flight = new Flight(request, context);
    this.#flights.add(flight);
    start(flight).then(
      (answer) => {
        this.#flights.remove(flight);
        flight.land(answer);
      },
      (error: unknown) => {
        this.#flights.remove(flight);
        flight.fail(error as Error);
      },
    );
    return flight;
  }
}

/** Ends a step of a trace when the answer is there, or failed. */
async function endWith(step: TracedStep, answer: Promise<BillsAnswer>): Promise<BillsAnswer> {
  try {
    return await answer;
  } finally {
    step.end();
  }
}
