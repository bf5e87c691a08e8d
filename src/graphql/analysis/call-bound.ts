import { Kind, type FieldNode, type SelectionSetNode, type ValueNode } from 'graphql';
import { DEFAULT_PAGE_SIZE } from '../../billing/model/window';
import { ownValue } from './coerce-variables';
import type { OperationShape, PredictionLimits } from './predict-calls';

/**
 * More calls than `predictCalls` can ever say, as a sum: `fixed`, and for each variable that holds a list, so many a
 * member. Made once per operation, so that an ordinary request need not be predicted at all.
 */
export interface CallBound {
  readonly fixed: number;
  readonly perMember: ReadonlyMap<string, number>;
  /** Pages of invoices among the fields themselves, those further down left out. */
  readonly pages: number;
}

/** The bound, whatever the variables; null where lists stand within lists, and nothing simple can be said. */
export function boundCalls(shape: OperationShape, limits: PredictionLimits): CallBound | null {
  const { paging, pageLimits } = limits;
  // A page that is probed asks for one more; a page number may need one window more than a length says.
  const toCalls = (first: number): number => Math.ceil((first + 1) / paging.maxQuantity) + (paging.mode === 'page' ? 1 : 0);
  const callsOf = (field: FieldNode): number => {
    if (field.name.value === 'invoice') return toCalls(paging.maxQuantity - 1);
    const first = field.arguments?.find((argument) => argument.name.value === 'first')?.value;
    if (first === undefined) return toCalls(Math.min(DEFAULT_PAGE_SIZE, pageLimits.maxPageSize));
    return toCalls(first.kind === Kind.INT ? Math.min(Number(first.value), pageLimits.maxPageSize) : pageLimits.maxPageSize);
  };
  const known = new Map<string, CallBound | null>();

  const ofSet = (set: SelectionSetNode | undefined): CallBound | null => {
    let sum: CallBound | null = NOTHING;
    for (const selection of set?.selections ?? []) {
      const part: CallBound | null =
        selection.kind === Kind.FIELD
          ? ofField(selection)
          : selection.kind === Kind.INLINE_FRAGMENT
            ? ofSet(selection.selectionSet)
            : ofFragment(selection.name.value);
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
      case 'invoice':
      case 'invoices':
        return { ...add(below, { fixed: callsOf(field), perMember: NO_LISTS, pages: 0 }), pages: 1 };
      case 'contract':
        return withHead(below);
      case 'contracts':
        return timesList(withHead(below), field, 'numbers');
      case '_entities':
        // A contract may be asked for without a page, and an invoice is searched for: a call more than the pages'.
        return timesList(add(below, { fixed: toCalls(paging.maxQuantity - 1), perMember: NO_LISTS, pages: 0 }), field, 'representations');
      default:
        return { ...below, pages: 0 };
    }
  };

  return ofSet(shape.operation.selectionSet);
}

/**
 * Whether the bound holds the operation within `budget`, whatever else is in its variables.
 * @param variables as they came, before they are coerced.
 */
export function isWithinBound(
  bound: CallBound,
  shape: OperationShape,
  variables: Readonly<Record<string, unknown>> | undefined,
  budget: number,
): boolean {
  let calls = bound.fixed;
  for (const [name, perMember] of bound.perMember) {
    const value = ownValue(variables, name);
    const length = Array.isArray(value) ? value.length : value === undefined ? defaultLength(shape, name) : 1;
    calls += length * perMember;
  }
  return calls <= budget;
}

const NO_LISTS: ReadonlyMap<string, number> = new Map();
const NOTHING: CallBound = { fixed: 0, perMember: NO_LISTS, pages: 0 };

/** A contract of which no page is asked for is a call of its own; otherwise its data come with the pages. */
function withHead(below: CallBound): CallBound {
  return { ...below, fixed: below.fixed + (below.pages === 0 ? 1 : 0), pages: 0 };
}

function add(a: CallBound, b: CallBound): CallBound {
  const pages = a.pages + b.pages;
  if (b.perMember.size === 0) return { fixed: a.fixed + b.fixed, perMember: a.perMember, pages };
  const perMember = new Map(a.perMember);
  for (const [name, calls] of b.perMember) perMember.set(name, (perMember.get(name) ?? 0) + calls);
  return { fixed: a.fixed + b.fixed, perMember, pages };
}

function timesList(bound: CallBound, field: FieldNode, argumentName: string): CallBound | null {
  const value = field.arguments?.find((argument) => argument.name.value === argumentName)?.value;
  if (value?.kind === Kind.VARIABLE)
    return bound.perMember.size > 0 ? null : { fixed: 0, perMember: new Map([[value.name.value, bound.fixed]]), pages: 0 };
  const length = literalLength(value);
  return { fixed: bound.fixed * length, perMember: new Map([...bound.perMember].map(([name, calls]) => [name, calls * length])), pages: 0 };
}

function literalLength(value: ValueNode | undefined): number {
  return value?.kind === Kind.LIST ? value.values.length : 1;
}

function defaultLength(shape: OperationShape, name: string): number {
  const definition = shape.operation.variableDefinitions?.find((candidate) => candidate.variable.name.value === name);
  return definition?.defaultValue ? literalLength(definition.defaultValue) : 0;
}
