import { BillingError } from '../../billing/model/billing-error';
import type { Billing } from '../../billing/billing';
import type { CallReport } from '../../billing/ports/call-report';
import type { PageLimits } from '../../billing/model/window';
import type { OperationSpan } from '../../telemetry/observers/operation-observer';
import type { RequestedOperation } from '../analysis/requested-operation';
import type { ResultMeter } from './result-meter';
import type { TokenStanding } from './token-standing';

/** What the resolvers of one operation share. Made anew for each request. */
export interface GatewayContext {
  /** The id that joins the request's log lines. */
  readonly requestId: string;
  /** The trace that the request belongs to; null if it names none and operations are not traced. */
  readonly traceId: string | null;
  /** Null where operations are not traced. */
  readonly trace: OperationSpan | null;
  /** When the request came, on the clock of `performance.now()`. */
  readonly startedMs: number;
  /** The domain, on behalf of the request's caller; null if the request has no bearer token. */
  readonly billing: Billing | null;
  /** Of the request. */
  readonly standing: TokenStanding;
  /** What the token is proven with, before anything is done that takes long; null in a dry run, which asks nothing. */
  readonly proving: (() => Billing | null) | null;
  readonly pageLimits: PageLimits;
  /** The operation that is executed; null before it is found. */
  requested: RequestedOperation | null;
  /** Upstream calls that one operation may make. */
  readonly callBudget: number;
  /** Counts what the operation returns. */
  readonly results: ResultMeter;
  /** Whether the response reports what it cost, in `extensions.billing`. */
  readonly traced: boolean;
  /** Records each request for bills, if the response must list them; otherwise null. */
  readonly report: CallReport | null;
  /** Whether this is a dry run: loads make no calls, and the response reports what the operation would cost. */
  readonly dryRun: boolean;
  /** Whether this is the dry run of an operation that is executed page by page then: an export. */
  readonly inPages: boolean;
}

/**
 * The domain, for a resolver that needs data.
 * @throws BillingError `unauthenticated` where there is no caller. Such operations are refused before they are
 * executed; this is a second check.
 */
export function billingOf(context: GatewayContext): Billing {
  if (!context.billing) throw missingToken();
  return context.billing;
}

/** The error of an operation, or of what else is named, that is refused without a bearer token. */
export function missingToken(what = 'This operation'): BillingError {
  return new BillingError('unauthenticated', `${what} needs a bearer token: send the header "Authorization: Bearer <token>".`);
}
