import { Directive, Extensions, Field, ID, ObjectType } from 'type-graphql';
import { costs } from '../../analysis/field-costs';
import { AddressType } from '../address/address.type';
import { CustomerType } from '../customer/customer.type';

@Directive('@key(fields: "customer { idType id } number")')
@Directive('@cacheControl(scope: PRIVATE)')
@ObjectType('Contract', { simpleResolvers: true, description: 'A contract of a customer.' })
export class ContractType {
  @Extensions(costs({ reads: 'key' }))
  @Field(() => ID, { description: "The contract's number: digits, as they were given." })
  number!: string;

  @Directive('@inaccessible')
  @Extensions(costs({ reads: 'key' }))
  @Field(() => ID, { description: 'An id that no other object has, whatever its type: for clients whose stores need one, such as Relay.' })
  nodeId!: string;

  @Extensions(costs({ reads: 'key' }))
  @Field(() => CustomerType, { description: 'The customer whose contract it is.' })
  customer!: CustomerType;

  @Field(() => String, {
    nullable: true,
    description: "The account's expiration date, exactly as the billing API writes it: text, not an instant.",
  })
  dueDate!: string | null;

  @Field(() => [AddressType], { nullable: true, description: 'Addresses that bills are sent to; null where the billing API names none.' })
  billingAddresses!: readonly AddressType[] | null;
}
