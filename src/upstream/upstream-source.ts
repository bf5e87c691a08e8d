import { BillingError } from '../billing/model/billing-error';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext } from '../billing/ports/billing-source';
import type { UpstreamObserver } from '../telemetry/observers/upstream-observer';
import type { Attempts, UpstreamCall } from './resilience/attempts';
import { toBillsPath, type PageInitReading } from './bills/bills-path';
import type { ContractDrift } from './bills/contract-drift';
import { decodeBills } from './bills/decode-bills';
import { isTransient, invalidResponse, toReason } from './errors/failures';
import { retryCall } from './resilience/retry';
import { RetryBudget } from './resilience/retry-budget';
import type { HttpAnswer } from './http/http-response';

/** Settings of the source. */
export interface UpstreamSourceOptions {
  readonly paging: PageInitReading;
  /** Further attempts after a failed one, at most. */
  readonly retries: number;
  readonly observer?: Pick<UpstreamObserver, 'callEnded' | 'responseUnusable'>;
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

  read(request: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    try {
      context.spendCall();
    } catch (error) {
      const refusal = error as Error;
      return Promise.reject(refusal);
    }
    const startedMs = performance.now();
    const end = (outcome: string): void => {
      this.#options.observer?.callEnded?.(outcome);
      context.recordCall({ request, durationMs: performance.now() - startedMs, outcome });
    };
    const decode = (received: HttpAnswer): BillsAnswer => {
      let outcome = 'error';
      try {
        const answer = toAnswer(received, request);
        outcome = answer.bills === null ? 'not-found' : 'ok';
        return answer;
      } catch (error) {
        if (error instanceof BillingError) outcome = error.failure;
        this.#options.observer?.responseUnusable?.({ requestId: context.requestId, reason: toReason(error) ?? outcome });
        throw error;
      } finally {
        if (received.status === 200)
          this.#options.drift?.received(received.body, request, { usable: outcome === 'ok', nowMs: performance.now() });
        end(outcome);
      }
    };
    const call = { request, path: toBillsPath(request, this.#options.paging) };
    this.#retryBudget.deposit();
    // The first attempt is made as it is; only when it fails does the machinery for further ones start.
    return this.#attempts.make(call, context, 0).then(decode, (error: unknown) =>
      this.#retry(call, context, error).then(decode, (last: unknown) => {
        // What is not a BillingError is a mistake of ours, and must not pass for the API's.
        end(last === context.signal.reason ? 'aborted' : last instanceof BillingError ? last.failure : 'error');
        throw last;
      }),
    );
  }

  #retry(call: UpstreamCall, context: CallContext, error: unknown): Promise<HttpAnswer> {
    const failure = error as Error;
    if (!isTransient(failure)) return Promise.reject(failure);
    let resends = 0;
    const attempt = (): Promise<HttpAnswer> => this.#attempts.make(call, context, ++resends);
    return retryCall({ context, error: failure, attempt }, this.#options.retries, this.#retryBudget);
  }
}

/** What an answer of 200 or 404 means. @throws BillingError `invalid-response`. */
function toAnswer(answer: HttpAnswer, request: BillsRequest): BillsAnswer {
  const { status, headers, body } = answer;
  const received = { body, headers, receivedAtMs: Date.now() };
  if (status === 404) return { bills: null, received, freshUntilMs: 0, stale: false };
  // We ask for no encoding; a compressed body is nothing to be guessed at (or to be inflated without a limit).
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw invalidResponse('the body is encoded, which was not asked for');
  return { bills: decodeBills(body, request), received, freshUntilMs: 0, stale: false };
}
