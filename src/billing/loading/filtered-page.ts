import type { TurnBudget } from '../../runtime/turns/turn-budget';
import { BillingError } from '../model/billing-error';
import { toCursor } from '../model/cursor';
import type { NamedList } from '../model/paged-list';
import { readingStart, type FilteredRequest } from '../model/window';
import type { ListPages, ReadingOrder } from './list-pages';
import type { PlacedPage } from './page-load';

/** An item that matches a filter, and its position in the whole list. */
interface Match<Item> {
  readonly item: Item;
  readonly position: number;
}

/** Which items of a list to find. */
interface Wanted<Item> {
  readonly isMatch: (item: Item) => boolean;
  readonly turns: TurnBudget;
  /** The range of positions to search; `before` is exclusive. */
  readonly from: number;
  readonly before: number;
  /** How many to find. */
  readonly count: number;
}

/** Where to look for a filtered page. */
export interface FilteredList<Item> {
  readonly list: NamedList;
  /** Whether an item matches the filter. May throw BillingError, which fails the page. */
  readonly isMatch: (item: Item) => boolean;
  /** The list's pages in one order, shared by all readers of that order. */
  readonly pagesIn: (order: ReadingOrder) => ListPages<Item>;
  readonly pageSize: number;
  /** Items that are looked at in one turn of the event loop, by all searches together. */
  readonly turns: TurnBudget;
  /** For a page counted from its end: whether to find out if another match precedes it. */
  readonly asksPrevious: boolean;
}

/**
 * Finds a page of the items that match a filter by reading the whole list.
 * @returns null if the billing API does not know the list. Rejects with BillingError, also if the call budget or the deadline
 * ends the search first: a partial page is not returned.
 */
export async function findPage<Item>(request: FilteredRequest, search: FilteredList<Item>): Promise<PlacedPage<Item> | null> {
  const { from, before, size, isBackward, probe } = request;
  const { list, isMatch, pagesIn, pageSize, turns } = search;
  const wanted: Wanted<Item> = { isMatch, turns, from, before, count: size };
  const start = readingStart(request);
  const next = (): Promise<readonly Match<Item>[] | null> => {
    const pages = pagesIn({ firstPage: Math.floor(before / pageSize), step: 1 });
    return findForward(list, pages, { isMatch, turns, from: before, before: Infinity, count: 1 });
  };
  if (start === null) return toFound(request, [], { hasMore: probe ? isSome(await next()) : null, hasPrevious: from > 0 });
  const isReadBackward = isBackward && before !== Infinity;
  const pages = pagesIn({ firstPage: Math.floor(start / pageSize), step: isReadBackward ? -1 : 1 });
  if (!isBackward) {
    const found = await findForward(list, pages, probe ? { ...wanted, before: Infinity, count: size + 1 } : wanted);
    if (!found) return null;
    const matches = found.filter(({ position }) => position < before).slice(0, size);
    return toFound(request, matches, { hasMore: probe ? found.length > matches.length : null, hasPrevious: from > 0 });
  }
  // Concurrently: pages that both need are read once.
  const [found, following] = await Promise.all([
    isReadBackward
      ? findBackward(list, pages, { ...wanted, count: search.asksPrevious ? size + 1 : size })
      : findForward(list, pages, { ...wanted, count: Infinity }),
    probe && isReadBackward ? next() : [],
  ]);
  return found && toFound(request, found.slice(-size), { hasMore: isSome(following), hasPrevious: from > 0 || found.length > size });
}

function toFound<Item>(
  { filter, from, size }: FilteredRequest,
  matches: readonly Match<Item>[],
  { hasMore, hasPrevious }: { readonly hasMore: boolean | null; readonly hasPrevious: boolean },
): PlacedPage<Item> {
  const matching = { filter, positions: matches.map(({ position }) => position), hasPrevious };
  return { items: matches.map(({ item }) => item), hasMore, offset: from, first: size, matching };
}

function isSome(matches: readonly unknown[] | null): boolean {
  return matches !== null && matches.length > 0;
}

/** The first matches in a range; null if the list is not known. */
async function findForward<Item>(list: NamedList, pages: ListPages<Item>, wanted: Wanted<Item>): Promise<readonly Match<Item>[] | null> {
  const { from, before, count } = wanted;
  const found: Match<Item>[] = [];
  for (let index = 0; found.length < count && pages.offsetOf(index) < before; index++) {
    let page = await readOrStop(list, pages, { index, matches: found.length });
    if (page === null) return index === 0 ? null : found;
    const offset = pages.offsetOf(index);
    let i = Math.max(0, from - offset);
    const look = async (items: readonly Item[]): Promise<void> => {
      const turn = wanted.turns.take(items.length);
      if (turn) await turn;
      for (; i < items.length && offset + i < before && found.length < count; i++)
        if (wanted.isMatch(items[i] as Item)) found.push({ item: items[i] as Item, position: offset + i });
    };
    await look(page);
    if (pages.isLast(page) && found.length < count && offset + page.length < before) {
      page = await readOrStop(list, pages, { index, matches: found.length, isWhole: true });
      await look(page ?? []);
    }
    if (pages.isLast(page)) return found;
  }
  return found;
}

/** The last matches before a position, in list order. The list is read backward from there. */
async function findBackward<Item>(list: NamedList, pages: ListPages<Item>, wanted: Wanted<Item>): Promise<readonly Match<Item>[] | null> {
  const { from, before, count } = wanted;
  const found: Match<Item>[] = [];
  for (let index = 0; found.length < count && pages.offsetOf(index) + pages.pageSize > from; index++) {
    const offset = pages.offsetOf(index);
    // Past the end of the list there is no page. Before it there always is.
    const page = await readOrStop(list, pages, { index, matches: found.length });
    if (page === null && offset === 0) return null;
    const isShort = page !== null && pages.isLast(page) && offset + page.length < before;
    const items = (isShort ? await readOrStop(list, pages, { index, matches: found.length, isWhole: true }) : page) ?? [];
    const turn = wanted.turns.take(items.length);
    if (turn) await turn;
    for (let i = Math.min(items.length, before - offset) - 1; i >= 0 && offset + i >= from && found.length < count; i--)
      if (wanted.isMatch(items[i] as Item)) found.push({ item: items[i] as Item, position: offset + i });
  }
  return found.reverse();
}

/**
 * Reads a page of the list; `isWhole`: the caller reports it as the end of the list. If the limits allow no further reading,
 * the error says how many items were read and how to continue.
 */
async function readOrStop<Item>(
  list: NamedList,
  pages: ListPages<Item>,
  { index, matches, isWhole = false }: { readonly index: number; readonly matches: number; readonly isWhole?: boolean },
): Promise<readonly Item[] | null> {
  try {
    return await (isWhole ? pages.wholePage(index) : pages.page(index));
  } catch (error) {
    if (!pages.isOver(error) || index === 0) throw error;
    const isForward = pages.order.step === 1;
    const reached = toCursor(isForward ? pages.offsetOf(index) - 1 : pages.offsetOf(index - 1), list);
    const rest = matches === 0 ? '' : ` Of what was read, ${matches} match: to get them, ask for as many, and not whether there are more.`;
    throw new BillingError(
      error.failure,
      `${endOf(error)} before the page was full and the list read to its end. ` +
        `Go on with \`${isForward ? 'after' : 'before'}: "${reached}"\`.${rest}`,
      { ...error.details, cause: error, reached, matches },
    );
  }
}

/** Names the limit that ended the search. */
function endOf({ failure, message }: BillingError): string {
  return failure === 'rate-limited' ? `${message} The calls ended` : 'The call budget or the deadline ended';
}
