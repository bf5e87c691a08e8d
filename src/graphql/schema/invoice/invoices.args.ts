import { ArgsType, Field, Int } from 'type-graphql';
import { BILLS } from '../../../billing/model/bills';
import { DEFAULT_PAGE_SIZE, parsePageArguments } from '../../../billing/model/window';
import type { FieldCosts } from '../../analysis/field-costs';
import { InvoiceFilterInput } from './invoice-filter.input';

/** What a field with these arguments costs. */
export const INVOICES_COSTS: FieldCosts = {
  reads: 'page',
  list: BILLS,
  parse: (args, limits, probe) => parsePageArguments(args, BILLS, limits, probe),
};

@ArgsType()
export class InvoicesArgs {
  @Field(() => Int, {
    nullable: true,
    defaultValue: DEFAULT_PAGE_SIZE,
    description: "Most invoices to return: 1 up to the gateway's maximum page size (1000 unless it is set otherwise).",
  })
  first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Return the invoices after this cursor, taken from `endCursor` or `edges.cursor` of an earlier page.',
  })
  after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Most invoices to return, counted from the end: of the list, or with `before` of what comes before ' +
      'that cursor. Not together with `first`. Without `before` the length of the list is looked for first; ' +
      'see `totalCount`.',
  })
  last?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Return the invoices before this cursor, taken from `startCursor` or `edges.cursor` of a later page.',
  })
  before?: string | null;

  @Field(() => InvoiceFilterInput, {
    nullable: true,
    description:
      'Which invoices are meant; all without it. The list is read, within the call budget and the deadline of the operation, ' +
      'until the page is full; if these end first, that is an error which says where to go on. Cursors are places in the whole list, so that ' +
      '`after` continues where the page before it ended, whatever the filter. Some deployments of the billing API filter themselves: cursors ' +
      'of such a page continue with the same filter alone.',
  })
  filter?: InvoiceFilterInput | null;
}
