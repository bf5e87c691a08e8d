import { Field, InputType } from 'type-graphql';
import type { InvoiceFilter } from '../../../billing/model/invoice-filter';

@InputType('InvoiceFilter', { description: 'Which invoices are meant. What is left out, or null, excludes none.' })
export class InvoiceFilterInput implements InvoiceFilter {
  @Field(() => Boolean, { nullable: true, description: 'Only invoices with this status.' })
  status?: boolean | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Only invoices whose period is one of these, exactly as the billing API writes it; at most 100, of 50 characters.',
  })
  billPeriods?: string[] | null;
}
