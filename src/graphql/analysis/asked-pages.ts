import { BILLS } from '../../billing/model/bills';
import { listPrefix, type ListOwner, type OwnedList } from '../../billing/model/paged-list';
import { isSamePage, type PageRequest } from '../../billing/model/window';
import { countCalls, type Paging } from '../../billing/paging/window-plan';

/** Pages that are asked for at once, of the invoices of one contract or customer. */
export interface FirstRequest {
  readonly owner: ListOwner;
  readonly pages: readonly PageRequest[];
}

interface AskedList {
  readonly owner: ListOwner;
  readonly list: OwnedList;
  /** What is asked for at once, by wave. */
  readonly waves: PageRequest[][];
}

/** The pages that an operation is predicted to ask for, by list and owner. */
export class AskedPages {
  readonly #lists = new Map<string, AskedList>();
  readonly #maxLists: number;

  constructor(maxLists = Infinity) {
    this.#maxLists = maxLists;
  }

  /** Adds a page. False: it is of one list too many. */
  add(list: OwnedList, owner: ListOwner, page: PageRequest, wave: number): boolean {
    const key = `${listPrefix(list)}${list.identity(owner)}`;
    let asked = this.#lists.get(key);
    if (!asked) {
      if (this.#lists.size >= this.#maxLists) return false;
      this.#lists.set(key, (asked = { owner, list, waves: [] }));
    }
    const pages = (asked.waves[wave] ??= []);
    // The same page again: the usual case where one contract is asked for many times.
    if (!pages.some((other) => isSamePage(other, page))) pages.push(page);
    return true;
  }

  clear(): void {
    this.#lists.clear();
  }

  /** The calls that they take. */
  countCalls(paging: Paging): number {
    let calls = 0;
    for (const { waves } of this.#lists.values()) calls += countCalls(waves, paging);
    return calls;
  }

  /** What is asked first; null where that is nothing, or is not about invoices. */
  get first(): FirstRequest | null {
    const [asked] = this.#lists.values();
    const pages = asked?.waves[0];
    return asked?.list.name === BILLS.name && pages ? { owner: asked.owner, pages } : null;
  }
}
