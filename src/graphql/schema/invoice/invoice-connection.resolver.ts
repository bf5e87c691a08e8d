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
      'How many invoices the list has, pages aside. The billing API does not say: unless the page ends the ' +
      'list, this takes about 2 log₂ n upstream calls of one invoice each, one after the other.',
  })
  totalCount(@Root() connection: Connection<Invoice>, @Ctx() context: GatewayContext): number | Promise<number> {
    const { bounds } = connection;
    return bounds.least === bounds.most ? bounds.least : billingOf(context).totalCount(connection.owner, bounds);
  }
}
