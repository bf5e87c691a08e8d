import type { PlacedPage } from '../../../billing/loading/page-load';
import { toTotalBounds, type TotalBounds } from '../../../billing/loading/total-search';
import { toCursor } from '../../../billing/model/cursor';
import type { ActiveFilter } from '../../../billing/model/invoice-filter';
import type { ListOwner, NamedList } from '../../../billing/model/paged-list';
import type { GatewayContext } from '../../context/context';
import type { PageInfoType } from './page-info.type';

/**
 * The connection of a page of a list; null where there is none, or the operation returns more than it may. A promise where
 * the operation returns so much that it is resolved over several turns of the event loop.
 */
export function toConnection<Item>(
  list: NamedList,
  page: PlacedPage<Item> | null,
  owner: ListOwner,
  { results }: GatewayContext,
): Connection<Item> | null | Promise<Connection<Item> | null> {
  if (!page) return null;
  const count = 1 + page.items.length;
  if (!results.take(count)) return null;
  const connection = new Connection(page, owner, list);
  const turn = results.turnFor(count);
  return turn ? turn.then(() => (results.error ? null : connection)) : connection;
}

/** A page of a list as a Relay connection. What is derived is made when it is read: most queries want `nodes` alone. */
export class Connection<Item> {
  readonly owner: ListOwner;
  readonly nodes: readonly Item[];
  readonly #page: PlacedPage<Item>;
  readonly #list: NamedList;

  constructor(page: PlacedPage<Item>, owner: ListOwner, list: NamedList) {
    this.nodes = page.items;
    this.owner = owner;
    this.#page = page;
    this.#list = page.matching?.list ?? list;
  }

  get edges(): Edge<Item>[] {
    return this.#page.items.map((item, index) => new Edge(item, positionOf(this.#page, index), this.#list));
  }

  /** Which items of the list are meant; null for all. */
  get filter(): ActiveFilter | null {
    return this.#page.matching?.filter ?? null;
  }

  /** What the page says about the length of its list. */
  get bounds(): TotalBounds {
    return toTotalBounds(this.#page);
  }

  get pageInfo(): PageInfo {
    return new PageInfo(this.#page, this.#list);
  }
}

/** The position in its list of an item of a page. */
function positionOf({ matching, offset }: PlacedPage<unknown>, index: number): number {
  return matching ? (matching.positions[index] as number) : offset + index;
}

/** An item and its place in the list. */
class Edge<Item> {
  readonly node: Item;
  readonly #position: number;
  readonly #list: NamedList;

  constructor(node: Item, position: number, list: NamedList) {
    this.node = node;
    this.#position = position;
    this.#list = list;
  }

  get cursor(): string {
    return toCursor(this.#position, this.#list);
  }
}

class PageInfo implements PageInfoType {
  readonly #page: PlacedPage<unknown>;
  readonly #list: NamedList;

  constructor(page: PlacedPage<unknown>, list: NamedList) {
    this.#page = page;
    this.#list = list;
  }

  get hasNextPage(): boolean {
    // Null only if the field is not selected, and then it is not read: see selection.ts.
    return this.#page.hasMore ?? false;
  }

  get hasPreviousPage(): boolean {
    return this.#page.matching?.hasPrevious ?? this.#page.offset > 0;
  }

  get startCursor(): string | null {
    return this.#page.items.length === 0 ? null : toCursor(positionOf(this.#page, 0), this.#list);
  }

  get endCursor(): string | null {
    const count = this.#page.items.length;
    return count === 0 ? null : toCursor(positionOf(this.#page, count - 1), this.#list);
  }
}
