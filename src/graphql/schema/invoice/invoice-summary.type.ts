import { Directive, Field, Int, ObjectType } from 'type-graphql';
import type { InvoiceSummary } from '../../../billing/loading/invoice-summary';
import { BigIntScalar } from '../scalars/big-int';

@Directive('@cacheControl(scope: PRIVATE)')
@ObjectType('InvoiceSummary', { simpleResolvers: true, description: 'How many invoices there are, and what they sum up to.' })
export class InvoiceSummaryType implements InvoiceSummary {
  @Field(() => Int, { description: 'Invoices that were read and match the filter.' })
  readonly count!: number;

  @Field(() => BigIntScalar, { description: 'The exact sum of their amounts.' })
  readonly amount!: number | bigint;

  @Field(() => Int, { description: 'Invoices that were counted and have no amount.' })
  readonly withoutAmount!: number;

  @Field(() => Boolean, {
    description:
      'False if the end of the list was not seen, because the call budget, the calls of the token, the deadline or a failure ended ' +
      'the reading: then this may be about a part of the invoices.',
  })
  readonly isComplete!: boolean;
}
