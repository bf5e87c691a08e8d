import { BillingError } from '../billing/billing-error';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext } from '../billing/billing-source';
import { toBillsPath, type PageInitReading } from './bills-path';
import { decodeBills } from './decode-bills';
import { readErrorMessage } from './error-message';
import { invalidResponse, toFailure, unreachable } from './failures';
import type { HttpAnswer, Transport } from './transport';

/** Reads bills from the billing API itself, with the caller's own bearer token. */
export class UpstreamSource implements BillingSource {
  readonly #transport: Transport;
  readonly #reading: PageInitReading;

  constructor(transport: Transport, reading: PageInitReading) {
    this.#transport = transport;
    this.#reading = reading;
  }

  async read(request: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    context.spendCall();
    const startedMs = performance.now();
    let outcome = 'ok';
    try {
      const exchanged = await this.#transport.get(toBillsPath(request, this.#reading), context.caller.authorization, context.signal);
      const answer = this.#toAnswer(exchanged, request, context);
      if (answer.bills === null) outcome = 'not-found';
      return answer;
    } catch (error) {
      const failure = error instanceof BillingError ? error : unreachable(error);
      outcome = failure.failure;
      throw failure;
    } finally {
      context.recordCall({ request, durationMs: performance.now() - startedMs, outcome });
    }
  }

  /** What an HTTP answer means. @throws BillingError by the table in failures.ts. */
  #toAnswer(answer: HttpAnswer, request: BillsRequest, context: CallContext): BillsAnswer {
    const { status, headers, body } = answer;
    const received = { body, headers, receivedAtMs: Date.now() };
    if (status === 200) {
      // We ask for no encoding; a compressed body is nothing to be guessed at (or to be inflated without a limit).
      const encoding = headers['content-encoding'];
      if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw invalidResponse(`the body is encoded as ${encoding.slice(0, 20)}`);
      return { bills: decodeBills(body, request), received, freshUntilMs: 0, stale: false };
    }
    if (status === 404) return { bills: null, received, freshUntilMs: 0, stale: false };
    // The one status whose message is for the client: it says what was wrong with what the client asked for.
    const message = status === 400 ? readErrorMessage(body, { token: context.caller.token, address: this.#transport.baseUrl }) : null;
    throw toFailure(status, message, headers['retry-after']);
  }
}
