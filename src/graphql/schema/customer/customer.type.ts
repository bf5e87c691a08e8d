import { Directive, Field, ID, ObjectType } from 'type-graphql';
import type { Customer } from '../../../billing/model/customer';

@Directive('@key(fields: "idType id")')
@Directive('@cacheControl(scope: PRIVATE)')
@ObjectType('Customer', {
  simpleResolvers: true,
  description:
    'A customer of the telco, by the identification that the billing API knows. Naming one makes no call: ' +
    'whether the customer exists shows when a contract or an invoice is read.',
})
export class CustomerType implements Customer {
  @Field(() => String, { description: 'The kind of identification, such as "CPF" or "RUC".' })
  idType!: string;

  @Field(() => ID, { description: 'The identification number: digits, as they were given.' })
  id!: string;
}
