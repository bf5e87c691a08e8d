import { getArgumentValues, isNonNullType, Kind, type FieldNode, type GraphQLField, type ValueNode } from 'graphql';
import { bail } from './bail';
import type { ArgumentsOf } from './plan';

/**
 * Compiles how a field's arguments are made (GraphQL specification, section 6.4.1, CoerceArgumentValues): once where no
 * variable is in them, by a copy of the variables where a variable is a whole argument, by graphql-js otherwise.
 */
export function compileArguments(field: GraphQLField<unknown, unknown>, node: FieldNode): ArgumentsOf {
  const given = new Map((node.arguments ?? []).map((argument) => [argument.name.value, argument.value]));
  const variable = [...given.values()].filter(hasVariable);
  if (variable.length === 0) {
    let constant: Readonly<Record<string, unknown>> | null = null;
    // Made at the first use: an argument that cannot be made is the execution's error, not the compiler's.
    return () => (constant ??= Object.freeze(getArgumentValues(field, node)));
  }
  if (variable.some((value) => value.kind !== Kind.VARIABLE)) return (variables) => getArgumentValues(field, node, variables);
  const literals = { ...node, arguments: (node.arguments ?? []).filter((argument) => argument.value.kind !== Kind.VARIABLE) };
  const optional = { ...field, args: field.args.filter((arg) => given.get(arg.name)?.kind !== Kind.VARIABLE) };
  const copies = field.args.flatMap((arg) => {
    const value = given.get(arg.name);
    return value?.kind === Kind.VARIABLE ? [{ name: arg.name, variable: value.name.value, required: isNonNullType(arg.type), fallback: arg.defaultValue }] : [];
  });
  let constants: Readonly<Record<string, unknown>> | null = null;
  return (variables) => {
    const args: Record<string, unknown> = { ...(constants ??= getArgumentValues(optional, literals)) };
    for (const { name, variable: of, required, fallback } of copies) {
      const value = variables[of];
      // An absent variable is an absent argument; validation has seen to it that a present one is of the argument's type.
      if (value === undefined) {
        if (fallback !== undefined) args[name] = fallback;
        else if (required) bail(name);
      } else if (value === null && required) bail(name);
      else args[name] = value;
    }
    return args;
  };
}

function hasVariable(value: ValueNode): boolean {
  switch (value.kind) {
    case Kind.VARIABLE:
      return true;
    case Kind.LIST:
      return value.values.some(hasVariable);
    case Kind.OBJECT:
      return value.fields.some((field) => hasVariable(field.value));
    default:
      return false;
  }
}
