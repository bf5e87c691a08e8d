import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, Extensions, FieldResolver, ID, Info, Query, Resolver, Root } from 'type-graphql';
import type { Contract } from '../../../billing/loading/contract';
import { parseContractNumber, parseCustomer, type Customer } from '../../../billing/model/customer';
import { parsePage } from '../../../billing/model/window';
import { assertArgumentsBelow, assertRootArguments } from '../../analysis/argument-check';
import { toList } from '../../analysis/argument-values';
import { costs } from '../../analysis/field-costs';
import { fieldOf } from '../../analysis/operation-model';
import { billingOf, type GatewayContext } from '../../context/context';
import { ContractType } from '../contract/contract.type';
import { loadContract, loadSelected, lookAheadOnce } from '../contract/load-contract';
import { toConnection, type InvoiceConnection } from '../invoice/invoice-connection';
import { InvoiceConnectionType } from '../invoice/invoice-connection.type';
import { INVOICES_COSTS, InvoicesArgs } from '../invoice/invoices.args';
import { selectsNextPage } from '../../analysis/selection';
import { CustomerArgs } from './customer.args';
import { CustomerType } from './customer.type';

@Resolver(() => CustomerType)
export class CustomerResolver {
  @Extensions(costs({ reads: 'customer', parse: ({ idType, id }) => parseCustomer(idType, id) }))
  @Query(() => CustomerType, {
    description: 'A customer, by the identification that the billing API knows. Makes no upstream call by itself.',
  })
  customer(
    @Args(() => CustomerArgs) { idType, id }: CustomerArgs,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Customer {
    assertRootArguments(info, context.pageLimits);
    return parseCustomer(idType, id);
  }

  @Extensions(costs({ reads: 'contract', parse: ({ number }) => parseContractNumber(number) }))
  @FieldResolver(() => ContractType, {
    nullable: true,
    description: "One of the customer's contracts. Null where the billing API knows no such contract of this customer.",
  })
  contract(
    @Root() customer: Customer,
    @Arg('number', () => ID, { description: "The contract's number: 1 to 20 digits." }) number: string,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Contract | null> {
    const contractNumber = parseContractNumber(number);
    return context.results.take(1) ? loadContract(customer, contractNumber, context, info) : Promise.resolve(null);
  }

  @Extensions(costs({ reads: 'contracts', members: 'numbers', parse: ({ numbers }) => parseNumbers(numbers) }))
  @FieldResolver(() => [ContractType], {
    nullable: 'items',
    description:
      "Several of the customer's contracts, in the order of `numbers`; null at the place of each that the billing API does not know. One upstream call for each different number.",
  })
  contracts(
    @Root() customer: Customer,
    @Arg('numbers', () => [ID], { description: "The contracts' numbers, each of 1 to 20 digits." }) numbers: string[],
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Contract | null>[] {
    if (!context.results.take(numbers.length)) return [];
    let parsed: readonly string[];
    try {
      parsed = parseNumbers(numbers);
    } catch (error) {
      // One member that is not of its form makes the argument so, for which no call is made. The other places must
      // not look like contracts that do not exist.
      return numbers.map(() => Promise.reject(error as Error));
    }
    const selectionAt = lookAheadOnce(info, context.pageLimits);
    // A promise each: one that fails costs its own place in the list and no other.
    return parsed.map(async (number, index) => loadSelected(customer, number, context, selectionAt(index)));
  }

  @Extensions(costs(INVOICES_COSTS))
  @FieldResolver(() => InvoiceConnectionType, {
    nullable: true,
    description:
      "All the customer's invoices, whatever the contract. Some deployments of the billing API refuse this and ask for a contract: then this is an error with the code BAD_USER_INPUT.",
  })
  async invoices(
    @Root() customer: Customer,
    @Args(() => InvoicesArgs) { first, after }: InvoicesArgs,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<InvoiceConnection | null> {
    const page = parsePage(first, after, selectsNextPage(fieldOf(info)), context.pageLimits);
    assertArgumentsBelow(info, context.pageLimits);
    const invoices = await billingOf(context).customerInvoices(customer, page);
    return toConnection(invoices, context);
  }
}

function parseNumbers(numbers: unknown): readonly string[] {
  return toList(numbers).map((number) => parseContractNumber(number, 'numbers'));
}
