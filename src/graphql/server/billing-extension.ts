import type { Caller } from '../../billing/model/caller';
import type { RequestedOperation } from '../analysis/requested-operation';
import type { GatewayContext } from '../context/context';
import type { CallBudget } from '../limits/call-budget';
import { toBillingTrace, toDetailedTrace, toDryRunTrace, type BillingTrace, type Pseudonym } from './billing-trace';

/** What `extensions.billing` is made with. */
export interface BillingExtensionOptions {
  readonly callBudget: CallBudget;
  /** Names customers and contracts in traces; see pseudonyms.ts. */
  readonly pseudonyms: (caller: Caller) => Pseudonym;
}

/**
 * The cost that a response reports, actual or predicted; null if it reports none.
 * @param requested the operation; null where none was found.
 */
export function toBillingExtension(
  { billing, traced, report, dryRun, callBudget }: GatewayContext,
  requested: RequestedOperation | null,
  options: BillingExtensionOptions,
): BillingTrace | null {
  if (dryRun) {
    const prediction = requested && options.callBudget.predict(requested);
    return prediction && toDryRunTrace(prediction, callBudget);
  }
  if (!billing || !traced) return null;
  return report ? toDetailedTrace(billing, report, options.pseudonyms(billing.operation.caller)) : toBillingTrace(billing);
}
