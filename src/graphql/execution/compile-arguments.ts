import { compileFunction } from 'node:vm';
import { getArgumentValues, isNonNullType, Kind, type FieldNode, type GraphQLField, type ValueNode } from 'graphql';
import type { CodeCache } from './code-cache';
import type { ArgumentsOf } from './plan';

/** Roughly, of a field's compiled code. */
const CODE_BYTES = 2000;

/**
 * Compiles how a field's arguments are made (GraphQL specification, section 6.4.1, CoerceArgumentValues): once where no
 * variable is in them, by a copy of the variables where a variable is a whole argument, by graphql-js otherwise.
 */
export function compileArguments(field: GraphQLField<unknown, unknown>, node: FieldNode, code: CodeCache): ArgumentsOf {
  if (field.args.length === 0) return noArguments;
  const given = new Map((node.arguments ?? []).map((argument) => [argument.name.value, argument.value]));
  const variable = [...given.values()].filter(hasVariable);
  if (variable.length === 0) {
    let constant: Readonly<Record<string, unknown>> | null = null;
    // Made at the first use: an argument that cannot be made is the execution's error, not the compiler's.
    return () => (constant ??= Object.freeze(getArgumentValues(field, node)));
  }
  if (variable.some((value) => value.kind !== Kind.VARIABLE)) return (variables) => getArgumentValues(field, node, variables);
  const literals = withLiterals(field, given);
  const make = compileCopies(field, given, code);
  const byRules: ArgumentsOf = (variables) => getArgumentValues(field, node, variables);
  let constants: Readonly<Record<string, unknown>> | null = null;
  return (variables) => make((constants ??= getArgumentValues(literals, node)), variables, byRules);
}

/** The field without the arguments that variables are. */
function withLiterals(field: GraphQLField<unknown, unknown>, given: ReadonlyMap<string, ValueNode>): GraphQLField<unknown, unknown> {
  return { ...field, args: field.args.filter((arg) => given.get(arg.name)?.kind !== Kind.VARIABLE) };
}

const NONE: Readonly<Record<string, unknown>> = Object.freeze({});

function noArguments(): Readonly<Record<string, unknown>> {
  return NONE;
}

type MakeArguments = (
  constants: Readonly<Record<string, unknown>>,
  variables: Readonly<Record<string, unknown>>,
  byRules: ArgumentsOf,
) => Readonly<Record<string, unknown>>;

/**
 * One object literal with all the field's arguments: an object that is made property by property is twice as large.
 * The code is made of names that have the form of a GraphQL name: those of our schema, and those of variables as texts.
 */
function compileCopies(field: GraphQLField<unknown, unknown>, given: ReadonlyMap<string, ValueNode>, code: CodeCache): MakeArguments {
  const reads: string[] = [];
  const fallbacks: unknown[] = [];
  const members = field.args.map((arg, index) => {
    const value = given.get(arg.name);
    if (value?.kind !== Kind.VARIABLE) return `${nameOf(arg.name)}: constants.${arg.name}`;
    const required = isNonNullType(arg.type);
    reads.push(`let v${index} = variables[${JSON.stringify(value.name.value)}];`);
    // An absent variable is an absent argument; validation has seen to it that a present one is of the argument's type.
    if (arg.defaultValue !== undefined)
      reads.push(`if (v${index} === undefined) v${index} = fallbacks[${fallbacks.push(arg.defaultValue) - 1}];`);
    // Refused by graphql-js, in its words.
    if (required) reads.push(`if (v${index} === undefined || v${index} === null) return byRules(variables);`);
    return `${nameOf(arg.name)}: v${index}`;
  });
  const body = `${reads.join(' ')} return { ${members.join(', ')} };`;
  const source = `'use strict'; return function makeArguments(constants, variables, byRules) { ${body} };`;
  return code.get(`${source} ${JSON.stringify(fallbacks)}`, CODE_BYTES, () =>
    (compileFunction(source, ['fallbacks']) as (fallbacks: readonly unknown[]) => MakeArguments)(fallbacks),
  );
}

function nameOf(name: string): string {
  if (!/^[_A-Za-z][_0-9A-Za-z]*$/.test(name)) throw new Error(`"${name}" is not a name`);
  return name;
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
