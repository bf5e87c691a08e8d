import type { GraphQLResolveInfo } from 'graphql';
import type { Contract } from '../../billing/contract';
import type { Customer } from '../../billing/customer';
import type { PageRequest } from '../../billing/window';
import { assertArgumentsBelow } from '../argument-check';
import { billingOf, type GatewayContext } from '../context';
import { selectContract } from '../selection';

/**
 * Loads a contract together with all that is selected of it: one call, the check that it exists included.
 * Null where the billing API does not know it. Rejects with BillingError.
 */
export function loadContract(customer: Customer, number: string, context: GatewayContext, info: GraphQLResolveInfo): Promise<Contract | null> {
  const billing = billingOf(context);
  const selection = selectContract(info, context.pageLimits);
  assertArgumentsBelow('Contract', info, context.pageLimits);
  // A search reads the list from its start in the largest pages there are: the first of them serves the contract too.
  const scan: PageRequest = { offset: 0, first: billing.scanPageSize, probe: false };
  return billing.contract(customer, number, selection.searches ? [...selection.pages, scan] : selection.pages);
}
