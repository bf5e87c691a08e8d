import { invalidArgument } from './billing-error';
import { isCursorOf, parseCursor } from './cursor';
import { toActiveFilter, toFilteredList, type ActiveFilter } from './invoice-filter';
import type { NamedList } from './paged-list';

/** A run of a contract's invoices: `limit` of them from `offset` on, counted from 0. */
export interface Window {
  readonly offset: number;
  readonly limit: number;
}

/**
 * A page that a client asked for: `first` invoices from `offset` on. `probe` asks for one more, to know whether
 * a next page exists; without it that is not known.
 */
export interface PageRequest {
  readonly offset: number;
  /** 0 asks for the contract's own data alone: any call for that contract answers it. */
  readonly first: number;
  readonly probe: boolean;
  /** For a page counted backward from a cursor: the page to return if the list ends before the cursor. */
  readonly tail?: TailRequest;
}

/** Invoices a page where the client does not say. */
export const DEFAULT_PAGE_SIZE = 20;

/** The limits that a page's arguments are held against. */
export interface PageLimits {
  /** Most invoices that one page may ask for. */
  readonly maxPageSize: number;
  /** Whether the billing API filters by all of a filter itself; absent: by none. */
  readonly pushes?: (filter: ActiveFilter) => boolean;
}

function toOffset(after: unknown, list: NamedList): number {
  return after === undefined || after === null ? 0 : parseCursor(after, 'after', list) + 1;
}

function toEnd(before: unknown, list: NamedList): number {
  return before === undefined || before === null ? Infinity : parseCursor(before, 'before', list);
}

function parseSize(argument: string, given: unknown, { maxPageSize }: PageLimits): number {
  const size = given ?? DEFAULT_PAGE_SIZE;
  // The schema's default: always allowed, and cut where a deployment's pages are smaller.
  if (size === DEFAULT_PAGE_SIZE) return Math.min(DEFAULT_PAGE_SIZE, maxPageSize);
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1 || size > maxPageSize)
    throw invalidArgument(argument, `a whole number from 1 to ${maxPageSize}`);
  return size;
}

/** The arguments of a page as they were given; null and undefined both mean "not given". */
export interface PageArguments {
  readonly first?: unknown;
  readonly after?: unknown;
  readonly last?: unknown;
  readonly before?: unknown;
  readonly filter?: unknown;
}

/** A page that is counted from the list's end: where it begins is not known before the list's length is. */
export interface TailRequest {
  readonly last: number;
  /** Invoices before this position do not belong to it. */
  readonly from: number;
}

/** A page of the items that match a filter. Their positions are not known before the list is read. */
export interface FilteredRequest {
  readonly filter: ActiveFilter;
  /** Most items of the page. */
  readonly size: number;
  /** Whether the page is counted from the end of the range. */
  readonly isBackward: boolean;
  /** The range of positions in the whole list that the page is taken from: `before` is past its end, Infinity the list's end. */
  readonly from: number;
  readonly before: number;
  /** Whether to find out if another match follows. */
  readonly probe: boolean;
  /**
   * Where the billing API filters: the window of the list that it makes, in which `from` and `before` are places then. Null
   * where the whole list is read.
   */
  readonly pushed: PushedWindow | null;
}

/** The positions of a filtered page's items. */
export interface Matching {
  readonly filter: ActiveFilter;
  /** The position in the whole list of each item of the page. */
  readonly positions: readonly number[];
  /** Whether another match comes before, or the page was asked for after a cursor. */
  readonly hasPrevious: boolean;
  /** The list in which these are positions, where the billing API has filtered; absent: the whole list. */
  readonly list?: NamedList;
}

/** A window of a list that the billing API filters: the items of the page, and those beside it that say whether there are more. */
export interface PushedWindow {
  readonly window: PageRequest;
  /** The page's first item in the window, and how many items it has. */
  readonly lead: number;
  readonly count: number;
  /** The list, which names the page's cursors. */
  readonly list: NamedList;
}

/** A page of a list that the billing API filters. */
export interface FilteredPage {
  readonly filter: ActiveFilter;
  readonly page: PageRequest;
}

export function isSamePage(a: PageRequest, b: PageRequest): boolean {
  return a.offset === b.offset && a.first === b.first && a.probe === b.probe;
}

