import { MAX_POSITION } from '../model/cursor';
import type { BillsLoader } from './bills-loader';
import type { InvoicePage } from './contract';
import type { InvoiceList } from './list-reader';

/** Between which numbers the length of a list is known to lie. `most` Infinity: nothing is known. */
export interface TotalBounds {
  readonly least: number;
  readonly most: number;
}

/** What a page says about its list's length. */
export function toTotalBounds({ offset, first, invoices, hasMore }: InvoicePage): TotalBounds {
  const end = offset + invoices.length;
  // An empty page says where the list ends at the latest; a page that is not full, where it ends.
  if (invoices.length === 0) return first === 0 ? UNKNOWN : { least: 0, most: offset };
  if (hasMore === false || invoices.length < first) return { least: end, most: end };
  return { least: hasMore ? end + 1 : end, most: Infinity };
}

export const UNKNOWN: TotalBounds = { least: 0, most: Infinity };

/**
 * Finds how long a list is, which the billing API does not say: asks for single invoices at positions further and further
 * apart until there is none, and halves what is left. For n invoices that is at most 2 log₂ n + 2 calls of one invoice each,
 * one after the other; what was loaded before costs none.
 */
export class TotalSearch {
  readonly #loader: BillsLoader;
  readonly #list: InvoiceList;
  #total: Promise<number> | null = null;

  constructor(loader: BillsLoader, list: InvoiceList) {
    this.#loader = loader;
    this.#list = list;
  }

  /** The number of invoices. All who ask in an operation share one search. Rejects with BillingError. */
  total(bounds: TotalBounds): Promise<number> {
    return (this.#total ??= this.#search(bounds));
  }

  async #search(bounds: TotalBounds): Promise<number> {
    let { least, most } = bounds;
    for (let step = Math.max(1, least); most === Infinity && least <= MAX_POSITION; step *= 2) {
      const position = least + step - 1;
      if (await this.#has(position)) least = position + 1;
      else most = position;
    }
    while (least < most && most !== Infinity) {
      const middle = Math.floor((least + most) / 2);
      if (await this.#has(middle)) least = middle + 1;
      else most = middle;
    }
    return least;
  }

  /** Whether there is an invoice at a position. */
  async #has(position: number): Promise<boolean> {
    const { customer, contractNumber } = this.#list;
    const load = await this.#loader.load(customer, contractNumber, { offset: position, first: 1, probe: false });
    return ((await load.page())?.invoices.length ?? 0) > 0;
  }
}
