import { ArgsType, Field, ID } from 'type-graphql';

@ArgsType()
export class CustomerArgs {
  @Field(() => String, {
    description: 'The kind of identification, such as "CPF": a letter followed by at most 31 letters, digits, "_" or "-".',
  })
  idType!: string;

  @Field(() => ID, { description: 'The identification number: 1 to 20 digits.' })
  id!: string;
}
