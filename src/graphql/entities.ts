import type { GraphQLResolveInfo } from 'graphql';
import { BillingError } from '../billing/billing-error';
import { Contract } from '../billing/contract';
import { parseContractNumber, parseCustomer, parseInvoiceNumber } from '../billing/customer';
import { assertArgumentsBelow, assertRootArguments } from './argument-check';
import { billingOf, type GatewayContext } from './context';
import { loadContract } from './contract/load-contract';

interface EntitiesArgs {
  readonly representations: readonly Record<string, unknown>[];
}

/**
 * `Query._entities` (Federation 2 subgraph specification): one result for each representation, in order, null where
 * there is no such entity. Replaces the reference implementation, in which one unknown type or synchronous throw
 * costs the whole list: here each representation is resolved apart, and fails apart with its index in the path.
 */
export function resolveEntities(_root: unknown, { representations }: EntitiesArgs, context: GatewayContext, info: GraphQLResolveInfo): Promise<unknown>[] {
  assertRootArguments(info, context.pageLimits);
  return representations.map((representation, index) => {
    // The loads of all representations are started in one tick, and so planned together.
    return resolveEntity(representation, context, { ...info, path: { prev: info.path, key: index, typename: undefined } });
  });
}

async function resolveEntity(representation: Record<string, unknown>, context: GatewayContext, info: GraphQLResolveInfo): Promise<unknown> {
  const typename = representation['__typename'];
  switch (typename) {
    case 'Customer':
      return toCustomer(representation);
    case 'Contract':
      return loadContract(toCustomer(representation['customer']), parseContractNumber(toId(representation['number'])), context, info);
    case 'Invoice': {
      const contract = asObject(representation['contract'], 'contract');
      const customer = toCustomer(contract['customer']);
      const contractNumber = parseContractNumber(toId(contract['number']), 'contract.number');
      const number = parseInvoiceNumber(toId(representation['number']));
      assertArgumentsBelow('Invoice', info, context.pageLimits);
      return billingOf(context).invoice(customer, contractNumber, number);
    }
    default:
      throw new BillingError('invalid-input', '`representations` must name, in `__typename`, one of the entities of this subgraph: Contract, Customer or Invoice.');
  }
}

function toCustomer(value: unknown): ReturnType<typeof parseCustomer> {
  const key = asObject(value, 'customer');
  return parseCustomer(key['idType'], toId(key['id']));
}

/** An ID as GraphQL takes one: a whole number is its digits (some subgraphs send their IDs so), where it has kept them. */
function toId(value: unknown): unknown {
  return Number.isSafeInteger(value) ? String(value) : value;
}

function asObject(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new BillingError('invalid-input', `\`${name}\` must be an object with the entity's key fields.`);
  return value as Record<string, unknown>;
}

/** Which member of the union `_Entity` an entity is. */
export function typenameOf(entity: unknown): string {
  if (entity instanceof Contract) return 'Contract';
  return 'idType' in (entity as object) ? 'Customer' : 'Invoice';
}
