import { BillingError } from '../model/billing-error';
import { toPushedWindow, type FilteredRequest, type PushedWindow } from '../model/window';
import type { PlacedPage } from './page-load';

/** A filtered page that the billing API is asked for. */
export interface PushedRequest extends FilteredRequest {
  readonly pushed: PushedWindow;
}

/** Whether the billing API is asked for a filtered page as it is. */
export function isPushed(request: FilteredRequest): request is PushedRequest {
  return request.pushed !== null;
}

/**
 * The page out of the items of its window, each of which was held to the filter: undefined where one is not meant, so that
 * the billing API has not filtered. May throw what `isMatch` throws.
 */
export function toPushedPage<Item>(
  items: readonly Item[],
  { filter, pushed, probe, size }: PushedRequest,
  isMatch: (item: Item) => boolean,
): PlacedPage<Item> | undefined {
  if (!items.every(isMatch)) return undefined;
  const { window, lead, count, list } = pushed;
  const offset = window.offset + lead;
  const page = items.slice(lead, lead + count);
  const positions = page.map((_, index) => offset + index);
  const hasMore = probe ? items.length > lead + count : null;
  return { items: page, hasMore, offset, first: size, matching: { filter, positions, hasPrevious: offset > 0, list } };
}

/** Whether the list ends before the cursor that a page is counted from, so that the page is elsewhere. */
export function endsEarly(items: readonly unknown[], { isBackward, from, pushed: { window, lead, count } }: PushedRequest): boolean {
  return isBackward && items.length < lead + count && (items.length === 0 || window.offset + lead > from);
}

/** The same page, counted from the end of the list. @param total number of items that match the billing API's filter. */
export function toPushedEnd(request: PushedRequest, total: number): PushedRequest {
  const atEnd = { ...request, before: total, from: Math.min(request.from, total) };
  return { ...atEnd, pushed: toPushedWindow(atEnd, request.pushed.list) };
}

/**
 * The same page in the whole list, for an API that does not filter. Whatever it sent for earlier pages was meant, so it was
 * the list's beginning: reading goes on from the same place, and leaves nothing out.
 * @throws BillingError `invalid-response` where the page ends before a cursor: before that place, there may be others.
 */
export function toScanRequest(request: FilteredRequest): FilteredRequest {
  if (request.before !== Infinity)
    throw new BillingError(
      'invalid-response',
      'The billing API has not filtered the invoices, as it had when the cursor of `before` was made. Ask again without `before`.',
    );
  return { ...request, pushed: null };
}
