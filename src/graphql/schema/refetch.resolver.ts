import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Directive, Extensions, ID, Info, Query, Resolver } from 'type-graphql';
import type { Contract } from '../../billing/loading/contract';
import type { Customer } from '../../billing/model/customer';
import { parseContractNodeId, parseCustomerNodeId } from '../../billing/model/node-id';
import { assertRootArguments, isWholeRefused } from '../analysis/argument-check';
import { costs } from '../analysis/field-costs';
import type { GatewayContext } from '../context/context';
import { ContractType } from './contract/contract.type';
import { loadContract } from './contract/load-contract';
import { CustomerType } from './customer/customer.type';

/**
 * By these fields Relay refetches fragments on customers and contracts. Their names are Relay's (`@fetchable`), and unlike `node`
 * and `Node` nobody else's: in a supergraph, where they are inaccessible, they hide nothing of another subgraph's.
 */
@Resolver()
export class RefetchResolver {
  @Directive('@inaccessible')
  @Extensions(costs({ reads: 'customer', parse: ({ nodeId }) => parseCustomerNodeId(nodeId) }))
  @Query(() => CustomerType, {
    name: 'fetch__Customer',
    description: 'A customer by its `nodeId`, for Relay; the same as `customer`. Makes no upstream call by itself.',
  })
  customer(
    @Arg('nodeId', () => ID, { description: 'Taken from `Customer.nodeId`.' }) nodeId: string,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Customer {
    assertRootArguments(info, context);
    return parseCustomerNodeId(nodeId);
  }

  @Directive('@inaccessible')
  @Extensions(costs({ reads: 'contract-by-id', parse: ({ nodeId }) => parseContractNodeId(nodeId) }))
  @Query(() => ContractType, {
    name: 'fetch__Contract',
    nullable: true,
    description:
      'A contract by its `nodeId`, for Relay; the same as `Customer.contract`. Null where the billing API knows no such contract.',
  })
  contract(
    @Arg('nodeId', () => ID, { description: 'Taken from `Contract.nodeId`.' }) nodeId: string,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Contract | null> | null {
    const { customer, number } = parseContractNodeId(nodeId);
    // The customer that costs the whole answer says so itself.
    if (isWholeRefused(info, context)) return null;
    return context.results.take(1) ? loadContract(customer, number, context, info) : null;
  }
}
