import type { GraphQLObjectType, GraphQLResolveInfo } from 'graphql';
import { Contract } from '../../billing/loading/contract';
import { assertArgumentsBelow, assertRootArguments } from '../analysis/argument-check';
import { billingOf, type GatewayContext } from '../context/context';
import { loadSelected, lookAheadOnce, resolveOverTurns, toItem } from './contract/load-contract';
import { parseEntityKey, type EntityKey } from '../analysis/entity-keys';

interface EntitiesArgs {
  readonly representations: readonly unknown[];
}

/**
 * `Query._entities` (Federation 2 subgraph specification): one result for each representation, in order, null where
 * there is no such entity. Replaces the reference implementation, in which one unknown type or synchronous throw
 * costs the whole list: here each representation is resolved apart, and fails apart with its index in the path.
 */
export function resolveEntities(
  _root: unknown,
  { representations }: EntitiesArgs,
  context: GatewayContext,
  info: GraphQLResolveInfo,
): Promise<unknown>[] {
  assertRootArguments(info, context);
  if (!context.results.take(representations.length)) return [];
  const keys: (EntityKey | Error)[] = [];
  let malformed = 0;
  for (const representation of representations) {
    const key = readKey(representation);
    if (key instanceof Error && !context.results.mayFail(++malformed, key)) return [];
    keys.push(key);
  }
  // What is selected of a contract is the same for all of them.
  const selectionAt = lookAheadOnce(info, context);
  // The loads of all representations are started in one tick, and so planned together. Async also for what could be
  // had at once: whatever is thrown must cost its item alone.
  const entities = keys.map(async (key, index): Promise<unknown> => {
    if (key instanceof Error) throw key;
    switch (key.type) {
      case 'Customer':
        return key.customer;
      case 'Contract':
        return loadSelected(key.customer, key.number, context, selectionAt(index));
      case 'Invoice':
        assertArgumentsBelow(toItem(info, index), context, info.schema.getType('Invoice') as GraphQLObjectType);
        return billingOf(context).invoice(key.customer, key.contractNumber, key.number);
    }
  });
  return resolveOverTurns(entities, context);
}

/** The key of a representation, or why it has none. */
function readKey(representation: unknown): EntityKey | Error {
  try {
    return parseEntityKey(representation);
  } catch (error) {
    return error as Error;
  }
}

/** Which member of the union `_Entity` an entity is. */
export function typenameOf(entity: unknown): string {
  if (entity instanceof Contract) return 'Contract';
  return 'idType' in (entity as object) ? 'Customer' : 'Invoice';
}
