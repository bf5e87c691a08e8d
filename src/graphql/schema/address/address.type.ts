import { Directive, Field, ObjectType } from 'type-graphql';
import type { Address } from '../../../billing/model/bills';

@Directive('@shareable')
@Directive('@cacheControl(scope: PRIVATE)')
@ObjectType('Address', {
  simpleResolvers: true,
  description: 'A postal address, part by part as the billing API holds it. Every part may be absent.',
})
export class AddressType implements Address {
  @Field(() => String, { nullable: true, description: 'Street and house number.' })
  street!: string | null;

  @Field(() => String, { nullable: true, description: 'Neighborhood or district within the city.' })
  neighborhood!: string | null;

  @Field(() => String, { nullable: true, description: 'City or town.' })
  city!: string | null;

  @Field(() => String, { nullable: true, description: 'State, department or province.' })
  state!: string | null;

  @Field(() => String, { nullable: true, description: 'Country, as the billing API writes it: a name or a code.' })
  country!: string | null;

  @Field(() => String, { nullable: true, description: 'Postal code. Text: leading zeros matter.' })
  zipCode!: string | null;
}
