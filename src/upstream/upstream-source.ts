import { BillingError } from '../billing/model/billing-error';
import { LARGE_BODIES, LARGE_BODY_BYTES } from '../runtime/turns/shared-turn-budget';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext, DecodedContent, PagedResource } from '../billing/ports/billing-source';
import type { UpstreamObserver } from '../telemetry/observers/upstream-observer';
import type { UpstreamCall } from './resilience/attempt';
import type { Attempts } from './resilience/attempts';
import type { ContractDrift } from './bills/contract-drift';
import { toUtf8, toUtf8OverTurns } from './bills/body-text';
import { isErrorBody } from './bills/error-message';
import { GatewayStops, isTransient, invalidResponse, OtherContract, OutOfStep, toReason } from './errors/failures';
import { retryCall } from './resilience/retry';
import { isSpace } from './scan/json-bytes';
import { RetryBudget } from './resilience/retry-budget';
import { bodyBytesOf, type HttpAnswer, type ReusedConnection } from './http/http-response';

/** Settings of the source. */
export interface UpstreamSourceOptions {
  /** Where an error body has its message; without it, as the contract has it. */
  readonly errorMessage?: readonly string[];
  /** Further attempts after a failed one, at most. */
  readonly retries: number;
  readonly observer?: Pick<UpstreamObserver, 'callEnded' | 'responseUnusable'>;
  /** Compares answers with the contract. */
  readonly drift?: ContractDrift;
}

/** Reads a resource from the billing API itself, with the caller's own bearer token. */
export class UpstreamSource<Content> implements BillingSource<Content> {
  readonly #attempts: Attempts;
  readonly #options: UpstreamSourceOptions;
  readonly #resource: PagedResource<Content, unknown>;
  readonly #retryBudget = new RetryBudget();

  constructor(resource: PagedResource<Content, unknown>, attempts: Attempts, options: UpstreamSourceOptions) {
    this.#resource = resource;
    this.#attempts = attempts;
    this.#options = options;
  }

