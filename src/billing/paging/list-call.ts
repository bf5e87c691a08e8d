import type { Window } from '../model/window';
import type { ShortPage } from './paging-evidence';

/** A call for one window of a list, with its response once that has arrived. */
export class ListCall<Content, Item> implements Window {
  readonly offset: number;
  readonly limit: number;
  /** Undefined until the response arrives; null if the billing API does not know the owner. */
  content: Content | null | undefined = undefined;
  /** Whether the response is a part of one to a larger request; see BillsAnswer. */
  isPart = false;
  /** For a short page: whether the list ends here. Null until that has been judged. */
  end: ShortPage | null = null;
  /** The remaining items of the window, once requested; empty if the list ends with this page. */
  rest: Promise<readonly Item[]> | null = null;
  /** Whether a page served by this call must know if another page follows (`hasNextPage`). */
  readonly isProbed: boolean;
  readonly answer: Promise<Content | null>;

  constructor({ offset, limit }: Window, isProbed: boolean, read: (call: ListCall<Content, Item>) => Promise<Content | null>) {
    this.offset = offset;
    this.limit = limit;
    this.isProbed = isProbed;
    this.answer = read(this);
  }
}
