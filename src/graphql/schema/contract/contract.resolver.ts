import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Ctx, Extensions, FieldResolver, ID, Info, Resolver, Root } from 'type-graphql';
import type { Invoice } from '../../../billing/model/bills';
import type { Contract } from '../../../billing/loading/contract';
import { parseInvoiceNumber } from '../../../billing/model/customer';
import { parsePage } from '../../../billing/model/window';
import { costs } from '../../analysis/field-costs';
import { fieldOf } from '../../analysis/operation-model';
import { billingOf, type GatewayContext } from '../../context/context';
import { toConnection, type InvoiceConnection } from '../invoice/invoice-connection';
import { InvoiceConnectionType } from '../invoice/invoice-connection.type';
import { InvoiceType } from '../invoice/invoice.type';
import { INVOICES_COSTS, InvoicesArgs } from '../invoice/invoices.args';
import { selectsNextPage } from '../../analysis/selection';
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
    @Args(() => InvoicesArgs) { first, after }: InvoicesArgs,
    @Ctx() context: GatewayContext,
    @Info() info: GraphQLResolveInfo,
  ): InvoiceConnection | null | Promise<InvoiceConnection | null> {
    const page = parsePage(first, after, selectsNextPage(fieldOf(info)), context.pageLimits);
    const billing = billingOf(context);
    // No promise where it came with the contract: an operation with many contracts has as many of them.
    const known = billing.knownInvoices(contract, page);
    return known
      ? toConnection(known, context)
      : billing.contractInvoices(contract, page).then((invoices) => toConnection(invoices, context));
  }

  @Extensions(costs({ reads: 'search', parse: ({ number }) => parseInvoiceNumber(number) }))
  @FieldResolver(() => InvoiceType, {
    nullable: true,
    description:
      "One invoice by its number; null where the contract has none of that number. Reads the contract's invoices page by page until it is found, within the operation's call budget.",
  })
  invoice(
    @Root() contract: Contract,
    @Arg('number', () => ID, { description: "The invoice's number, exactly as the billing API writes it." }) number: string,
    @Ctx() context: GatewayContext,
  ): Promise<Invoice | null> {
    const invoiceNumber = parseInvoiceNumber(number);
    if (!context.results.take(1)) return Promise.resolve(null);
    return billingOf(context).invoice(contract.customer, contract.number, invoiceNumber);
  }
}
