import {
  defaultFieldResolver,
  getNullableType,
  isListType,
  isObjectType,
  locatedError,
  responsePathAsArray,
  type GraphQLError,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import type { GatewayContext } from '../context/context';
import { isPromise } from '../../runtime/promises';
import { withoutStacks } from '../../runtime/without-stacks';

/**
 * Lets the resolvers of a schema that graphql-js executes count the fields and list members that fail, as the compiled
 * execution does by itself: after too many of them nothing further is resolved. Changes the schema.
 */
export function countFailures(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const nothing = isListType(getNullableType(field.type)) ? [] : null;
      field.resolve = field.resolve ? counted(field.resolve as Resolver, nothing) : countedValue(nothing);
    }
  }
  return schema;
}

type Resolver = GraphQLFieldResolver<unknown, GatewayContext>;

/** For a field without a resolver: its value may be one that cannot be read, such as an amount that is no number. */
function countedValue(nothing: readonly never[] | null): Resolver {
  return (source, args, context, info) => {
    try {
      return defaultFieldResolver(source, args, context, info);
    } catch (error) {
      if (context.results.fail(error)) throw locate(error, info);
      return nothing;
    }
  };
}

function counted(resolve: Resolver, nothing: readonly never[] | null): Resolver {
  return (source, args, context, info) => {
    const { results } = context;
    if (results.error) return nothing;
    // Once there are too many, no errors are made of the others: each takes 20 µs, and a list may have 50,000 members.
    const count = (error: unknown): readonly never[] | null => {
      if (results.fail(error)) throw locate(error, info);
      return nothing;
    };
    const watchMember = (member: unknown, index: number): unknown => {
      if (isPromise(member))
        return member.then(undefined, (error: unknown) => {
          if (results.fail(error)) throw locate(error, info, index);
          return null;
        });
      if (!(member instanceof Error)) return member;
      return results.fail(member) ? locate(member, info, index) : null;
    };
    const watch = (value: unknown): unknown => (Array.isArray(value) ? value.map(watchMember) : value);
    try {
      const value: unknown = resolve(source, args, context, info);
      return isPromise(value) ? value.then(watch, count) : watch(value);
    } catch (error) {
      return count(error);
    }
  };
}

/**
 * The error as graphql-js locates it, which leaves located ones as they are: but without a stack, of which the text alone takes two
 * thirds of the time of an error.
 * @param index the place in a list.
 */
function locate(error: unknown, { fieldNodes, path }: GraphQLResolveInfo, index?: number): GraphQLError {
  const at = responsePathAsArray(path);
  return withoutStacks(() => locatedError(error, fieldNodes, index === undefined ? at : [...at, index]));
}
