import type { GraphQLResolveInfo } from 'graphql';
import { getMetadataStorage } from 'type-graphql';

/** A field's resolver, as the compiled execution calls it. */
export type DirectResolver = (
  source: unknown,
  args: Readonly<Record<string, unknown>>,
  context: unknown,
  info: GraphQLResolveInfo,
) => unknown;

type Storage = ReturnType<typeof getMetadataStorage>;
type Parameter = NonNullable<Storage['queries'][number]['params']>[number];
type ResolverClass = new () => Record<string, (...parameters: unknown[]) => unknown>;

/** What is read of TypeGraphQL's records of queries and of field resolvers alike. */
interface ResolverRecord {
  readonly schemaName: string;
  readonly methodName: string;
  readonly target: unknown;
  readonly params?: Parameter[] | undefined;
  readonly middlewares?: readonly unknown[] | undefined;
  readonly roles?: readonly unknown[] | undefined;
}

/**
 * The method of a resolver class behind a field, to be called without TypeGraphQL's wrapper, which sorts, converts and
 * awaits the parameters of every call anew: three promises a field where there is nothing to validate, a tenth of a
 * small operation. Null where the field asks for anything that is not done here: middlewares, roles, validation,
 * input types with methods or values of their own, parameters of its own kind. Such a field goes through the wrapper.
 */
export function toDirectResolver(typeName: string, fieldName: string): DirectResolver | null {
  const storage = getMetadataStorage();
  const record = find(storage, typeName, fieldName);
  if (!record?.params || record.middlewares?.length || record.roles?.length) return null;
  const readers = [...record.params].sort((a, b) => a.index - b.index).map((parameter) => toReader(parameter, storage));
  if (readers.some((reader) => reader === null)) return null;
  return call(record, readers as DirectResolver[]);
}

function find(storage: Storage, typeName: string, fieldName: string): ResolverRecord | undefined {
  if (typeName === 'Query') return storage.queries.find((query) => query.schemaName === fieldName);
  return storage.fieldResolvers.find(
    (field) =>
      field.kind === 'external' &&
      field.schemaName === fieldName &&
      storage.objectTypes.some((type) => type.name === typeName && type.target === field.getObjectType?.()),
  );
}

function call({ target, methodName }: ResolverRecord, readers: readonly DirectResolver[]): DirectResolver {
  // Resolvers hold no state: one object serves all requests, as TypeGraphQL's own container has it.
  const resolver = new (target as ResolverClass)();
  const method = resolver[methodName] as (...parameters: unknown[]) => unknown;
  const [a, b, c, d] = readers as [DirectResolver, DirectResolver, DirectResolver, DirectResolver];
  switch (readers.length) {
    case 3:
      return (source, args, context, info) =>
        method.call(resolver, a(source, args, context, info), b(source, args, context, info), c(source, args, context, info));
    case 4:
      return (source, args, context, info) =>
        method.call(
          resolver,
          a(source, args, context, info),
          b(source, args, context, info),
          c(source, args, context, info),
          d(source, args, context, info),
        );
    default:
      return (source, args, context, info) =>
        method.apply(
          resolver,
          readers.map((read) => read(source, args, context, info)),
        );
  }
}

function toReader(parameter: Parameter, storage: Storage): DirectResolver | null {
  switch (parameter.kind) {
    case 'root':
      return parameter.propertyName || parameter.getType ? null : (source) => source;
    case 'context':
      return parameter.propertyName ? null : (_source, _args, context) => context;
    case 'info':
      return (_source, _args, _context, info) => info;
    case 'arg': {
      if (parameter.validateFn || isClassy(parameter.getType(), storage)) return null;
      const { name } = parameter;
      return (_source, args) => args[name];
    }
    case 'args':
      // An instance of the class is no other than the arguments themselves where the class is a list of fields.
      return parameter.validateFn ||
        !isPlain(parameter.getType() as PlainClass) ||
        hasClassy(parameter.getType(), storage.argumentTypes, storage)
        ? null
        : (_source, args) => args;
    case 'custom':
    case 'pubSub':
      return null;
  }
}

/** Whether a type is an input type that is more than a list of fields: an argument of such a type must become an instance of it. */
function isClassy(type: unknown, storage: Storage): boolean {
  if (!storage.inputTypes.some(({ target }) => target === type)) return false;
  return !isPlain(type as PlainClass) || hasClassy(type, storage.inputTypes, storage);
}

/** Whether a class of arguments, or an input type, has a member of such an input type. */
function hasClassy(type: unknown, classes: Storage['inputTypes'], storage: Storage): boolean {
  return classes.some(
    ({ target, fields }) => target === type && fields?.some((field) => field.getType() !== type && isClassy(field.getType(), storage)),
  );
}

type PlainClass = new () => object;

/** Whether a class has no methods, no base, and no values of its own. */
function isPlain(type: PlainClass): boolean {
  if (Object.getPrototypeOf(type) !== Function.prototype) return false;
  return Object.getOwnPropertyNames(type.prototype).length === 1 && Object.values(new type()).every((value) => value === undefined);
}
