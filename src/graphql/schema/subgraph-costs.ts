import {
  getNamedType,
  isInputObjectType,
  isListType,
  isObjectType,
  getNullableType,
  Kind,
  parse,
  visit,
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type ConstValueNode,
  type DirectiveDefinitionNode,
  type DocumentNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { comesWithContract, costsOf, type FieldCosts } from '../analysis/field-costs';

/**
 * Links the cost directives as a feature of their own, so that the version of Federation stays as it is. Without `for`, a router or
 * a composition that does not know the feature ignores it (`@link` specification, section on purposes).
 */
export const COST_LINK = '@link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@cost", "@listSize"])';

/** As the feature defines them: The Guild's composition takes directives of a feature only where the subgraph defines them. */
const DEFINITIONS = parse(`
  """What a router adds to an operation's price: here, upstream calls."""
  directive @cost(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
  """How many members of a list a router reckons with."""
  directive @listSize(
    assumedSize: Int
    slicingArguments: [String!]
    sizedFields: [String!]
    requireOneSlicingArgument: Boolean = true
  ) on FIELD_DEFINITION
`).definitions as readonly DirectiveDefinitionNode[];

/**
 * Members that a list is assumed to have whose length is that of a list argument: compositions accept no list among the
 * `slicingArguments`. Routers that price each member of the argument (Apollo Router) do not need it.
 */
const ASSUMED_MEMBERS = 10;

/**
 * Adds `@cost` and `@listSize` to the SDL of a schema, made of what its fields have declared (field-costs.ts): a router's price
 * is the number of upstream calls that is predicted, where each page fits into one call and pages of a contract adjoin.
 */
export function withCosts(document: DocumentNode, schema: GraphQLSchema): DocumentNode {
  const read = findTypesWithCall(schema);
  const costed = visit(document, {
    ObjectTypeDefinition: (node) => {
      const type = schema.getType(node.name.value);
      if (!isObjectType(type)) return undefined;
      const fields = type.getFields();
      return {
        ...node,
        // An object is part of a response that was paid for; routers would count one for each.
        directives: type === schema.getQueryType() ? node.directives : [...(node.directives ?? []), toCost(0)],
        fields: node.fields?.map((definition) => {
          const field = fields[definition.name.value] as GraphQLField<unknown, unknown>;
          const weights = new Map(Object.entries(argumentWeightsOf(field)));
          return {
            ...definition,
            directives: [...(definition.directives ?? []), ...fieldDirectives(field, read.has(type))],
            arguments: definition.arguments?.map((argument) => {
              const weight = weights.get(argument.name.value);
              return weight === undefined ? argument : { ...argument, directives: [...(argument.directives ?? []), toCost(weight)] };
            }),
          };
        }),
      };
    },
  });
  return { ...costed, definitions: [...DEFINITIONS, ...costed.definitions] };
}

/** Types whose objects come with an upstream call of their own, and their first page of invoices with them. */
function findTypesWithCall(schema: GraphQLSchema): ReadonlySet<GraphQLObjectType> {
  const found = new Set<GraphQLObjectType>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const returned = getNamedType(field.type);
      if (isObjectType(returned) && returnsRead(costsOf(field))) found.add(returned);
    }
  }
  return found;
}

function returnsRead(costs: FieldCosts | null): boolean {
  return costs?.reads === 'contract' || costs?.reads === 'contracts';
}

function fieldDirectives(field: GraphQLField<unknown, unknown>, comesWithCall: boolean): readonly ConstDirectiveNode[] {
  const costs = costsOf(field);
  switch (costs?.reads) {
    case 'contract':
    case 'contract-by-id':
      return [toCost(1)];
    case 'contracts':
      // The calls are those of the argument's members.
      return [toCost(0), toDirective('listSize', { assumedSize: ASSUMED_MEMBERS })];
    case 'page':
      return [...(comesWithCall && comesWithContract(costs) ? [] : [toCost(1)]), toPageSize(field)];
    case 'scan':
    case 'search':
      return comesWithCall ? [] : [toCost(1)];
    default:
      return [];
  }
}

/** The arguments that have a price, or would have one unless it is said that they have none: routers count one for an input object. */
function argumentWeightsOf(field: GraphQLField<unknown, unknown>): Readonly<Record<string, number>> {
  const costs = costsOf(field);
  const weights: Record<string, number> = {};
  for (const { name, type } of field.args) {
    if (costs?.reads === 'contracts' && name === costs.members) weights[name] = 1;
    else if (isInputObjectType(getNamedType(type))) weights[name] = 0;
  }
  return weights;
}

/** A connection's lists have the length that its integer arguments ask for. */
function toPageSize({ args, type }: GraphQLField<unknown, unknown>): ConstDirectiveNode {
  const connection = getNamedType(type) as GraphQLObjectType;
  const lists = Object.values(connection.getFields()).filter((field) => isListType(getNullableType(field.type)));
  return toDirective('listSize', {
    slicingArguments: args.filter((argument) => getNamedType(argument.type).name === 'Int').map(({ name }) => name),
    sizedFields: lists.map(({ name }) => name),
    // One of them has a default, and the other one may be given beside it.
    requireOneSlicingArgument: false,
  });
}

function toCost(weight: number): ConstDirectiveNode {
  return toDirective('cost', { weight });
}

function toDirective(name: string, values: Readonly<Record<string, number | boolean | readonly string[]>>): ConstDirectiveNode {
  const args = Object.entries(values).map(([argument, value]): ConstArgumentNode => ({
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: argument },
    value: toValue(value),
  }));
  return { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: name }, arguments: args };
}

function toValue(value: number | boolean | readonly string[]): ConstValueNode {
  if (typeof value === 'number') return { kind: Kind.INT, value: String(value) };
  if (typeof value === 'boolean') return { kind: Kind.BOOLEAN, value };
  return { kind: Kind.LIST, values: value.map((text) => ({ kind: Kind.STRING, value: text })) };
}
