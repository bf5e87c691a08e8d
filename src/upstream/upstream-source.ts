import { BillingError } from '../billing/billing-error';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext } from '../billing/billing-source';
import { toBillsPath, type PageInitReading } from './bills-path';
import { decodeBills } from './decode-bills';
import { decodeText } from './exact-json';
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
      const answer = toAnswer(await this.#transport.get(toBillsPath(request, this.#reading), context.caller.authorization, context.signal), request);
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
}

/** What an HTTP answer means. @throws BillingError by the table in failures.ts. */
function toAnswer(answer: HttpAnswer, request: BillsRequest): BillsAnswer {
  const { status, headers, body } = answer;
  const received = { body, headers, receivedAtMs: Date.now() };
  if (status === 200) {
    // We ask for no encoding; a compressed body is nothing to be guessed at (or to be inflated without a limit).
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') throw invalidResponse(`the body is encoded as ${encoding.slice(0, 20)}`);
    return { bills: decodeBills(body, request), received, freshUntilMs: 0, stale: false };
  }
  if (status === 404) return { bills: null, received, freshUntilMs: 0, stale: false };
  throw toFailure(status, status === 400 ? readErrorMessage(body) : null, headers['retry-after']);
}

/** `error.message` of the contract's errorBody, where it is a text that can be shown; null otherwise. */
function readErrorMessage(body: Buffer): string | null {
  try {
    const parsed: unknown = JSON.parse(decodeText(body));
    const error = isObject(parsed) ? parsed['error'] : undefined;
    const message = isObject(error) ? error['message'] : undefined;
    return typeof message === 'string' && message !== '' ? message.slice(0, 500) : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
