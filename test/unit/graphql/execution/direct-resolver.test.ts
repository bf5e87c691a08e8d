import 'reflect-metadata';
import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  ArgsType,
  Authorized,
  buildSchemaSync,
  createMethodMiddlewareDecorator,
  createParameterDecorator,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Info,
  InputType,
  Int,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { ContractResolver } from '../../../../src/graphql/schema/contract/contract.resolver';
import { CustomerResolver } from '../../../../src/graphql/schema/customer/customer.resolver';
import { toDirectResolver } from '../../../../src/graphql/execution/direct-resolver';
import { InvoiceResolver } from '../../../../src/graphql/schema/invoice/invoice.resolver';

@ObjectType('Sample')
class SampleType {
  @Field(() => String)
  name!: string;
}

/** No class: TypeGraphQL makes an instance of a root's class. */
interface Named {
  readonly name: string;
}

@ArgsType()
class PlainArgs {
  @Field(() => Int, { nullable: true })
  count?: number;
}

@InputType()
class SampleFilter {
  @Field(() => String, { nullable: true })
  name?: string;
}

@InputType()
class ClassyFilter {
  @Field(() => String, { nullable: true })
  name?: string;

  upper(): string | undefined {
    return this.name?.toUpperCase();
  }
}

@InputType()
class NestedFilter {
  @Field(() => [ClassyFilter], { nullable: true })
  parts?: ClassyFilter[];
}

@ArgsType()
class FilteredArgs {
  @Field(() => [SampleFilter], { nullable: true })
  filters?: SampleFilter[];
}

@ArgsType()
class NestedArgs {
  @Field(() => NestedFilter, { nullable: true })
  filter?: NestedFilter;
}

@ArgsType()
class ClassyArgs {
  @Field(() => Int, { nullable: true })
  count?: number = 3;
}

const Traced = (): MethodDecorator => createMethodMiddlewareDecorator(async (_data, next): Promise<unknown> => next());
const Token = (): ReturnType<typeof createParameterDecorator> => createParameterDecorator(() => 'token');

@Resolver(() => SampleType)
class SampleResolver {
  readonly prefix = 'seen';

  @FieldResolver(() => String)
  all(@Info() info: GraphQLResolveInfo, @Root() root: Named, @Arg('id', () => ID) id: string, @Ctx() context: { who: string }): string {
    return [this.prefix, root.name, id, context.who, info.fieldName].join(' ');
  }

  @FieldResolver(() => String)
  plain(@Root() root: Named, @Args(() => PlainArgs) { count }: PlainArgs): string {
    return `${root.name} ${count}`;
  }

  @FieldResolver(() => String)
  classy(@Args(() => ClassyArgs) { count }: ClassyArgs): string {
    return String(count);
  }

  @FieldResolver(() => String)
  filtered(@Arg('filter', () => SampleFilter) { name }: SampleFilter): string {
    return String(name);
  }

  @FieldResolver(() => String)
  filteredBy(@Args(() => FilteredArgs) { filters }: FilteredArgs): string {
    return String(filters?.[0]?.name);
  }

  @FieldResolver(() => String)
  classyFiltered(@Arg('filter', () => ClassyFilter) filter: ClassyFilter): string {
    return String(filter.upper());
  }

  @FieldResolver(() => String)
  nestedFiltered(@Args(() => NestedArgs) { filter }: NestedArgs): string {
    return String(filter?.parts?.[0]?.upper());
  }

  @FieldResolver(() => String)
  validated(@Arg('id', () => ID, { validateFn: () => undefined }) id: string): string {
    return id;
  }

  @FieldResolver(() => String)
  part(@Ctx('who') who: string): string {
    return who;
  }

  @FieldResolver(() => String)
  custom(@Token() token: string): string {
    return token;
  }

  @Traced()
  @FieldResolver(() => String)
  traced(): string {
    return '';
  }

  @Authorized('ADMIN')
  @FieldResolver(() => String)
  guarded(): string {
    return '';
  }

  @Query(() => SampleType)
  sample(@Arg('id', () => ID) id: string): SampleType {
    return Object.assign(new SampleType(), { name: id });
  }
}

beforeAll(() => {
  buildSchemaSync({
    resolvers: [SampleResolver, CustomerResolver, ContractResolver, InvoiceResolver],
    authChecker: () => true,
    validate: false,
  });
});

describe('A resolver that is called directly', () => {
  it.each([
    ['Query', 'customer'],
    ['Customer', 'contract'],
    ['Customer', 'contracts'],
    ['Customer', 'invoices'],
    ['Contract', 'invoices'],
    ['Contract', 'invoice'],
    ['Contract', 'invoiceSummary'],
    ['Customer', 'invoiceSummary'],
    ['Invoice', 'contract'],
  ])('is there for each field of ours that has one: %s.%s', (type, field) => {
    expect(toDirectResolver(type, field)).toBeInstanceOf(Function);
  });

  it('gets the parameters in the order of the method, and its own object', () => {
    const resolve = toDirectResolver('Sample', 'all');
    expect(resolve?.({ name: 'root' }, { id: '007' }, { who: 'me' }, { fieldName: 'all' } as GraphQLResolveInfo)).toBe(
      'seen root 007 me all',
    );
    expect(toDirectResolver('Sample', 'plain')?.({ name: 'root' }, { count: 2 }, null, {} as GraphQLResolveInfo)).toBe('root 2');
    expect(toDirectResolver('Query', 'sample')?.(undefined, { id: '1' }, null, {} as GraphQLResolveInfo)).toEqual({ name: '1' });
    expect(toDirectResolver('Sample', 'filtered')?.(null, { filter: { name: 'x' } }, null, {} as GraphQLResolveInfo)).toBe('x');
    expect(toDirectResolver('Sample', 'filteredBy')?.(null, { filters: [{ name: 'y' }] }, null, {} as GraphQLResolveInfo)).toBe('y');
  });

  it.each(['classy', 'classyFiltered', 'nestedFiltered', 'validated', 'part', 'custom', 'traced', 'guarded'])(
    "is TypeGraphQL's where it asks for more than its parameters: %s",
    (field) => {
      expect(toDirectResolver('Sample', field)).toBeNull();
    },
  );

  it('is not there for a field without one', () => {
    expect(toDirectResolver('Contract', 'number')).toBeNull();
    expect(toDirectResolver('Query', '_service')).toBeNull();
    expect(toDirectResolver('Nothing', 'at_all')).toBeNull();
  });
});