/** What the arguments of a page ask for. */
export type AnyPageRequest = PageRequest | TailRequest | FilteredRequest;

/**
 * Parses the arguments of a page (Relay Cursor Connections, section 4.4). For unfiltered lists, only `last` without `before`
 * requires the length of the list. An empty page, with nothing between its cursors, has `first` 0.
 * @throws BillingError `invalid-input`, which names the argument and its form.
 */
export function parsePageArguments(args: PageArguments, list: NamedList, limits: PageLimits, probe: boolean): AnyPageRequest {
  const { first, after, last, before } = args;
  const isBackward = last !== undefined && last !== null;
  if (isBackward && first !== undefined && first !== null)
    throw invalidArgument('last', 'given without `first`: a page is counted from one of its ends');
  const size = isBackward ? parseSize('last', last, limits) : parseSize('first', first, limits);
  const filter = toActiveFilter(args.filter);
  if (filter) return toFilteredRequest({ ...args, filter }, { size, isBackward, probe }, list, limits);
  const from = toOffset(after, list);
  if (before === undefined || before === null) return isBackward ? { last: size, from } : { offset: from, first: size, probe };
  const end = parseCursor(before, 'before', list);
  const offset = isBackward ? Math.max(from, end - size) : from;
  const count = Math.max(0, Math.min(size, end - offset));
  const page: PageRequest = { offset, first: count, probe: probe && count > 0 };
  return isBackward ? { ...page, tail: { last: size, from } } : page;
}

/** Cursors of the list that the billing API filters go on there; cursors of the whole list go on in it. */
function toFilteredRequest(
  { filter, after, before }: PageArguments & { readonly filter: ActiveFilter },
  page: Pick<FilteredRequest, 'size' | 'isBackward' | 'probe'>,
  list: NamedList,
  limits: PageLimits,
): FilteredRequest {
  const filtered = limits.pushes?.(filter) ? toFilteredList(list, filter) : null;
  const isOf = (cursor: unknown): boolean => cursor === undefined || cursor === null || isCursorOf(cursor, filtered as NamedList);
  const places = filtered && isOf(after) && isOf(before) ? filtered : list;
  const request = { filter, ...page, from: toOffset(after, places), before: toEnd(before, places) };
  // The position of a page counted from the end of the list is not known.
  const isPushed = places === filtered && !(request.isBackward && request.before === Infinity);
  return { ...request, pushed: isPushed ? toPushedWindow(request, places) : null };
}

/** The window of a page of a list filtered by the billing API. */
export function toPushedWindow({ size, isBackward, from, before, probe }: Omit<FilteredRequest, 'pushed'>, list: NamedList): PushedWindow {
  const offset = isBackward ? Math.max(from, before - size) : from;
  const count = Math.max(0, Math.min(size, before - offset));
  // What comes before is looked at as well: that it is there says nothing where the API does not filter.
  const lead = isBackward && offset > from ? 1 : 0;
  const first = Math.max(1, lead + count + (probe ? 1 : 0));
  return { window: { offset: offset - lead, first, probe: false }, lead, count, list };
}

/** The page that a request from the end of the list resolves to. */
export function toPageOfTail({ last, from }: TailRequest, total: number): PageRequest {
  const offset = Math.max(from, total - last);
  return { offset, first: Math.max(0, total - offset), probe: false };
}

/**
 * The position from which the list is read for a filtered page; null where nothing can lie in its range. A page from the
 * list's end is found by reading all of it: in the largest pages there are, that is fewer calls than it takes to find where
 * the end is, for a list of any size that is met.
 */
export function readingStart({ isBackward, from, before, pushed }: FilteredRequest): number | null {
  if (before <= from || pushed) return null;
  return isBackward && before !== Infinity ? before - 1 : from;
}

/** The page of the largest size there is that holds a position: what the reading of a list asks for. */
export function toScanPage(position: number, pageSize: number): PageRequest {
  return { offset: position - (position % pageSize), first: pageSize, probe: false };
}

/** How many invoices a page needs from the billing API. */
export function pageWindow(page: PageRequest): Window {
  return { offset: page.offset, limit: page.probe ? page.first + 1 : page.first };
}