  read(request: BillsRequest, context: CallContext): Promise<BillsAnswer<Content>> {
    try {
      context.spendCall();
    } catch (error) {
      const refusal = error as Error;
      return Promise.reject(refusal);
    }
    const startedMs = performance.now();
    const end = (outcome: string, nowMs: number): void => {
      this.#options.observer?.callEnded?.(outcome);
      context.recordCall({ request, durationMs: nowMs - startedMs, outcome });
    };
    let isLast = false;
    const decode = (received: HttpAnswer, unreadable: unknown = null): BillsAnswer<Content> => {
      let outcome = 'error';
      let differs = false;
      try {
        if (unreadable !== null) throw unreadable as Error;
        const { answer, retyped, failure } = this.#toAnswer(received, request);
        differs = retyped.size > 0;
        this.#options.drift?.retyped(retyped);
        outcome = answer.content === null ? 'not-found' : 'ok';
        if (failure) this.#noteUnusable(failure, context);
        // A status alone says little: proxies answer anybody with pages, and some APIs answer 200 with an error.
        this.#attempts.accept(context.caller);
        return answer;
      } catch (error) {
        if (error instanceof BillingError) outcome = error.failure;
        this.#noteUnusable(error, context);
        if (!isOutOfStep(error, received)) throw error;
        received.reused.outOfStep();
        outcome = 'unavailable';
        throw new OutOfStep();
      } finally {
        const nowMs = performance.now();
        this.#options.drift?.received(received, request, { usable: outcome !== 'invalid-response' && !differs, nowMs });
        if (isLast || outcome !== 'unavailable') end(outcome, nowMs);
      }
    };
    // Large bodies take milliseconds to read: those that come in one turn of the event loop are read in several.
    const decodeInTurn = (received: HttpAnswer): BillsAnswer<Content> | Promise<BillsAnswer<Content>> =>
      bodyBytesOf(received) > LARGE_BODY_BYTES
        ? prepareLarge(received).then(
            (prepared) => decode(prepared),
            (error: unknown) => decode(received, error),
          )
        : decode(received);
    const call = { request, path: this.#resource.path(request) };
    this.#retryBudget.deposit();
    const retry = (error: unknown): Promise<BillsAnswer<Content>> => {
      isLast = true;
      return this.#retry(call, context, error).then(decodeInTurn, (last: unknown) => {
        // What is not a BillingError is a mistake of ours, and must not pass for the API's.
        const isEnded = last === context.signal.reason || last instanceof GatewayStops;
        const outcome = isEnded ? 'aborted' : last instanceof BillingError ? last.failure : 'error';
        end(outcome, performance.now());
        throw last;
      });
    };
    const retryOutOfStep = (error: unknown): Promise<BillsAnswer<Content>> => {
      if (error instanceof OutOfStep) return retry(error);
      throw error;
    };
    // The first attempt is made as it is; only when it fails does the machinery for further ones start.
    return this.#attempts.make(call, context, 0).then((received) => {
      try {
        const answer = decodeInTurn(received);
        return answer instanceof Promise ? answer.catch(retryOutOfStep) : answer;
      } catch (error) {
        return retryOutOfStep(error);
      }
    }, retry);
  }

  #noteUnusable(error: unknown, { requestId }: CallContext): void {
    this.#options.observer?.responseUnusable?.({ requestId, reason: toReason(error) ?? 'error' });
  }

  #retry(call: UpstreamCall, context: CallContext, error: unknown): Promise<HttpAnswer> {
    const failure = error as Error;
    if (!isTransient(failure)) return Promise.reject(failure);
    let resends = 0;
    const attempt = (): Promise<HttpAnswer> => this.#attempts.make(call, context, ++resends);
    return retryCall({ context, error: failure, attempt }, this.#options.retries, this.#retryBudget);
  }

  /**
   * What a response of a status of 2xx or of 404 means. The contract knows 200 and 404 alone: 201 and 203 are read as 200
   * (RFC 9110, section 15.3.4: a proxy has changed the headers or the body), and 204 as a contract that is not known.
   * A part (206) and every other status is no response to what was asked.
   * @throws BillingError `invalid-response`.
   */
  #toAnswer(
    { status, headers, body: bytes, isCut }: HttpAnswer,
    request: BillsRequest,
  ): { answer: BillsAnswer<Content> } & Pick<DecodedContent<Content>, 'retyped' | 'failure'> {
    const body = toUtf8(bytes, headers['content-type']);
    if (status === 404 && !isAbsence(body, isCut, this.#options.errorMessage))
      throw invalidResponse('the body of a 404 is neither empty nor an errorBody');
    const decoded = status === 404 || status === 204 ? null : this.#decode(status, body, request);
    const failure = decoded?.failure ?? null;
    const received = { body, headers, receivedAtMs: Date.now(), isPartial: failure !== null };
    const answer = { content: decoded && decoded.content, bytes: body.length, received, freshUntilMs: 0, stale: false };
    return { answer, retyped: decoded?.retyped ?? NOTHING, failure };
  }

  #decode(status: number, body: Buffer, request: BillsRequest): DecodedContent<Content> {
    if (status !== 200 && status !== 201 && status !== 203) throw invalidResponse(`a status of ${status}`);
    return this.#resource.decode(body, request, 0);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** Resolves in the turn in which a large body may be decoded, with its body as UTF-8 where converting it takes long. */
async function prepareLarge(received: HttpAnswer): Promise<HttpAnswer> {
  const turn = LARGE_BODIES.take(bodyBytesOf(received));
  if (turn) await turn;
  const { headers } = received;
  const body = await toUtf8OverTurns(received.body, headers['content-type'], LARGE_BODIES);
  return body === received.body ? received : { ...received, body, headers: { ...headers, 'content-type': JSON_TYPE } };
}

const JSON_TYPE = 'application/json';

/**
 * Whether a response names what an earlier request on its connection was about: that was answered twice, or the responses are out of
 * step in another way. A billing API that has given a contract another number sends such a number as well, but for the request itself.
 */
function isOutOfStep(error: unknown, received: HttpAnswer): received is HttpAnswer & { readonly reused: ReusedConnection } {
  if (!(error instanceof OtherContract) || !received.reused) return false;
  // One about all of a customer's contracts may name any of them.
  return received.reused.subjects.some((subject) => subject === '' || error.names(subject));
}

/**
 * Whether the body of a 404 is the billing API's: empty, or the contract's errorBody, in which no member is required. Others
 * are pages of proxies and web servers.
 */
function isAbsence(body: Buffer, isCut: boolean | undefined, errorMessage: readonly string[] | undefined): boolean {
  if (isCut) return false;
  return body.every(isSpace) || body.toString('latin1').trim() === '{}' || isErrorBody(body, errorMessage);
}
