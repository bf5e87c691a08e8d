import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Billing } from '../../billing/billing';
import { BillingOperation } from '../../billing/ports/billing-operation';
import type { BillingSource } from '../../billing/ports/billing-source';
import { CallReport } from '../../billing/ports/call-report';
import type { Caller } from '../../billing/model/caller';
import { drySource } from '../../billing/ports/dry-run-source';
import type { PageLimits } from '../../billing/model/window';
import type { GatewayContext } from '../../graphql/context/context';
import { ResultMeter, type ResultLimits } from '../../graphql/context/result-meter';
import type { StartTrace } from '../../telemetry/observers/operation-observer';
import { headerOf } from '../request/header-of';
import { startLifetime } from './operation-lifetime';
import { DEADLINE_HEADER, toDeadlineMs } from '../request/request-deadline';
import { isDetailed, isDryRun, TRACE_HEADER } from '../request/trace-headers';
import { startTraceOf, toTraceId } from '../request/trace-parent';

/** Settings of the contexts that operations run in. */
export interface RequestContextOptions {
  /** @param through what the operation's questions go through, or to, instead of straight to the source of bills. */
  readonly createBilling: (operation: BillingOperation, through?: (source: BillingSource) => BillingSource) => Billing;
  readonly pageLimits: PageLimits;
  readonly callBudget: number;
  readonly resultLimits: ResultLimits;
  /** The whole operation's time, in milliseconds; a caller may ask for less. */
  readonly deadlineMs: number;
  /** Whether every answer reports its cost; otherwise the header `x-billing-trace: 1` asks for it. */
  readonly alwaysTraced: boolean;
  /** Undefined: operations have no spans. */
  readonly startTrace?: StartTrace | undefined;
}

/** Whether a request's answer reports what it cost. */
export function isTraced(request: IncomingMessage, options: RequestContextOptions): boolean {
  return options.alwaysTraced || headerOf(request.headers, TRACE_HEADER) === '1' || isDetailed(request.headers);
}

/** What is known of a request before its operation is begun. */
export interface RequestStart {
  readonly caller: Caller | null;
  readonly requestId: string;
  /** When it came, on the clock of `performance.now()`. */
  readonly startedMs: number;
}

/**
 * Makes the context of one operation: fresh loads, on behalf of its caller, with its own time.
 * @throws GraphQLError `BAD_REQUEST` where the caller's deadline is not one, or its wish for a dry run cannot be understood.
 */
export function createContext(
  request: IncomingMessage,
  response: ServerResponse,
  { caller, requestId, startedMs }: RequestStart,
  options: RequestContextOptions,
): GatewayContext {
  const deadlineMs = toDeadlineMs(headerOf(request.headers, DEADLINE_HEADER), options.deadlineMs);
  const dryRun = isDryRun(request.headers);
  const report = isDetailed(request.headers) ? new CallReport() : null;
  const through = dryRun ? () => drySource : report ? (source: BillingSource) => report.watch(source) : undefined;
  // Last of what may fail: a trace that is begun has to be ended.
  const trace = startTraceOf(request.headers, startedMs, options.startTrace);
  const billing =
    caller &&
    options.createBilling(
      new BillingOperation({
        caller,
        requestId,
        trace: trace ?? undefined,
        ...startLifetime(response, deadlineMs),
        callBudget: options.callBudget,
      }),
      through,
    );
  return {
    requestId,
    traceId: trace ? trace.traceId : toTraceId(request.headers),
    trace,
    startedMs,
    billing,
    pageLimits: options.pageLimits,
    callBudget: options.callBudget,
    results: new ResultMeter(options.resultLimits),
    traced: isTraced(request, options),
    report,
    dryRun,
    ending: { end: null },
  };
}
