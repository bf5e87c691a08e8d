import type { GraphQLResolveInfo } from 'graphql';
import type { Contract } from '../../../billing/loading/contract';
import type { Customer } from '../../../billing/model/customer';
import { toScanPage, type PageRequest } from '../../../billing/model/window';
import { settleOverTurns } from '../../../runtime/turns/turn-budget';
import { assertBelow } from '../../analysis/argument-check';
import { billingOf, type GatewayContext } from '../../context/context';
import { fieldOf, type FieldInfo } from '../../analysis/operation-model';
import { contractTypeOf, countRequests, selectOfContract, type ContractSelection, type LookAheadContext } from '../../analysis/selection';

/**
 * Loads a contract together with all that is selected of it: one call, the check that it exists included.
 * Null where the billing API does not know it. Rejects with BillingError.
 */
export function loadContract(
  customer: Customer,
  number: string,
  context: GatewayContext,
  info: GraphQLResolveInfo,
): Promise<Contract | null> {
  return loadSelected(customer, number, context, lookAhead(info, context));
}

/** The same, where what is selected is known already: one look ahead serves all contracts of a list. */
export function loadSelected(
  customer: Customer,
  number: string,
  context: GatewayContext,
  selection: ContractSelection,
): Promise<Contract | null> {
  const billing = billingOf(context);
  return billing.contract(customer, number, toPages(selection, billing.scanPageSize), selection.filtered);
}

/** The pages that are asked for together with a contract. */
function toPages({ pages, scans }: ContractSelection, pageSize: number): readonly PageRequest[] {
  if (scans.length === 0) return pages;
  // A list is read in the largest pages there are: the first of them serves the contract too.
  return [...pages, ...scans.map((position) => toScanPage(position, pageSize))];
}

/**
 * Loads the contracts that the billing API lists, together with all that is selected of them. An error about all of them
 * stands in a list of its own: the list cannot be null, and the customer's other fields keep their data.
 */
export async function loadListed(
  customer: Customer,
  context: GatewayContext,
  info: GraphQLResolveInfo,
): Promise<readonly (Contract | Error | null)[]> {
  const billing = billingOf(context);
  let contracts: readonly (Contract | Error | null)[];
  try {
    const selection = lookAheadOnce(info, context)(0);
    contracts = await billing.listContracts(customer, toPages(selection, billing.scanPageSize), selection.filtered);
  } catch (error) {
    contracts = [error as Error];
  }
  if (!context.results.take(contracts.length)) return [];
  const failed = contracts.filter((contract) => contract instanceof Error);
  return failed.length === 0 || context.results.mayFail(failed.length, failed[0]) ? contracts : [];
}

/**
 * Looks ahead once for all items of a list field whose items are contracts. The function that is returned takes an
 * item's index, which the path of a refused argument's error names.
 */
export function lookAheadOnce(info: FieldInfo, context: LookAheadContext): (index: number) => ContractSelection {
  let selection: ContractSelection | undefined;
  // A refusal is made anew for each item: it has a path of its own.
  return (index) => (selection ??= lookAhead(toItem(info, index), context));
}

/**
 * Loads several contracts together with all that is selected of them, each different number once. A promise each: one that
 * fails costs its own place in the list and no other.
 */
export function loadContracts(
  customer: Customer,
  numbers: readonly string[],
  context: GatewayContext,
  info: GraphQLResolveInfo,
): Promise<Contract | null>[] {
  const selectionAt = lookAheadOnce(info, context);
  let selection: ContractSelection;
  try {
    selection = selectionAt(0);
  } catch (error) {
    if (!context.results.mayFail(numbers.length, error)) return [];
    return numbers.map(async (number, index) => loadSelected(customer, number, context, selectionAt(index)));
  }
  const loads = new Map<string, Promise<Contract | null>>();
  // Nobody sees the members of a dry run: what is said of one is said of its equals.
  const members = (context.dryRun ? [...new Set(numbers)] : numbers).map((number) => {
    let load = loads.get(number);
    if (!load) loads.set(number, (load = loadSelected(customer, number, context, selection)));
    else billingOf(context).noteRepeated(countRequests(selection));
    return load;
  });
  return resolveOverTurns(members, context);
}

/** Lists up to this length are resolved as their members come. */
const SHORT_LIST = 500;
/** A contract in a list counts as so many results: a promise comes with each. */
const RESULTS_PER_MEMBER = 2;

/** The members of a list of entities, to be resolved over several turns of the event loop where there are many. */
export function resolveOverTurns<T>(members: Promise<T>[], { results }: GatewayContext): Promise<T>[] {
  if (members.length <= SHORT_LIST) return members;
  return settleOverTurns(members, { take: (units) => results.turnFor(units) }, RESULTS_PER_MEMBER);
}

/** The info of a list field, for one of its items. */
export function toItem({ fieldNodes, variableValues, path }: FieldInfo, index: number): FieldInfo {
  return { fieldNodes, variableValues, path: { prev: path, key: index, typename: undefined } };
}

function lookAhead(info: FieldInfo, context: LookAheadContext): ContractSelection {
  const field = fieldOf(info, context);
  const selection = selectOfContract(field, info, context.pageLimits);
  assertBelow(field, info, { limits: context.pageLimits, type: contractTypeOf(field) });
  return selection;
}
