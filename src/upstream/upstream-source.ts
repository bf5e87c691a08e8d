import { BillingError } from '../billing/billing-error';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext } from '../billing/billing-source';
import type { UpstreamObserver } from '../telemetry/upstream-observer';
import type { Attempts } from './attempts';
import { toBillsPath, type PageInitReading } from './bills-path';
import type { ContractDrift } from './contract-drift';
import { decodeBills } from './decode-bills';
import { isTransient, invalidResponse } from './failures';
import { retryCall } from './retry';
import { RetryBudget } from './retry-budget';
import type { HttpAnswer } from './transport';

/** Settings of the source. */
export interface UpstreamSourceOptions {
  readonly paging: PageInitReading;
  /** Further attempts after a failed one, at most. */
  readonly retries: number;
  readonly observer?: Pick<UpstreamObserver, 'callEnded'>;
  /** Compares answers with the contract. */
  readonly drift?: ContractDrift;
}

/** Reads bills from the billing API itself, with the caller's own bearer token. */
export class UpstreamSource implements BillingSource {
  readonly #attempts: Attempts;
  readonly #options: UpstreamSourceOptions;
  readonly #retryBudget = new RetryBudget();

  constructor(attempts: Attempts, options: UpstreamSourceOptions) {
    this.#attempts = attempts;
    this.#options = options;
  }

  async read(request: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    context.spendCall();
    const startedMs = performance.now();
    let outcome = 'ok';
    let received: HttpAnswer | null = null;
    try {
      received = await this.#get(toBillsPath(request, this.#options.paging), context);
      const answer = toAnswer(received, request);
      if (answer.bills === null) outcome = 'not-found';
      return answer;
    } catch (error) {
      // What is not a BillingError is a mistake of ours, and must not pass for the API's.
      outcome = error === context.signal.reason ? 'aborted' : error instanceof BillingError ? error.failure : 'error';
      throw error;
    } finally {
      if (received?.status === 200) this.#options.drift?.received(received.body, request, { usable: outcome === 'ok', nowMs: performance.now() });
      this.#options.observer?.callEnded?.(outcome);
      context.recordCall({ request, durationMs: performance.now() - startedMs, outcome });
    }
  }

  /** The first attempt is made as it is; only when it fails does the machinery for further ones start. */
  async #get(path: string, context: CallContext): Promise<HttpAnswer> {
    this.#retryBudget.deposit();
    try {
      return await this.#attempts.make(path, context, false);
    } catch (error) {
      if (!isTransient(error)) throw error;
      const attempt = (): Promise<HttpAnswer> => this.#attempts.make(path, context, true);
      return await retryCall({ context, error, attempt }, this.#options.retries, this.#retryBudget);
    }
  }
}

/** What an answer of 200 or 404 means. @throws BillingError `invalid-response`. */
function toAnswer(answer: HttpAnswer, request: BillsRequest): BillsAnswer {
  const { status, headers, body } = answer;
  const received = { body, headers, receivedAtMs: Date.now() };
  if (status === 404) return { bills: null, received, freshUntilMs: 0, stale: false };
  // We ask for no encoding; a compressed body is nothing to be guessed at (or to be inflated without a limit).
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw invalidResponse('the body is encoded, which was not asked for');
  return { bills: decodeBills(body, request), received, freshUntilMs: 0, stale: false };
}
