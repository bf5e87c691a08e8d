import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, Directive, Extensions, FieldResolver, ID, Info, Query, Resolver, Root } from 'type-graphql';
import { BILLS, type Invoice } from '../../../billing/model/bills';
import type { Contract } from '../../../billing/loading/contract';
import { parseContractNumber, parseCustomer, type Customer } from '../../../billing/model/customer';
import { toCustomerNodeId } from '../../../billing/model/node-id';
import type { ListOwner } from '../../../billing/model/paged-list';
import type { InvoiceSummary } from '../../../billing/loading/invoice-summary';
import { toActiveFilter } from '../../../billing/model/invoice-filter';
import { assertArgumentsBelow, assertRootArguments } from '../../analysis/argument-check';
import { toList } from '../../analysis/argument-values';
import { costs } from '../../analysis/field-costs';
import { billingOf, type GatewayContext } from '../../context/context';
import { ContractType } from '../contract/contract.type';
import { loadContract, loadContracts, loadListed } from '../contract/load-contract';
import { InvoiceConnectionType } from '../invoice/invoice-connection.type';
import { INVOICES_COSTS, InvoicesArgs } from '../invoice/invoices.args';
import { InvoiceFilterInput } from '../invoice/invoice-filter.input';
import { InvoiceSummaryType } from '../invoice/invoice-summary.type';
import { toConnection, type Connection } from '../paging/connection';
import { fieldOf } from '../../analysis/operation-model';
import { isFiltered, isPlaced, pageOf, selectsPreviousPage } from '../../analysis/selection';
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
    assertRootArguments(info, context);
    return parseCustomer(idType, id);
  }

  @Directive('@inaccessible')
  @Extensions(costs({ reads: 'key' }))
  @FieldResolver(() => ID, {
    description:
      'An id that no other object has, whatever its type: for clients whose stores need one, such as Relay. `id` alone does not tell.',
  })
  nodeId(@Root() customer: Customer): string {
    return toCustomerNodeId(customer);
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
      "Several of the customer's contracts, in the order of `numbers`; null at the place of each that the " +
      'billing API does not know. One upstream call for each different number. Without `numbers`, the contracts that the ' +
      'billing API lists, in one call; most deployments list none, and then this is an error with the code BAD_USER_INPUT. ' +
      'An error about all of them stands at the place of the first.',
  })
  contracts(
    @Root() customer: Customer,
    @Arg('numbers', () => [ID], {
      nullable: true,
      description: "The contracts' numbers, each of 1 to 20 digits; without them, all that the billing API lists.",
    })
    numbers: string[] | null | undefined,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Contract | null>[] | Promise<readonly (Contract | Error | null)[]> {
    if (!numbers) return loadListed(customer, context, info);
    if (!context.results.take(numbers.length)) return [];
    let parsed: readonly string[];
    try {
      parsed = parseNumbers(numbers) ?? [];
    } catch (error) {
      // One member that is not of its form makes the argument so, for which no call is made. The other places must
      // not look like contracts that do not exist.
      return context.results.mayFail(numbers.length, error) ? numbers.map(() => Promise.reject(error as Error)) : [];
    }
    return loadContracts(customer, parsed, context, info);
  }

  @Extensions(costs(INVOICES_COSTS))
  @FieldResolver(() => InvoiceConnectionType, {
    nullable: true,
    description:
      "All the customer's invoices, whatever the contract. Some deployments of the billing API refuse this " +
      'and ask for a contract: then this is an error with the code BAD_USER_INPUT.',
  })
  async invoices(
    @Root() customer: Customer,
    @Args(() => InvoicesArgs) args: InvoicesArgs,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Invoice> | null> {
    const page = pageOf(args, info, context);
    assertArgumentsBelow(info, context);
    const owner: ListOwner = { customer, contractNumber: null };
    const billing = billingOf(context);
    const invoices = await (isFiltered(page)
      ? billing.filteredInvoices(owner, page, selectsPreviousPage(fieldOf(info, context)))
      : isPlaced(page)
        ? billing.customerInvoices(customer, page)
        : billing.unplacedInvoices(owner, page));
    return toConnection(BILLS, invoices, owner, context);
  }

  @Extensions(costs({ reads: 'scan', parse: ({ filter }) => toActiveFilter(filter) }))
  @FieldResolver(() => InvoiceSummaryType, {
    nullable: true,
    description:
      'How many invoices the customer has, whatever the contract, and what they sum up to. Reads all of ' +
      "them, page by page, within the operation's call budget and deadline. Some deployments of the billing " +
      'API refuse this, as with `invoices`.',
  })
  async invoiceSummary(
    @Root() customer: Customer,
    @Arg('filter', () => InvoiceFilterInput, { nullable: true, description: 'Which invoices are meant; all without it.' })
    filter: InvoiceFilterInput | null | undefined,
    @Ctx() context: GatewayContext,
  ): Promise<InvoiceSummary | null> {
    if (!context.results.take(1)) return null;
    return billingOf(context).invoiceSummary({ customer, contractNumber: null }, filter ?? {});
  }
}

function parseNumbers(numbers: unknown): readonly string[] | null {
  if (numbers === null || numbers === undefined) return null;
  return toList(numbers).map((number) => parseContractNumber(number, 'numbers'));
}
