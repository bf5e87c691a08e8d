import {
  isInputObjectType,
  getNamedType,
  isListType,
  getNullableType,
  isNonNullType,
  Kind,
  typeFromAST,
  valueFromAST,
  visit,
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql';
import { BILLS } from '../../billing/model/bills';
import { toCursor } from '../../billing/model/cursor';

/** Values for the variables of an operation. */
export interface AssumedVariables {
  readonly values: Readonly<Record<string, unknown>>;
  /** The variables whose values were made up, as `$name`. */
  readonly names: readonly string[];
}

/** Members of a list of unknown length: as many as the calls that the gateway makes for one operation, unless it is set otherwise. */
const WORST_LENGTH = 100;

/** Positions of cursors that nobody knows: so far apart that no page of theirs adjoins another. */
const FAR_APART = 1_000_000;

/** What values are made up from. */
interface Assumptions {
  readonly maxPageSize: number;
  readonly given: Readonly<Record<string, unknown>>;
}

/**
 * The given values and the operation's defaults; for all others those that cost most: lists of 100, the largest pages, pages and
 * contracts that have nothing in common. A condition without a value leaves nothing out.
 */
export function assumeVariables(
  schema: GraphQLSchema,
  document: DocumentNode,
  { variableDefinitions = [] }: OperationDefinitionNode,
  { maxPageSize, given }: Assumptions,
): AssumedVariables {
  const used = findUses(document);
  const values: Record<string, unknown> = {};
  const names: string[] = [];
  for (const [index, definition] of variableDefinitions.entries()) {
    const name = definition.variable.name.value;
    const type = typeOf(schema, definition);
    if (Object.hasOwn(given, name)) values[name] = given[name];
    else if (definition.defaultValue) values[name] = valueFromAST(definition.defaultValue, type);
    else {
      const value = toWorst(type, { argument: used.get(name) ?? name, index: index + 1, maxPageSize });
      if (value !== undefined) values[name] = value;
      names.push(`$${name}`);
    }
  }
  // What only says whose bills are meant does not change how many calls are made.
  return { values, names: names.filter((name) => !NEUTRAL.has(used.get(name.slice(1)) ?? '')) };
}

const NEUTRAL: ReadonlySet<string> = new Set(['id', 'idType', 'number']);

/** The arguments in which variables are used, by variable. */
function findUses(document: DocumentNode): ReadonlyMap<string, string> {
  const uses = new Map<string, string>();
  visit(document, {
    Argument: ({ name, value }) => {
      if (value.kind === Kind.VARIABLE) uses.set(value.name.value, name.value);
    },
  });
  return uses;
}

function typeOf(schema: GraphQLSchema, { type }: VariableDefinitionNode): GraphQLInputType {
  return typeFromAST(schema, type as never) as unknown as GraphQLInputType;
}

interface Place {
  readonly argument: string;
  /** Different for each variable. */
  readonly index: number;
  readonly maxPageSize: number;
}

function toWorst(type: GraphQLInputType, place: Place): unknown {
  const { argument, index, maxPageSize } = place;
  // `last` and `before` need not be given, and exclude `first`.
  if (!isNonNullType(type) && (argument === 'last' || argument === 'before')) return undefined;
  const inner = getNullableType(type);
  if (isListType(inner)) return Array.from({ length: WORST_LENGTH }, (_, member) => String(index * FAR_APART + member));
  if (isInputObjectType(inner)) return { status: true };
  switch (getNamedType(type).name) {
    case 'Int':
      return maxPageSize;
    case 'Boolean':
      return undefined;
    case 'ID':
      return String(index * FAR_APART);
    default:
      return argument === 'after' || argument === 'before' ? toCursor(index * FAR_APART, BILLS) : `X${index}`;
  }
}
