import { Kind, type FieldNode, type SelectionSetNode, type ValueNode } from 'graphql';
import type { OperationShape, PredictionLimits } from './predict-calls';

/**
 * More calls than `predictCalls` can ever say, as a sum: `fixed`, and for each variable that holds a list, so many a
 * member. Made once per operation, so that an ordinary request need not be predicted at all.
 */
export interface CallBound {
  readonly fixed: number;
  readonly perMember: ReadonlyMap<string, number>;
}

/** The bound, whatever the variables; null where lists stand within lists, and nothing simple can be said. */
export function boundCalls(shape: OperationShape, limits: PredictionLimits): CallBound | null {
  const { paging, pageLimits } = limits;
  // A page that is probed asks for one more; a page number may need one window more than a length says.
  const callsPerPage = Math.ceil((pageLimits.maxPageSize + 1) / paging.maxQuantity) + (paging.mode === 'page' ? 1 : 0);
  const known = new Map<string, CallBound | null>();

  const ofSet = (set: SelectionSetNode | undefined): CallBound | null => {
    let sum: CallBound | null = NOTHING;
    for (const selection of set?.selections ?? []) {
      const part: CallBound | null = selection.kind === Kind.FIELD ? ofField(selection) : selection.kind === Kind.INLINE_FRAGMENT ? ofSet(selection.selectionSet) : ofFragment(selection.name.value);
      if (part === null) return null;
      sum = add(sum, part);
    }
    return sum;
  };

  const ofFragment = (name: string): CallBound | null => {
    const before = known.get(name);
    if (before !== undefined) return before;
    // A fragment that leads back to itself, which validation refuses, would have no bound.
    known.set(name, null);
    const bound = ofSet(shape.fragments[name]?.selectionSet);
    known.set(name, bound);
    return bound;
  };

  const ofField = (field: FieldNode): CallBound | null => {
    const below = ofSet(field.selectionSet);
    if (below === null) return null;
    switch (field.name.value) {
      case 'contract':
      case 'invoice':
      case 'invoices':
        return add(below, { fixed: callsPerPage, perMember: NO_LISTS });
      case 'contracts':
        return timesList(add(below, { fixed: callsPerPage, perMember: NO_LISTS }), field, 'numbers');
      case '_entities':
        return timesList(add(below, { fixed: callsPerPage, perMember: NO_LISTS }), field, 'representations');
      default:
        return below;
    }
  };

  return ofSet(shape.operation.selectionSet);
}

/**
 * Whether the bound holds the operation within `budget`, whatever else is in its variables.
 * @param variables as they came, before they are coerced.
 */
export function isWithinBound(bound: CallBound, shape: OperationShape, variables: Readonly<Record<string, unknown>> | undefined, budget: number): boolean {
  let calls = bound.fixed;
  for (const [name, perMember] of bound.perMember) {
    const value = variables?.[name];
    const length = Array.isArray(value) ? value.length : value === undefined ? defaultLength(shape, name) : 1;
    calls += length * perMember;
  }
  return calls <= budget;
}

const NO_LISTS: ReadonlyMap<string, number> = new Map();
const NOTHING: CallBound = { fixed: 0, perMember: NO_LISTS };

function add(a: CallBound, b: CallBound): CallBound {
  if (b.perMember.size === 0) return { fixed: a.fixed + b.fixed, perMember: a.perMember };
  const perMember = new Map(a.perMember);
  for (const [name, calls] of b.perMember) perMember.set(name, (perMember.get(name) ?? 0) + calls);
  return { fixed: a.fixed + b.fixed, perMember };
}

function timesList(bound: CallBound, field: FieldNode, argumentName: string): CallBound | null {
  const value = field.arguments?.find((argument) => argument.name.value === argumentName)?.value;
  if (value?.kind === Kind.VARIABLE) return bound.perMember.size > 0 ? null : { fixed: 0, perMember: new Map([[value.name.value, bound.fixed]]) };
  const length = literalLength(value);
  return { fixed: bound.fixed * length, perMember: new Map([...bound.perMember].map(([name, calls]) => [name, calls * length])) };
}

function literalLength(value: ValueNode | undefined): number {
  return value?.kind === Kind.LIST ? value.values.length : 1;
}

function defaultLength(shape: OperationShape, name: string): number {
  const definition = shape.operation.variableDefinitions?.find((candidate) => candidate.variable.name.value === name);
  return definition?.defaultValue ? literalLength(definition.defaultValue) : 0;
}
