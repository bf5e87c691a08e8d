import { Directive, Field, ID, ObjectType } from 'type-graphql';
import type { Invoice, InvoiceOrigin, InvoiceState } from '../../../billing/model/bills';
import { BigIntScalar } from '../scalars/big-int';

@Directive('@key(fields: "contract { customer { idType id } number } number")')
@Directive('@cacheControl(scope: PRIVATE)')
@ObjectType('Invoice', { simpleResolvers: true, description: 'One invoice of a contract.' })
export class InvoiceType implements Invoice {
  @Field(() => ID, { nullable: true, description: "The invoice's number. Text: leading zeros matter." })
  number!: string | null;

  @Field(() => ID, { nullable: true, description: 'The contract number that the invoice itself carries.' })
  contractNumber!: string | null;

  @Field(() => String, { nullable: true, description: 'The period that is billed, as the billing API writes it.' })
  billPeriod!: string | null;

  @Field(() => BigIntScalar, { nullable: true, description: "The invoice's total, exact. The billing API names no currency." })
  amount!: number | bigint | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "The invoice's status as the billing API gives it. Its contract does not say what true means.",
  })
  status!: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      'What `status` means: "paid" or "unpaid", where the operator of the gateway has said which one true stands for; null otherwise.',
  })
  state?: InvoiceState | null;

  @Field(() => String, {
    nullable: true,
    description: 'The currency of `amount` (ISO 4217), where the operator of the gateway has said which one it is; null otherwise.',
  })
  currency?: string | null;

  /** Not a field of the schema: which request the invoice was read by. */
  origin!: InvoiceOrigin;
}
