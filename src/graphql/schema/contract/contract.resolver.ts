import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, Extensions, FieldResolver, ID, Info, Resolver, Root } from 'type-graphql';
import { BILLS, type Invoice } from '../../../billing/model/bills';
import type { Contract } from '../../../billing/loading/contract';
import { parseInvoiceNumber } from '../../../billing/model/customer';
import type { ListOwner } from '../../../billing/model/paged-list';
import type { InvoiceSummary } from '../../../billing/loading/invoice-summary';
import { toActiveFilter } from '../../../billing/model/invoice-filter';
import { costs } from '../../analysis/field-costs';
import { billingOf, type GatewayContext } from '../../context/context';
import { InvoiceConnectionType } from '../invoice/invoice-connection.type';
import { InvoiceType } from '../invoice/invoice.type';
import { INVOICES_COSTS, InvoicesArgs } from '../invoice/invoices.args';
import { InvoiceFilterInput } from '../invoice/invoice-filter.input';
import { InvoiceSummaryType } from '../invoice/invoice-summary.type';
import { toConnection, type Connection } from '../paging/connection';
import { fieldOf } from '../../analysis/operation-model';
import { isFiltered, isPlaced, pageOf, selectsPreviousPage } from '../../analysis/selection';
import { ContractType } from './contract.type';

@Resolver(() => ContractType)
export class ContractResolver {
  @Extensions(costs(INVOICES_COSTS))
  @FieldResolver(() => InvoiceConnectionType, {
    nullable: true,
    description:
      "A page of the contract's invoices, in the order of the billing API. It comes with the contract's own data in one upstream call.",
  })
  invoices(
    @Root() contract: Contract,
    @Args(() => InvoicesArgs) args: InvoicesArgs,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): Connection<Invoice> | null | Promise<Connection<Invoice> | null> {
    const owner: ListOwner = { customer: contract.customer, contractNumber: contract.number };
    const billing = billingOf(context);
    const page = pageOf(args, info, context);
    if (isFiltered(page))
      return billing
        .filteredInvoices(owner, page, selectsPreviousPage(fieldOf(info, context)), contract)
        .then((invoices) => toConnection(BILLS, invoices, owner, context));
    if (!isPlaced(page)) return billing.unplacedInvoices(owner, page).then((invoices) => toConnection(BILLS, invoices, owner, context));
    // No promise where it came with the contract: an operation with many contracts has as many of them.
    const known = billing.knownInvoices(contract, page);
    return known
      ? toConnection(BILLS, known, owner, context)
      : billing.contractInvoices(contract, page).then((invoices) => toConnection(BILLS, invoices, owner, context));
  }

  @Extensions(costs({ reads: 'scan', parse: ({ filter }) => toActiveFilter(filter) }))
  @FieldResolver(() => InvoiceSummaryType, {
    nullable: true,
    description:
      'How many invoices the contract has, and what they sum up to. Reads all of them, page by page, within ' +
      "the operation's call budget and deadline.",
  })
  invoiceSummary(
    @Root() contract: Contract,
    @Arg('filter', () => InvoiceFilterInput, { nullable: true, description: 'Which invoices are meant; all without it.' })
    filter: InvoiceFilterInput | null | undefined,
    @Ctx() context: GatewayContext,
  ): Promise<InvoiceSummary | null> {
    if (!context.results.take(1)) return Promise.resolve(null);
    return billingOf(context).invoiceSummary({ customer: contract.customer, contractNumber: contract.number }, filter ?? {});
  }

  @Extensions(costs({ reads: 'search', parse: ({ number }) => parseInvoiceNumber(number) }))
  @FieldResolver(() => InvoiceType, {
    nullable: true,
    description:
      "One invoice by its number; null where the contract has none of that number. Reads the contract's " +
      "invoices page by page until it is found, within the operation's call budget.",
  })
  invoice(
    @Root() contract: Contract,
    @Arg('number', () => ID, { description: "The invoice's number, exactly as the billing API writes it." }) number: string,
    @Ctx() context: GatewayContext,
  ): Promise<Invoice | null> {
    if (!context.results.take(1)) return Promise.resolve(null);
    const invoiceNumber = parseInvoiceNumber(number);
    return billingOf(context).invoice(contract.customer, contract.number, invoiceNumber);
  }
}
