import type { Customer } from './customer';
import type { ActiveFilter } from './invoice-filter';

/** Whose list is read: a contract's, or with null in its place all of a customer's. */
export interface ListOwner {
  readonly customer: Customer;
  readonly contractNumber: string | null;
  /** Where the billing API filters the list: its items are those that this means. Absent: all of them. */
  readonly filter?: ActiveFilter | undefined;
}

/** What the domain knows of one of the billing API's lists, such as the invoices. It is read window by window. */
export interface PagedList<Content, Item> extends OwnedList {
  /** The items of one response's window, in order. May throw BillingError. */
  readonly items: (content: Content) => readonly Item[];
  /** Number of items received, including those outside the window; absent or 0: no others are known. */
  readonly sent?: (content: Content) => number;
  /**
   * A string that identifies an item across responses; few other items share it. May throw BillingError. Absent: items cannot
   * be told apart, and an API that ignores offsets is not detected.
   */
  fingerprint?(item: Item): string;
}

/** A list's name, which is part of its cursors and of the names of its cache entries. */
export interface NamedList {
  /** Lower-case letters and hyphens, 32 at most. No two lists have the same. */
  readonly name: string;
}

/** The lists of one name, one for each owner. */
export interface OwnedList extends NamedList {
  /** A text that two owners share if and only if their lists are the same. */
  readonly identity: (owner: ListOwner) => string;
}

/** The list that was there first. Its cursors and cache entries do not name it, so that they stay valid across versions. */
const UNNAMED = 'bills';

/** What cursors and the names of cache entries begin with, so that no list takes another's for its own. */
export function listPrefix({ name }: NamedList): string {
  return name === UNNAMED ? '' : `${name}:`;
}

/** The form of the requests for a list. What the API does for one form may not apply to another. */
export function formOf({ contractNumber, filter }: ListOwner): string {
  if (filter) return contractNumber === null ? 'customer filtered' : 'contract filtered';
  return contractNumber === null ? 'customer' : 'contract';
}
