import { Kind, type OperationDefinitionNode, type ValueNode } from 'graphql';
import { DEFAULT_PAGE_SIZE } from '../../billing/model/window';
import { comesWithContract } from './field-costs';
import { ownValue } from './variables/coerce-variables';
import type { OperationModel, SelectedField } from './operation-model';
import type { PredictionLimits } from './predict-calls';

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

/**
 * The bound, whatever the variables; null where lists stand within lists, and nothing simple can be said.
 * @param model of all that may be selected.
 */
export function boundCalls(model: OperationModel, { paging, pageLimits }: PredictionLimits): CallBound | null {
  // A page that is probed asks for one more; a page number may need one window more than a length says.
  const toCalls = (first: number): number => Math.ceil((first + 1) / paging.maxQuantity) + (paging.mode === 'page' ? 1 : 0);
  const searchCalls = toCalls(paging.maxQuantity - 1);
  const pageCalls = (field: SelectedField): number => {
    // What is read for a filter is predicted as one page of the largest size there is; a filter may exclude nothing. Where the
    // billing API filters, the page has an item before it as well.
    if (valueOf(field, 'filter')) return Math.max(searchCalls, toCalls(pageLimits.maxPageSize + 1));
    // A page has one of both; what the search for the list's end takes is not predicted.
    const first = valueOf(field, 'first') ?? valueOf(field, 'last');
    if (first === undefined) return toCalls(Math.min(DEFAULT_PAGE_SIZE, pageLimits.maxPageSize));
    return toCalls(first.kind === Kind.INT ? Math.min(Number(first.value), pageLimits.maxPageSize) : pageLimits.maxPageSize);
  };

  const isPushed = (field: SelectedField): boolean => pageLimits.pushes !== undefined && valueOf(field, 'filter') !== undefined;

  const ofAll = (fields: readonly SelectedField[]): CallBound | null => {
    let sum: CallBound | null = NOTHING;
    for (const field of fields) {
      const part = ofField(field);
      if (part === null) return null;
      sum = add(sum, part);
    }
    return sum;
  };

  const ofField = (field: SelectedField): CallBound | null => {
    const below = ofAll(field.fieldsBelow);
    if (below === null) return null;
    const { costs } = field;
    switch (costs?.reads) {
      case 'search':
      case 'scan':
        return { ...add(below, toBound(searchCalls)), pages: 1 };
      case 'page':
        // What the billing API filters does not say whether there is such a contract.
        return { ...add(below, toBound(pageCalls(field))), pages: comesWithContract(costs) && !isPushed(field) ? 1 : 0 };
      case 'contract':
      case 'contract-by-id':
      case 'contract-of-invoice':
        return withOwnCall(below);
      case 'contracts':
        return timesList(withOwnCall(below), valueOf(field, costs.members));
      case 'entities':
        // A contract may be asked for without a page, and an invoice is searched for: a call more than the pages'.
        return timesList(add(below, toBound(searchCalls)), valueOf(field, costs.members));
      default:
        return { ...below, pages: 0 };
    }
  };

  return ofAll(model.rootFields);
}

function valueOf({ nodes }: SelectedField, argument: string): ValueNode | undefined {
  return nodes[0].arguments?.find(({ name }) => name.value === argument)?.value;
}

function toBound(fixed: number): CallBound {
  return { fixed, perMember: NO_LISTS, pages: 0 };
}

/**
 * The most calls that the operation makes by the bound, whatever else is in its variables.
 * @param variables as they came, before they are coerced.
 */
export function toMostCalls(
  bound: CallBound,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>> | undefined,
): number {
  let calls = bound.fixed;
  for (const [name, perMember] of bound.perMember) {
    const value = ownValue(variables, name);
    const length = Array.isArray(value) ? value.length : value === undefined ? defaultLength(operation, name) : 1;
    calls += length * perMember;
  }
  return calls;
}

const NO_LISTS: ReadonlyMap<string, number> = new Map();
const NOTHING: CallBound = { fixed: 0, perMember: NO_LISTS, pages: 0 };

/** A contract without a page takes a call of its own; otherwise its data come with the pages. */
function withOwnCall(below: CallBound): CallBound {
  return { ...below, fixed: below.fixed + (below.pages === 0 ? 1 : 0), pages: 0 };
}

function add(a: CallBound, b: CallBound): CallBound {
  const pages = a.pages + b.pages;
  if (b.perMember.size === 0) return { fixed: a.fixed + b.fixed, perMember: a.perMember, pages };
  const perMember = new Map(a.perMember);
  for (const [name, calls] of b.perMember) perMember.set(name, (perMember.get(name) ?? 0) + calls);
  return { fixed: a.fixed + b.fixed, perMember, pages };
}

function timesList(bound: CallBound, value: ValueNode | undefined): CallBound | null {
  if (value?.kind === Kind.VARIABLE)
    return bound.perMember.size > 0 ? null : { fixed: 0, perMember: new Map([[value.name.value, bound.fixed]]), pages: 0 };
  const length = literalLength(value);
  return { fixed: bound.fixed * length, perMember: new Map([...bound.perMember].map(([name, calls]) => [name, calls * length])), pages: 0 };
}

function literalLength(value: ValueNode | undefined): number {
  return value?.kind === Kind.LIST ? value.values.length : 1;
}

function defaultLength(operation: OperationDefinitionNode, name: string): number {
  const definition = operation.variableDefinitions?.find((candidate) => candidate.variable.name.value === name);
  // Without a list there may still be a call: for what the billing API lists.
  return definition?.defaultValue ? literalLength(definition.defaultValue) : 1;
}
