import { invalidArgument } from './billing-error';
import { parseCursor } from './cursor';

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

/**
 * Makes a page from the arguments `first` and `after`; null and undefined both mean "not given".
 * @throws BillingError `invalid-input`, which names the argument and its form.
 */
export function parsePage(first: unknown, after: unknown, probe: boolean, limits: PageLimits): PageRequest {
  let size = first ?? DEFAULT_PAGE_SIZE;
  if (size === DEFAULT_PAGE_SIZE) {
    // The schema's default: always allowed, and cut where a deployment's pages are smaller.
    size = Math.min(DEFAULT_PAGE_SIZE, limits.maxPageSize);
  }
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1 || size > limits.maxPageSize) {
    throw invalidArgument('first', `a whole number from 1 to ${limits.maxPageSize}`);
  }
  const offset = after === undefined || after === null ? 0 : parseCursor(after) + 1;
  return { offset, first: size, probe };
}

/** How many invoices a page needs from the billing API. */
export function pageWindow(page: PageRequest): Window {
  return { offset: page.offset, limit: page.probe ? page.first + 1 : page.first };
}
