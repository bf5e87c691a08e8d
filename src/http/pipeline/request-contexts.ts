import type { CallLimiter } from '../../billing/admission/call-limiter';
import type { Billing } from '../../billing/billing';
import { BillingOperation } from '../../billing/ports/billing-operation';
import type { ReadAudit } from '../../billing/ports/read-audit';
import type { BillingSource, Recency } from '../../billing/ports/billing-source';
import type { ByteBudget } from '../../runtime/byte-budget';
import { monotonicMs } from '../../runtime/clock';
import { CallReport } from '../../billing/ports/call-report';
import { drySource } from '../../billing/ports/dry-run-source';
import type { PageLimits } from '../../billing/model/window';
import type { GatewayContext } from '../../graphql/context/context';
import { ResultMeter, type ResultLimits } from '../../graphql/context/result-meter';
import type { StartTrace } from '../../telemetry/observers/operation-observer';
import type { RequestControls } from '../request/request-controls';
import type { Exchange } from '../request/exchange';
import { startLifetime, type OperationLifetime } from './operation-lifetime';

/** Settings of the contexts that operations run in. */
export interface RequestContextOptions {
  /** @param through what the operation's requests for bills go through, or to, instead of straight to their source. */
  readonly createBilling: (operation: BillingOperation, through?: (source: BillingSource) => BillingSource) => Billing;
  readonly pageLimits: PageLimits;
  readonly callBudget: number;
  /** Bytes of responses of the billing API that operations may hold. */
  readonly memory: ByteBudget;
  readonly resultLimits: ResultLimits;
  /** The whole operation's time, in milliseconds; a caller may ask for less. */
  readonly deadlineMs: number;
  /** Whether every response reports its cost; otherwise the header `x-billing-trace: 1` asks for it. */
  readonly alwaysTraced: boolean;
  /** Without it, calls are not limited by token. */
  readonly limiter?: CallLimiter | null;
  /** Called for every read of bills; undefined: reads are not audited. */
  readonly audit?: ReadAudit | undefined;
  /** Undefined: operations have no spans. */
  readonly startTrace?: StartTrace | undefined;
}

/**
 * Makes the context of one operation: fresh loads, on behalf of its caller, with its own time.
 * @param controls null for a request that is to be refused: whatever it runs after all, it reads nothing.
 * @param options its own `lifetime` where the operation does not last as long as the response; for the dry run of an operation that is
 * executed page by page, `inPages`, and what proves its token.
 */
export function createContext(
  exchange: Exchange,
  controls: RequestControls | null,
  options: RequestContextOptions & {
    readonly lifetime?: OperationLifetime | undefined;
    readonly proving?: () => Billing | null;
    readonly inPages?: boolean;
  },
): GatewayContext {
  const { caller, requestId, startedMs, trace, traceId } = exchange;
  const report = controls?.detailed ? new CallReport() : null;
  const through = controls?.dryRun ? () => drySource : report ? (source: BillingSource) => report.watch(source) : undefined;
  // An exchange that executes several operations does so in turn.
  exchange.memory?.close();
  const billing =
    controls &&
    caller &&
    options.createBilling(
      new BillingOperation({
        caller,
        requestId,
        trace: trace ?? undefined,
        ...(options.lifetime ?? startLifetime(exchange.response, controls.deadlineMs)),
        callBudget: options.callBudget,
        recency: toRecency(controls.maxAgeSeconds),
        claimsEnd: controls.claimsEnd ?? false,
        // A dry run reads nothing.
        limiter: controls.dryRun ? undefined : (options.limiter ?? undefined),
        audit: controls.dryRun ? undefined : options.audit,
        memory: (exchange.memory = options.memory.open()),
      }),
      through,
    );
  exchange.admission = billing?.operation.admission ?? null;
  return {
    requestId,
    traceId,
    trace,
    startedMs,
    billing,
    standing: exchange,
    proving: controls?.dryRun ? (options.proving ?? null) : () => billing,
    pageLimits: options.pageLimits,
    requested: null,
    callBudget: options.callBudget,
    results: new ResultMeter(options.resultLimits, exchange),
    traced: controls?.traced ?? false,
    report,
    dryRun: controls?.dryRun ?? false,
    inPages: options.inPages ?? false,
  };
}

/** Calls that began before the operation do not count for who wants nothing cached at all. */
function toRecency(maxAgeSeconds: number | null): Recency | null {
  if (maxAgeSeconds === null) return null;
  return { notBeforeMs: monotonicMs() - maxAgeSeconds * 1000, usesCached: maxAgeSeconds > 0 };
}

/** The same for an execution that starts anew over what was loaded: what the first one counted does not count. */
export function restartContext(context: GatewayContext): GatewayContext {
  context.billing?.restart();
  return { ...context, results: new ResultMeter(context.results.limits, context.standing) };
}
