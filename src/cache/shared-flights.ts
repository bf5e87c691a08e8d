import { requestKey, type BillingSource, type BillsAnswer, type BillsRequest, type CallContext } from '../billing/billing-source';

/** A call under way, and how many wait for it. */
interface Flight {
  readonly answer: Promise<BillsAnswer>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Shares calls under way: equal questions of one caller, from whatever operations, are one call. Callers never share.
 * A caller's abort ends its own wait; the call itself ends when nobody waits any more. Failures are not kept.
 */
export class SharedFlights implements BillingSource {
  readonly #source: BillingSource;
  readonly #flights = new Map<string, Flight>();

  constructor(source: BillingSource) {
    this.#source = source;
  }

  async read(request: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    context.signal.throwIfAborted();
    // The token is in the key: without the same one, a flight cannot be found.
    const key = `${context.caller.token}\n${requestKey(request)}`;
    let flight = this.#flights.get(key);
    if (!flight) {
      // Paid before the call exists: whoever has no budget left must not fail those who join.
      context.spendCall();
      flight = this.#start(key, request, context);
    }
    return this.#wait(key, flight, context.signal);
  }

  #start(key: string, request: BillsRequest, context: CallContext): Flight {
    const controller = new AbortController();
    const flight: Flight = {
      answer: this.#source.read(request, {
        caller: context.caller,
        signal: controller.signal,
        spendCall: () => undefined,
        recordCall: (record) => context.recordCall(record),
      }),
      controller,
      waiting: 0,
    };
    this.#flights.set(key, flight);
    return flight;
  }

  #wait(key: string, flight: Flight, signal: AbortSignal): Promise<BillsAnswer> {
    flight.waiting++;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal.reason as Error);
        flight.waiting--;
        if (flight.waiting > 0) return;
        // Forgotten first: a question that comes now must not join a call that is being ended.
        this.#forget(key, flight);
        flight.controller.abort(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      flight.answer
        .finally(() => {
          signal.removeEventListener('abort', onAbort);
          this.#forget(key, flight);
        })
        .then(resolve, reject);
    });
  }

  #forget(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
