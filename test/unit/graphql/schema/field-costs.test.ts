import { isObjectType, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { costs, costsOf } from '../../../../src/graphql/analysis/field-costs';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';

/** The fields that have a resolver and declare no costs: the prediction of calls would take them for free. */
function undeclared(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
    .flatMap((type) => Object.values((type as GraphQLObjectType).getFields()).map((field) => ({ type, field })))
    .filter(({ field }) => field.resolve && !costsOf(field))
    .map(({ type, field }) => `${type.name}.${field.name}`);
}

describe('Every field with a resolver', () => {
  it('declares what it costs', () => {
    expect(undeclared(buildServedSchema())).toEqual([]);
  });

  it('is found where it does not', () => {
    const resolve = (): string => '';
    const fields = {
      plain: { type: GraphQLString },
      declared: { type: GraphQLString, resolve, extensions: costs({ reads: 'public' }) },
      forgotten: { type: GraphQLString, resolve },
    };
    expect(undeclared(new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields }) }))).toEqual(['Query.forgotten']);
  });
});
