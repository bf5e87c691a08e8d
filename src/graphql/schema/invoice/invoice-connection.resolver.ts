import { Ctx, Extensions, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { costs } from '../../analysis/field-costs';
import { billingOf, type GatewayContext } from '../../context/context';
import type { Invoice } from '../../../billing/model/bills';
import type { Connection } from '../paging/connection';
import { InvoiceConnectionType } from './invoice-connection.type';

@Resolver(() => InvoiceConnectionType)
export class InvoiceConnectionResolver {
  @Extensions(costs({ reads: 'total' }))
  @FieldResolver(() => Int, {
    nullable: true,
    description:
      'How many invoices the list has, pages aside; with a filter, how many of them it means. The billing API does not say: ' +
      'this takes about 2 log₂ n upstream calls of one invoice each, one after the other, or one if the page ends the list. With a ' +
      'filter, the whole list is read.',
  })
  totalCount(@Root() connection: Connection<Invoice>, @Ctx() context: GatewayContext): number | Promise<number> {
    const { bounds, filter, owner } = connection;
    if (filter) return billingOf(context).filteredCount(owner, filter);
    return bounds.least === bounds.most ? bounds.least : billingOf(context).totalCount(owner, bounds);
  }
}
