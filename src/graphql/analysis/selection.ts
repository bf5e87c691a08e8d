import { GraphQLError, type GraphQLObjectType, type GraphQLResolveInfo } from 'graphql';
import { BillingError } from '../../billing/model/billing-error';
import { filterKey, type ActiveFilter } from '../../billing/model/invoice-filter';
import {
  isSamePage,
  readingStart,
  toScanPage,
  type AnyPageRequest,
  type FilteredPage,
  type FilteredRequest,
  type PageArguments,
  type PageLimits,
  type PageRequest,
} from '../../billing/model/window';
import type { Paging } from '../../billing/paging/window-plan';
import type { OwnedList } from '../../billing/model/paged-list';
import { comesWithContract, type PageCosts } from './field-costs';
import { fieldOf, type Executing, type FieldInfo, type SelectedField } from './operation-model';

/** What is selected of a contract below the field that returns it. */
export interface ContractSelection {
  /** The pages of invoices that are selected, without duplicates. */
  readonly pages: readonly PageRequest[];
  /** Positions from which the list is read, once each: from 0 where an invoice is searched by its number, or all are summed up. */
  readonly scans: readonly number[];
  /** The pages of invoices that the billing API filters, without duplicates. */
  readonly filtered: readonly FilteredPage[];
  /** Whether anything is selected that only the billing API can answer; its key alone is known already. */
  readonly needsBills: boolean;
}

/** How many requests for a contract's bills a selection makes, before equal ones are merged. */
export function countRequests({ pages, scans, filtered }: ContractSelection): number {
  return Math.max(1, pages.length + scans.length) + filtered.length;
}

const NO_SCANS: readonly number[] = [];
const NO_FILTERED: readonly FilteredPage[] = [];

/** Look-ahead for resolvers. */
export interface LookAheadContext extends Executing {
  readonly pageLimits: PageLimits;
}

/** The position of a field whose selection is examined. */
export type Place = Pick<GraphQLResolveInfo, 'variableValues' | 'path'>;

/** What is selected below fields whose arguments are all literals, and the limits that it was held against. */
const constant = new WeakMap<SelectedField, { readonly limits: PageLimits; readonly selection: ContractSelection }>();

/**
 * Looks ahead at what is selected of a contract, so that all of it can be asked for in one call.
 * @throws GraphQLError at the path of the field whose argument is not of its form, before any call is made.
 */
export function selectContract(info: FieldInfo, context: LookAheadContext): ContractSelection {
  return selectOfContract(fieldOf(info, context), info, context.pageLimits);
}

/** The same for a field of a model. */
export function selectOfContract(field: SelectedField, place: Place, limits: PageLimits): ContractSelection {
  const known = constant.get(field);
  if (known?.limits === limits) return known.selection;
  const fields = field.fieldsOf(contractTypeOf(field));
  const selection = lookInto(fields, place, limits);
  if (!fields.some(({ takesVariables }) => takesVariables)) constant.set(field, { limits, selection });
  return selection;
}

/** The type of contracts; entities are of several types, of which this is one. */
export function contractTypeOf({ objectType, source }: SelectedField): GraphQLObjectType {
  return objectType ?? (source.schema.getType('Contract') as GraphQLObjectType);
}

function lookInto(fields: readonly SelectedField[], { variableValues, path }: Place, limits: PageLimits): ContractSelection {
  const pages: PageRequest[] = [];
  let scans = NO_SCANS;
  let filtered = NO_FILTERED;
  let needsBills = false;
  for (const field of fields) {
    const { costs, definition, key, nodes } = field;
    // Of the contract's own fields, those are in the bills that do not say that the key has them.
    if (definition && costs?.reads !== 'key') needsBills = true;
    try {
      if (costs?.reads === 'scan' || costs?.reads === 'search') {
        scans = withScan(scans, 0);
        costs.parse(field.arguments(variableValues));
      } else if (costs?.reads === 'page') {
        const page = costs.parse(field.arguments(variableValues), limits, selectsNextPage(field));
        const start = comesWithContract(costs) && isFiltered(page) ? readingStart(page) : null;
        if (start !== null) scans = withScan(scans, start);
        if (comesWithContract(costs)) filtered = withFiltered(filtered, page);
        // A page from the list's end is asked for when the list's length is known.
        if (comesWithContract(costs) && isPlaced(page) && !pages.some((other) => isSamePage(other, page))) pages.push(page);
      }
    } catch (error) {
      if (!(error instanceof BillingError)) throw error;
      throw new GraphQLError(error.message, { nodes, path: [...pathOf(path), key], originalError: error });
    }
  }
  return { pages, scans, filtered, needsBills };
}

