import { BillingError, type BillingErrorDetails, type BillingFailure } from '../../billing/model/billing-error';
import { withoutStacks } from '../../runtime/without-stacks';

/**
 * The failure of one attempt at the billing API, as distinct from a failure that is ours or the client's (no budget,
 * a deadline, a client that left). Only these are tried again, and only these say something about the API's health.
 */
export class AttemptFailure extends BillingError {
  /** How long the API asked to wait before the next attempt, in milliseconds; null where it did not say. */
  readonly retryAfterMs: number | null;

  constructor(
    failure: BillingFailure,
    message: string,
    options: BillingErrorDetails & { cause?: unknown; status?: number; retryAfterMs?: number | null } = {},
  ) {
    super(failure, message, options);
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Statuses of a gateway, a proxy or a load balancer (520 to 524 are Cloudflare's) that does not reach the billing API. */
const OUTAGE_STATUSES = new Set([502, 503, 504, 520, 521, 522, 523, 524]);

/** The failure of an attempt for which the egress proxy opens no tunnel, and will not open one for the next: a matter of configuration. */
class ProxyRefusal extends AttemptFailure {}

/** Whether another attempt makes sense: no connection, no answer in time, or a status that says "later". */
export function isTransient(error: unknown): error is AttemptFailure {
  if (error instanceof ProxyRefusal) return false;
  // A quota that does not say when it is free again is not free again after a second's backoff.
  if (error instanceof AttemptFailure && error.status === 429) return error.retryAfterMs !== null;
  // RFC 9110, section 15.5.9: a request that the server did not wait for may be sent again.
  if (error instanceof AttemptFailure && error.status === 408) return true;
  return isOutage(error);
}

/** Whether an error shows that the billing API cannot be reached or does not answer in time. */
export function isOutage(error: unknown): error is AttemptFailure {
  if (!(error instanceof AttemptFailure)) return false;
  // Without a status, no whole answer came.
  return error.status === null ? error.failure === 'timeout' || error.failure === 'unavailable' : OUTAGE_STATUSES.has(error.status);
}

/** Why a call or an attempt failed, for the operator's log: a status, a code or a place in the answer, never an address or a value. */
export function toReason(error: unknown): string | null {
  if (!(error instanceof BillingError)) return error instanceof Error ? error.name : null;
  if (error.cause instanceof Error) return error.cause.message;
  return error.status === null ? null : `status ${error.status}`;
}

/** What an answer with an error status says beside the status. */
export interface RefusedAnswer {
  /** The text of `error.message`, where it may be shown to the client of a 400. */
  readonly message: string | null;
  /** The `Retry-After` header. */
  readonly retryAfter: string | undefined;
  /** Whether the body is the contract's errorBody, so that the billing API itself has answered. Called for 400 and 403. */
  readonly isErrorBody: boolean;
  /** The `WWW-Authenticate` header. */
  readonly challenge?: string | undefined;
}

/** The domain's error for a status of the billing API other than 200 and 404. */
export function toFailure(status: number, { message, retryAfter, isErrorBody, challenge }: RefusedAnswer): AttemptFailure {
  switch (status) {
    case 400:
      return new AttemptFailure('invalid-input', message ?? 'The billing API refused the request as malformed.', {
        status,
        // For example from a web server that requires a client certificate, or TLS.
        ...(isErrorBody ? {} : { cause: toCause('400 without an errorBody') }),
      });
    case 401:
      // RFC 9110, section 11.6.1: the header names the missing credentials. A client cannot renew an API gateway's key.
      return challenge === undefined || /\bbearer\b/i.test(challenge)
        ? new AttemptFailure('unauthenticated', 'The billing API did not accept the bearer token. Ask for a new token and try again.', {
            status,
          })
        : new AttemptFailure('unauthenticated', 'The request was refused on its way to the billing API. Tell the operator.', {
            cause: toCause('401 that asks for other credentials than a bearer token'),
            status,
          });
    case 403:
      // A firewall's or an API gateway's refusal says nothing about the token.
      return isErrorBody
        ? new AttemptFailure('forbidden', "The bearer token does not allow to read this customer's bills.", { status })
        : new AttemptFailure('forbidden', 'The request was refused on its way to the billing API. Try again later.', {
            cause: toCause('403 without an errorBody'),
            status,
          });
    case 429:
      return refusedForNow('rate-limited', 'The billing API is receiving too many requests.', { status, retryAfter });
    default:
      return refusedForNow('unavailable', 'The billing API could not answer.', { status, retryAfter });
  }
}

/** The failure of an answer that may say when to try again. */
function refusedForNow(
  failure: BillingFailure,
  what: string,
  { status, retryAfter }: { status: number; retryAfter: string | undefined },
): AttemptFailure {
  const retryAfterSeconds = parseRetryAfter(retryAfter, Date.now());
  const advice = retryAfterSeconds === null ? 'Try again later.' : `Try again in ${retryAfterSeconds} s.`;
  return new AttemptFailure(failure, `${what} ${advice}`, {
    status,
    ...(retryAfterSeconds === null ? {} : { retryAfterSeconds, retryAfterMs: retryAfterSeconds * 1000 }),
  });
}

const MAX_RETRY_AFTER_S = 86_400;

// RFC 9110, section 5.6.7: an HTTP-date in one of its three forms, all of them in UTC; asctime's does not say so.
const RETRY_AFTER =
  /(?:^|,)[ \t]*(?:([0-9]{1,9})|([A-Z][a-z]{2,8}, [0-9]{2}[ -][^,]{1,30} GMT)|([A-Z][a-z]{2} [A-Z][a-z]{2} [^,]{5,20}))[ \t]*(?=,|$)/g;

/**
 * Seconds from `Retry-After` (RFC 9110, section 10.2.3: a number of seconds or a date), never negative; null where it says
 * neither. If the header is repeated, the longest time counts. More than a day is reduced to a day: a clock or a unit may be
 * wrong, and clients' timers overflow after 24 days.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | null {
  let longest: number | null = null;
  for (const [, seconds, date, asctime] of (value ?? '').slice(0, 200).matchAll(RETRY_AFTER)) {
    const found = seconds === undefined ? toSecondsUntil(date ?? `${asctime ?? ''} GMT`, nowMs) : Number(seconds);
    if (found !== null && (longest === null || found > longest)) longest = found;
  }
  return longest === null ? null : Math.min(longest, MAX_RETRY_AFTER_S);
}

function toSecondsUntil(date: string, nowMs: number): number | null {
  const atMs = Date.parse(date);
  return Number.isNaN(atMs) ? null : Math.max(0, Math.ceil((atMs - nowMs) / 1000));
}

const NOT_THE_CONTRACT = 'The billing API sent an answer that does not follow its contract.';
const NOT_REACHED = 'The billing API could not be reached. Try again later.';

/** The failure of an answer that cannot be used. `detail` is for the operator: it names paths and sizes, never values. */
export function invalidResponse(detail: string): BillingError {
  return new BillingError('invalid-response', NOT_THE_CONTRACT, { cause: toCause(detail) });
}

/** The failure of a response that is about another contract than its request. `detail` is for the operator. */
export class OtherContract extends BillingError {
  /** Whether it names the contract of this number. */
  readonly names: (number: string) => boolean;

  constructor(detail: string, names: OtherContract['names']) {
    super('invalid-response', NOT_THE_CONTRACT, { cause: toCause(detail) });
    this.names = names;
  }
}

/** The failure of an attempt that got the response to an earlier request on its connection. The next attempt uses another connection. */
export class OutOfStep extends AttemptFailure {
  constructor() {
    super('unavailable', NOT_REACHED, { cause: toCause('not HTTP/1.1: the response belongs to an earlier request') });
  }
}

/**
 * The failure of an attempt whose body found no room in memory. It says nothing about the billing API, and is made again
 * when there is room.
 */
export class NoRoom extends BillingError {
  /** Size of the body, at most. */
  readonly mostBytes: number;

  constructor(mostBytes: number) {
    super('unavailable', 'The gateway holds as many responses of the billing API as it may. Try again in a moment.', {
      cause: new Error(`no room for a body of up to ${mostBytes} bytes: see UPSTREAM_MAX_PROCESS_BYTES`),
      retryAfterSeconds: 1,
    });
    this.mostBytes = mostBytes;
  }
}

/** The failure of an attempt that was not answered in time. */
export function timedOut(detail: string): AttemptFailure {
  return new AttemptFailure('timeout', 'The billing API did not answer in time. Try again, or ask for less at once.', {
    cause: toCause(detail),
  });
}

/**
 * The failure of an attempt that found no connection, or lost it. Of the error only its code is kept: the rest names the
 * API's address, or quotes its bytes.
 */
export function unreachable(error: Error): AttemptFailure {
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  return unavailable(`no connection: ${code}`);
}

/**
 * The failure of an attempt for which the proxy opens no tunnel. One that fails itself, or has no time (408, 429), may open the next;
 * every other answer says that it does not serve this gateway, or not this address.
 */
export function refusedByProxy(status: number): AttemptFailure {
  const reason = `no connection: the proxy answered ${status}`;
  if (status >= 500 || status === 408 || status === 429) return unavailable(reason);
  const advice =
    status === 407 || status === 401
      ? 'check the user and the password of BILLING_API_PROXY'
      : 'check BILLING_API_PROXY and the rules of the proxy';
  return new ProxyRefusal('unavailable', 'The request was refused on its way to the billing API. Tell the operator.', {
    cause: toCause(`${reason}: ${advice}`),
  });
}

/** The failure of an attempt whose connection ended before the answer did. */
export function lost(): AttemptFailure {
  return unreachable(Object.assign(toCause('lost'), { code: 'closed before the end of the answer' }));
}

/** The failure of a call that is ended because the gateway stops: it says nothing about the billing API. */
export class GatewayStops extends BillingError {
  constructor() {
    super('unavailable', 'The gateway is being stopped. Try again in a moment.', { retryAfterSeconds: 1 });
  }
}

/** The failure of an attempt that was answered with something else than HTTP/1.1. `detail` is for the operator: it quotes nothing. */
export function notHttp(detail: string): AttemptFailure {
  return unavailable(`not HTTP/1.1: ${detail}`);
}

function unavailable(reason: string): AttemptFailure {
  return new AttemptFailure('unavailable', NOT_REACHED, { cause: toCause(reason) });
}

/** The failure of a call that is not made because the billing API has been failing. `retryAfterSeconds`: when it will be tried again. */
export function circuitOpen(retryAfterSeconds: number): BillingError {
  return new BillingError(
    'unavailable',
    `The billing API has been failing and is left alone for a moment. Try again in ${retryAfterSeconds} s.`,
    { retryAfterSeconds },
  );
}

/** The failure of a call that is not made because too many others wait already. */
export function overloaded(): BillingError {
  return new BillingError('unavailable', 'More calls to the billing API are waiting than it can answer in time. Try again in a moment.', {
    retryAfterSeconds: 1,
  });
}

/** Details for the operator only. */
function toCause(detail: string): Error {
  return withoutStacks(() => new Error(detail));
}
