import type { Billing } from '../../billing/billing';
import type { CallReport, ReportedRequest } from '../../billing/ports/call-report';
import { contractKey } from '../../billing/model/customer';
import { toCode, type GatewayErrorCode } from '../context/errors';
import type { CallPrediction } from '../analysis/predict-calls';

/** What an operation cost: `extensions.billing`. */
export interface BillingTrace {
  /** Calls made to the billing API. */
  readonly calls: number;
  /** Requests that a call made for another request of the same operation covered. */
  readonly merged: number;
  /** Answers that came out of the shared cache. */
  readonly cached: number;
  /** Answers used past their time because the billing API failed. */
  readonly stale: number;
}

/** The account, with the requests that it is the sum of. */
export interface DetailedBillingTrace extends BillingTrace {
  /** How long the operation waited for the billing API, in milliseconds: calls at the same time count once. */
  readonly upstreamMs: number;
  readonly requests: readonly TracedRequest[];
}

/** One request to the billing API, or to the cache. */
export interface TracedRequest {
  /** A keyed hash that tells requests about one customer from those about another, and nothing else. */
  readonly customer: string;
  /** The same of the contract; null where all the customer's invoices are asked for. */
  readonly contract: string | null;
  /** The window: the place of its first invoice, from 0 on, and how many are asked for. */
  readonly offset: number;
  readonly quantity: number;
  readonly source: ReportedRequest['origin'];
  readonly outcome: 'OK' | 'NOT_FOUND' | 'PENDING' | GatewayErrorCode;
  readonly durationMs: number;
}

/** The account of an operation that was not executed. */
export interface DryRunTrace extends BillingTrace {
  readonly prediction: CallPrediction & { readonly budget: number };
}

/** Names a customer or a contract in a trace, so that nobody can tell which it is. */
export type Pseudonym = (name: string) => string;

/** The account of an operation, for the client that asked for it. */
export function toBillingTrace(billing: Billing): BillingTrace {
  const { calls, cached, stale } = billing.operation;
  return { calls, merged: billing.merged, cached, stale };
}

/** The account of an operation with each of its requests. */
export function toDetailedTrace(billing: Billing, report: CallReport, pseudonym: Pseudonym): DetailedBillingTrace {
  const requests = report.requests(performance.now());
  return {
    ...toBillingTrace(billing),
    upstreamMs: toWaitedMs(requests),
    requests: requests.map((request) => toTracedRequest(request, pseudonym)),
  };
}

/** The account of an operation that was not executed: nothing was asked, and so much would have been. */
export function toDryRunTrace(prediction: CallPrediction, budget: number): DryRunTrace {
  const { calls, atLeast } = prediction;
  return { calls: 0, merged: 0, cached: 0, stale: 0, prediction: { calls, atLeast, budget } };
}

function toTracedRequest({ request, origin, outcome, startedAtMs, endedAtMs }: ReportedRequest, pseudonym: Pseudonym): TracedRequest {
  const { customer, contractNumber, window } = request;
  return {
    customer: pseudonym(contractKey(customer, null)),
    contract: contractNumber === null ? null : pseudonym(contractKey(customer, contractNumber)),
    offset: window.offset,
    quantity: window.limit,
    source: origin,
    outcome: toOutcome(outcome),
    durationMs: toRounded(endedAtMs - startedAtMs),
  };
}

function toOutcome(outcome: ReportedRequest['outcome']): TracedRequest['outcome'] {
  switch (outcome) {
    case 'ok':
      return 'OK';
    case 'not-found':
      return 'NOT_FOUND';
    case 'pending':
      return 'PENDING';
    default:
      return toCode(outcome);
  }
}

/** The time that was covered by at least one call of the billing API's. */
function toWaitedMs(requests: readonly ReportedRequest[]): number {
  let waitedMs = 0;
  let untilMs = -Infinity;
  // They are in the order of their start.
  for (const { origin, startedAtMs, endedAtMs } of requests) {
    if ((origin !== 'api' && origin !== 'shared') || endedAtMs <= untilMs) continue;
    waitedMs += endedAtMs - Math.max(startedAtMs, untilMs);
    untilMs = endedAtMs;
  }
  return toRounded(waitedMs);
}

function toRounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
