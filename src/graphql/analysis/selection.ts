import {
  GraphQLError,
  Kind,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLResolveInfo,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import { BillingError } from '../../billing/model/billing-error';
import { parseInvoiceNumber } from '../../billing/model/customer';
import { parsePage, type PageLimits, type PageRequest } from '../../billing/model/window';
import { ownValue } from './coerce-variables';

/** The part of GraphQL's resolve info that looking ahead needs. */
export type SelectionInfo = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments' | 'variableValues' | 'path'>;

/** What is selected of a contract below the field that returns it. */
export interface ContractSelection {
  /** The pages of invoices that are selected, without duplicates. */
  readonly pages: readonly PageRequest[];
  /** Whether an invoice is searched by its number. */
  readonly searches: boolean;
  /** Whether anything is selected that only the billing API can answer; its key alone is known already. */
  readonly needsBills: boolean;
}

/** Fields of a contract that are known from its key. */
const KEY_FIELDS: ReadonlySet<string> = new Set(['__typename', 'number', 'customer']);

/** What is selected below fields of compiled operations whose arguments are all literals, and the limits it was held against. */
const constant = new WeakMap<readonly FieldNode[], { readonly limits: PageLimits; readonly selection: ContractSelection }>();

/**
 * Looks ahead at what is selected of a contract, with fragments, variables, `@skip` and `@include`, so that all of it
 * can be asked for in one call.
 * @throws GraphQLError at the path of the field whose argument is not of its form, before any call is made.
 */
export function selectContract(info: SelectionInfo, limits: PageLimits): ContractSelection {
  const known = constant.get(info.fieldNodes);
  if (known?.limits === limits) return known.selection;
  const selection = lookInto(info, limits);
  const fields = compiled.get(info.fieldNodes)?.get('Contract');
  if (fields && !takesVariable(fields)) constant.set(info.fieldNodes, { limits, selection });
  return selection;
}

function takesVariable(fields: SelectedFields): boolean {
  for (const [node] of fields.values()) if (node?.arguments?.some((argument) => argument.value.kind === Kind.VARIABLE)) return true;
  return false;
}

function lookInto(info: SelectionInfo, limits: PageLimits): ContractSelection {
  const pages: PageRequest[] = [];
  let searches = false;
  let needsBills = false;
  for (const [key, nodes] of collect(info.fieldNodes, 'Contract', info)) {
    const node = nodes[0] as FieldNode;
    const name = node.name.value;
    if (!KEY_FIELDS.has(name)) needsBills = true;
    if (name !== 'invoices' && name !== 'invoice') continue;
    try {
      if (name === 'invoice') {
        searches = true;
        parseInvoiceNumber(argument(node, 'number', info, 'ID'));
        continue;
      }
      const page = parsePage(
        argument(node, 'first', info, 'Int'),
        argument(node, 'after', info, 'String'),
        selectsNextPage(nodes, info),
        limits,
      );
      if (!pages.some((other) => other.offset === page.offset && other.first === page.first && other.probe === page.probe))
        pages.push(page);
    } catch (error) {
      if (!(error instanceof BillingError)) throw error;
      throw new GraphQLError(error.message, { nodes, path: [...pathOf(info.path), key], originalError: error });
    }
  }
  return { pages, searches, needsBills };
}

/** Whether the fields, which are of type InvoiceConnection, select `pageInfo { hasNextPage }`: what a page must be probed for. */
export function selectsNextPage(nodes: readonly FieldNode[], info: Pick<SelectionInfo, 'fragments' | 'variableValues'>): boolean {
  for (const pageInfos of collect(nodes, 'InvoiceConnection', info).values()) {
    if (pageInfos[0]?.name.value !== 'pageInfo') continue;
    for (const fields of collect(pageInfos, 'PageInfo', info).values()) {
      if (fields[0]?.name.value === 'hasNextPage') return true;
    }
  }
  return false;
}

/** Anything that has a selection set: fields, and operations. */
export interface Selecting {
  readonly selectionSet?: SelectionSetNode | undefined;
}

/** Fields by response key, each with all the places where it is selected. */
export type SelectedFields = ReadonlyMap<string, readonly FieldNode[]>;

/**
 * What was collected below the lists of fields of compiled operations, by type. Such a list is made for one setting of
 * the variables that `@skip` and `@include` name, and lives as long as its operation does; the lists that graphql-js
 * makes for one execution alone are not remembered.
 */
const compiled = new WeakMap<readonly Selecting[], Map<string, SelectedFields>>();

/** Collects the fields below `parents` and remembers them for `collect`, which is asked for them at each execution. */
export function collectForGood(
  parents: readonly Selecting[],
  typeName: string,
  info: Pick<SelectionInfo, 'fragments' | 'variableValues'>,
): SelectedFields {
  const fields = collect(parents, typeName, info);
  const byType = compiled.get(parents);
  if (byType) byType.set(typeName, fields);
  else compiled.set(parents, new Map([[typeName, fields]]));
  return fields;
}

/** The fields selected below `parents`, by response key. All types that are looked into are object types. */
export function collect(
  parents: readonly Selecting[],
  typeName: string,
  info: Pick<SelectionInfo, 'fragments' | 'variableValues'>,
): SelectedFields {
  const known = compiled.get(parents)?.get(typeName);
  if (known) return known;
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<FragmentDefinitionNode>();
  const visit = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (selection.directives?.length && !isIncluded(selection.directives, info)) continue;
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        const same = fields.get(key);
        if (same) same.push(selection);
        else fields.set(key, [selection]);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (applies(selection.typeCondition?.name.value, typeName)) visit(selection.selectionSet);
      } else {
        const fragment = info.fragments[selection.name.value];
        if (!fragment || visited.has(fragment) || !applies(fragment.typeCondition.name.value, typeName)) continue;
        visited.add(fragment);
        visit(fragment.selectionSet);
      }
    }
  };
  for (const parent of parents) if (parent.selectionSet) visit(parent.selectionSet);
  return fields;
}

