import { invalidArgument } from './billing-error';
import { parseCursor } from './cursor';
import { toActiveFilter, type ActiveFilter } from './invoice-filter';
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
}

/** Invoices a page where the client does not say. */
export const DEFAULT_PAGE_SIZE = 20;

/** The limits that a page's arguments are held against. */
export interface PageLimits {
  /** Most invoices that one page may ask for. */
  readonly maxPageSize: number;
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

/** A page of the items that a filter means. Where they stand is not known before the list is read. */
export interface FilteredRequest {
  readonly filter: ActiveFilter;
  /** Most items of the page. */
  readonly size: number;
  /** Whether the page is counted from the end of the range. */
  readonly isBackward: boolean;
  /** The range of positions in the whole list that the page is taken from: `before` is past its end, Infinity the list's end. */
  readonly from: number;
  readonly before: number;
  /** Whether it is to be known if another match follows. */
  readonly probe: boolean;
}

/** What the arguments of a page ask for. */
export type AnyPageRequest = PageRequest | TailRequest | FilteredRequest;

/**
 * Makes a page of a list from all arguments (Relay Cursor Connections, section 4.2). Only `last` without `before` needs
 * the list's length. A page of no items has `first` 0: nothing lies between its cursors.
 * @throws BillingError `invalid-input`, which names the argument and its form.
 */
export function parsePageArguments(args: PageArguments, list: NamedList, limits: PageLimits, probe: boolean): AnyPageRequest {
  const { first, after, last, before } = args;
  const isBackward = last !== undefined && last !== null;
  if (isBackward && first !== undefined && first !== null)
    throw invalidArgument('last', 'given without `first`: a page is counted from one of its ends');
  const size = isBackward ? parseSize('last', last, limits) : parseSize('first', first, limits);
  const from = toOffset(after, list);
  const filter = toActiveFilter(args.filter);
  if (filter) return { filter, size, isBackward, from, before: toEnd(before, list), probe };
  if (before === undefined || before === null) return isBackward ? { last: size, from } : { offset: from, first: size, probe };
  const end = parseCursor(before, 'before', list);
  const offset = isBackward ? Math.max(from, end - size) : from;
  const count = Math.max(0, Math.min(size, end - offset));
  return { offset, first: count, probe: probe && count > 0 };
}

/** The page that a request from the list's end comes to. */
export function toPageOfTail({ last, from }: TailRequest, total: number): PageRequest {
  const offset = Math.max(from, total - last);
  return { offset, first: Math.max(0, total - offset), probe: false };
}

/**
 * The position from which the list is read for a filtered page; null where nothing can lie in its range. A page from the
 * list's end is found by reading all of it: in the largest pages there are, that is fewer calls than it takes to find where
 * the end is, for a list of any size that is met.
 */
export function readingStart({ isBackward, from, before }: FilteredRequest): number | null {
  if (before <= from) return null;
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