function withScan(scans: readonly number[], start: number): readonly number[] {
  return scans.includes(start) ? scans : [...scans, start];
}

function withFiltered(filtered: readonly FilteredPage[], page: AnyPageRequest): readonly FilteredPage[] {
  const added = toFilteredPage(page);
  if (!added) return filtered;
  const key = filterKey(added.filter);
  const isThere = filtered.some((other) => isSamePage(other.page, added.page) && filterKey(other.filter) === key);
  return isThere ? filtered : [...filtered, added];
}

/** Whether a connection is asked, in its page info, whether another page follows: what the page must be probed for. */
export function selectsNextPage(connection: SelectedField): boolean {
  return connection.fields.some((pageInfo) => pageInfo.fields.some(({ costs }) => costs?.reads === 'next-page'));
}

/** Whether a connection is asked, in its page info, whether another page comes before. */
export function selectsPreviousPage(connection: SelectedField): boolean {
  return connection.fields.some((pageInfo) => pageInfo.fields.some(({ costs }) => costs?.reads === 'previous-page'));
}

/** Whether a page is one of the items that a filter means. */
export function isFiltered(page: AnyPageRequest): page is FilteredRequest {
  return 'filter' in page;
}

/** Whether a page can be asked for as it is: it does not depend on the list's length, and is not empty. */
export function isPlaced(page: AnyPageRequest): page is PageRequest {
  return 'first' in page && page.first > 0;
}

/**
 * The page of a list that a field asks for. Backward pages are read from the arguments as they were written: a default of
 * the schema's does not count as given, so that `last` alone is not `first` and `last`.
 * @throws BillingError `invalid-input`.
 */
export function pageOf(args: PageArguments, info: FieldInfo, context: LookAheadContext): AnyPageRequest {
  const field = fieldOf(info, context);
  const { costs } = field;
  if (costs?.reads !== 'page') throw new Error('A field that returns a page declares what it costs.');
  const { first, after, last = null, before = null, filter = null } = args;
  const isPlain = last === null && before === null && filter === null;
  return costs.parse(isPlain ? { first, after } : field.arguments(info.variableValues), context.pageLimits, selectsNextPage(field));
}

/** An empty page, requested if a contract is selected without a page of its invoices. */
export const EMPTY_PAGE: PageRequest = { offset: 0, first: 0, probe: false };

/** What is asked for first to find a page that does not come with a contract. */
export function toFirstPage(page: AnyPageRequest, pageSize: number): PageRequest {
  const start = isFiltered(page) ? readingStart(page) : null;
  if (start !== null) return toScanPage(start, pageSize);
  return isPlaced(page) ? page : EMPTY_PAGE;
}

/** A page that does not come with its contract. */
export interface OtherPage {
  readonly list: OwnedList;
  readonly page: PageRequest;
  /** Where the billing API filters it. */
  readonly filter?: ActiveFilter;
}

/** The page that the billing API filters; null where it filters none. */
export function toFilteredPage(page: AnyPageRequest): FilteredPage | null {
  return isFiltered(page) && page.pushed ? { filter: page.filter, page: page.pushed.window } : null;
}

/**
 * The pages that do not come with a contract: those that the billing API filters, and those of the contract's other lists.
 * @param pageOf null where an argument is malformed.
 */
export function otherPagesOf(
  fields: readonly SelectedField[],
  pageOf: (field: SelectedField, costs: PageCosts) => AnyPageRequest | null,
  pageSize: number,
): readonly OtherPage[] {
  const others: OtherPage[] = [];
  for (const field of fields) {
    const { costs } = field;
    if (costs?.reads !== 'page') continue;
    const page = pageOf(field, costs);
    const filtered = page && toFilteredPage(page);
    if (filtered) others.push({ list: costs.list, ...filtered });
    else if (page && !comesWithContract(costs)) others.push({ list: costs.list, page: toFirstPage(page, pageSize) });
  }
  return others;
}

/** Whether a page may take more than one call that begins with the list. */
export function isLong({ offset, first }: PageRequest, { maxQuantity }: Pick<Paging, 'maxQuantity'>): boolean {
  return offset + first >= maxQuantity;
}

/** A path as errors write it: response keys and places in lists, from the root on. */
export function pathOf(path: GraphQLResolveInfo['path']): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let at: GraphQLResolveInfo['path'] | undefined = path; at; at = at.prev) keys.unshift(at.key);
  return keys;
}
