// The gateway that the tutorials of TypeGraphQL, DataLoader and Apollo Server lead to, over the same REST resource:
// object types with decorated fields, a loader for each request, `fetch`, the standalone server. It mirrors the
// resource with one field, so that it needs one call for a window of a contract; equal windows are one call.
import 'reflect-metadata';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import DataLoader from 'dataloader';
import { Args, ArgsType, buildSchema, Ctx, Field, Float, ID, Int, ObjectType, Query, Resolver } from 'type-graphql';

@ObjectType()
class Address {
  @Field(() => String, { nullable: true }) street?: string;
  @Field(() => String, { nullable: true }) neighborhood?: string;
  @Field(() => String, { nullable: true }) city?: string;
  @Field(() => String, { nullable: true }) state?: string;
  @Field(() => String, { nullable: true }) country?: string;
  @Field(() => String, { nullable: true }) zipCode?: string;
}

@ObjectType()
class Invoice {
  @Field(() => ID, { nullable: true }) number?: string;
  @Field(() => ID, { nullable: true }) contractNumber?: string;
  @Field(() => String, { nullable: true }) billPeriod?: string;
  // Amounts may pass the 31 bits of an Int.
  @Field(() => Float, { nullable: true }) amount?: number;
  @Field(() => Boolean, { nullable: true }) status?: boolean;
}

@ObjectType()
class Contract {
  @Field(() => ID) number!: string;
  @Field(() => String, { nullable: true }) dueDate?: string;
  @Field(() => [Address]) billingAddresses!: Address[];
  @Field(() => [Invoice]) invoices!: Invoice[];
}

@ArgsType()
class ContractArgs {
  @Field(() => String) idType!: string;
  @Field(() => ID) id!: string;
  @Field(() => ID) number!: string;
  @Field(() => Int, { defaultValue: 0 }) offset!: number;
  @Field(() => Int, { defaultValue: 20 }) first!: number;
}

interface Context {
  readonly contracts: DataLoader<ContractArgs, Contract | null, string>;
}

/** The answer of the REST resource. */
interface Bills {
  readonly contractNo?: string;
  readonly dueDate?: string;
  readonly billingAddress?: Address[];
  readonly invoiceCollection?: readonly {
    invoiceNumber?: string;
    invoiceContractNo?: string;
    billPeriod?: string;
    invoiceAmount?: number;
    invoiceStatus?: boolean;
  }[];
}

async function fetchContract(args: ContractArgs, authorization: string): Promise<Contract | null> {
  const url = new URL(`/customers/${encodeURIComponent(args.idType)}/${encodeURIComponent(args.id)}/bills`, process.env['BILLING_API_URL']);
  url.searchParams.set('contractNumber', args.number);
  url.searchParams.set('pageInit', String(args.offset));
  url.searchParams.set('quantity', String(args.first));
  const response = await fetch(url, { headers: { authorization } });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`The billing API answered ${response.status}.`);
  const bills = (await response.json()) as Bills;
  return Object.assign(new Contract(), {
    number: args.number,
    dueDate: bills.dueDate,
    billingAddresses: bills.billingAddress ?? [],
    invoices: (bills.invoiceCollection ?? []).map((invoice) => ({
      number: invoice.invoiceNumber,
      contractNumber: invoice.invoiceContractNo,
      billPeriod: invoice.billPeriod,
      amount: invoice.invoiceAmount,
      status: invoice.invoiceStatus,
    })),
  });
}

@Resolver(() => Contract)
class ContractResolver {
  @Query(() => Contract, { nullable: true })
  contract(@Args(() => ContractArgs) args: ContractArgs, @Ctx() { contracts }: Context): Promise<Contract | null> {
    return contracts.load(args);
  }
}

function createContext(authorization: string): Context {
  return {
    contracts: new DataLoader<ContractArgs, Contract | null, string>(
      (all) => Promise.all(all.map((args) => fetchContract(args, authorization).catch((error: unknown) => error as Error))),
      { cacheKeyFn: ({ idType, id, number, offset, first }) => JSON.stringify([idType, id, number, offset, first]) },
    ),
  };
}

async function main(): Promise<void> {
  const schema = await buildSchema({ resolvers: [ContractResolver] });
  const { url } = await startStandaloneServer(new ApolloServer<Context>({ schema }), {
    listen: { port: 0, host: '127.0.0.1' },
    context: ({ req }) => Promise.resolve(createContext(req.headers.authorization ?? '')),
  });
  process.stdout.write(`${JSON.stringify({ url })}\n`);
}

void main();
