import type { Invoice } from '../../../billing/model/bills';
import type { InvoicePage } from '../../../billing/loading/contract';
import type { InvoiceList } from '../../../billing/loading/list-pages';
import type { TotalBounds } from '../../../billing/loading/total-search';
import { toTotalBounds } from '../../../billing/loading/total-search';
import { toCursor } from '../../../billing/model/cursor';
import type { GatewayContext } from '../../context/context';
import type { InvoiceConnectionType, InvoiceEdgeType, PageInfoType } from './invoice-connection.type';

/**
 * The connection of a page; null where there is none, or the operation returns more than it may. A promise where the
 * operation returns so much that it is resolved over several turns of the event loop.
 */
export function toConnection(
  page: InvoicePage | null,
  list: InvoiceList,
  { results }: GatewayContext,
): InvoiceConnection | null | Promise<InvoiceConnection | null> {
  if (!page) return null;
  const count = 1 + page.invoices.length;
  if (!results.take(count)) return null;
  const connection = new InvoiceConnection(page, list);
  const turn = results.turnFor(count);
  return turn ? turn.then(() => (results.error ? null : connection)) : connection;
}

/** A page of invoices as a Relay connection. What is derived is made when it is read: most queries want `nodes` alone. */
export class InvoiceConnection implements InvoiceConnectionType {
  readonly list: InvoiceList;
  readonly nodes: readonly Invoice[];
  readonly #page: InvoicePage;

  constructor(page: InvoicePage, list: InvoiceList) {
    this.nodes = page.invoices;
    this.list = list;
    this.#page = page;
  }

  get edges(): InvoiceEdge[] {
    return this.#page.invoices.map((invoice, index) => new InvoiceEdge(invoice, this.#page.offset + index));
  }

  /** What the page says about the length of its list. */
  get bounds(): TotalBounds {
    return toTotalBounds(this.#page);
  }

  get pageInfo(): PageInfo {
    return new PageInfo(this.#page);
  }
}

class InvoiceEdge implements InvoiceEdgeType {
  readonly node: Invoice;
  readonly #position: number;

  constructor(node: Invoice, position: number) {
    this.node = node;
    this.#position = position;
  }

  get cursor(): string {
    return toCursor(this.#position);
  }
}

class PageInfo implements PageInfoType {
  readonly #page: InvoicePage;

  constructor(page: InvoicePage) {
    this.#page = page;
  }

  get hasNextPage(): boolean {
    // Null only where nobody asked, and then nobody reads it: see selection.ts.
    return this.#page.hasMore ?? false;
  }

  get hasPreviousPage(): boolean {
    return this.#page.offset > 0;
  }

  get startCursor(): string | null {
    return this.#page.invoices.length === 0 ? null : toCursor(this.#page.offset);
  }

  get endCursor(): string | null {
    const count = this.#page.invoices.length;
    return count === 0 ? null : toCursor(this.#page.offset + count - 1);
  }
}