/** Whether a fragment on `condition` applies to an object of `typeName`; the schema's one abstract type is the union of entities. */
function applies(condition: string | undefined, typeName: string): boolean {
  return condition === undefined || condition === typeName || condition === '_Entity';
}

function isIncluded(directives: NonNullable<FieldNode['directives']>, info: Pick<SelectionInfo, 'variableValues'>): boolean {
  for (const directive of directives) {
    const name = directive.name.value;
    if (name !== 'skip' && name !== 'include') continue;
    const condition = directive.arguments?.[0]?.value;
    const value =
      condition?.kind === Kind.VARIABLE
        ? ownValue(info.variableValues, condition.name.value)
        : condition?.kind === Kind.BOOLEAN && condition.value;
    if (value === (name === 'skip')) return false;
  }
  return true;
}

/** An argument's value: a literal or a variable, of which validation has made sure that it is of the argument's type. */
export function argument(node: FieldNode, name: string, info: Pick<SelectionInfo, 'variableValues'>, type: ScalarName): unknown {
  return scalarValue(node.arguments?.find((candidate) => candidate.name.value === name)?.value, info, type);
}

/** The scalars that arguments are of. */
type ScalarName = 'Int' | 'ID' | 'String';

/** The value that a literal or a variable stands for; undefined where there is none. */
export function scalarValue(value: ValueNode | undefined, info: Pick<SelectionInfo, 'variableValues'>, type: ScalarName): unknown {
  switch (value?.kind) {
    case Kind.VARIABLE:
      return ownValue(info.variableValues, value.name.value);
    case Kind.INT:
      // An ID may be written as a number, and keeps its digits as text.
      return type === 'ID' ? value.value : Number(value.value);
    case Kind.STRING:
      return value.value;
    default:
      return undefined;
  }
}

/** A path as errors write it: response keys and places in lists, from the root on. */
export function pathOf(path: GraphQLResolveInfo['path']): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let at: GraphQLResolveInfo['path'] | undefined = path; at; at = at.prev) keys.unshift(at.key);
  return keys;
}
