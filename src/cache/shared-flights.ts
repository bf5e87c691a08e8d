import { requestKey, type BillsAnswer, type BillsRequest, type CallContext } from '../billing/billing-source';
import type { Caller } from '../billing/caller';
import type { CacheObserver } from '../telemetry/cache-observer';
import { Flight } from './flight';

/** Names a question of one caller while it is under way. It cannot be made without a caller, and is never kept or sent. */
export class FlightKey {
  readonly text: string;

  constructor(caller: Caller, request: BillsRequest) {
    // A token holds no line's end, so the joined text is unambiguous.
    this.text = `${caller.token}\n${requestKey(request)}`;
  }
}

/**
 * Shares calls under way: equal questions of one caller, from whatever operations, are one call. Callers never share:
 * the key is the caller's. A caller's abort ends its own wait; the call itself ends when nobody waits any more.
 * Failures are not kept.
 */
export class SharedFlights {
  readonly #flights = new Map<string, Flight>();
  readonly #observer: Pick<CacheObserver, 'joined'> | null;

  constructor(observer: Pick<CacheObserver, 'joined'> | null = null) {
    this.#observer = observer;
  }

  /** Whether a call for this question is under way. */
  has(key: FlightKey): boolean {
    return this.#flights.has(key.text);
  }

  /**
   * Waits for the call under way for this question, or starts one, which the context's operation pays for.
   * Rejects with what the call rejects with, or the reason of the context's signal.
   * @param start makes the call. What its context aborts for is that nobody waits any more.
   */
  async share(key: FlightKey, context: CallContext, start: (context: CallContext) => Promise<BillsAnswer>): Promise<BillsAnswer> {
    context.signal.throwIfAborted();
    let flight = this.#flights.get(key.text);
    if (flight) this.#observer?.joined();
    else {
      // Paid before the call exists: whoever has no budget left must not fail those who join.
      context.spendCall();
      flight = new Flight(context);
      flight.launch(start);
      this.#flights.set(key.text, flight);
    }
    return this.#wait(key, flight, context);
  }

  #wait(key: FlightKey, flight: Flight, context: CallContext): Promise<BillsAnswer> {
    const { signal } = context;
    flight.join(context);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        reject(signal.reason);
        if (!flight.leave(context)) return;
        // Forgotten first: a question that comes now must not join a call that is being ended.
        this.#forget(key, flight);
        flight.abort(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const end = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#forget(key, flight);
      };
      const fail = (error: Error): void => {
        end();
        reject(error);
      };
      flight.answer.then((answer) => {
        end();
        resolve(answer);
      }, fail);
    });
  }

  #forget(key: FlightKey, flight: Flight): void {
    if (this.#flights.get(key.text) === flight) this.#flights.delete(key.text);
  }
}
