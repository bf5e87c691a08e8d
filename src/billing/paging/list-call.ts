import type { Window } from '../model/window';
import type { ShortPage } from './paging-evidence';

/** A pending call, and what it returned. */
export class ListCall<Content, Item> implements Window {
  readonly offset: number;
  readonly limit: number;
  /** Undefined until it has been answered. */
  content: Content | null | undefined = undefined;
  /** What it says of its list's end, where it has fewer items than were asked for; null where nobody has looked yet. */
  end: ShortPage | null = null;
  /** The items that follow in its window, where that was asked for: none where the list ends with the call's own. */
  rest: Promise<readonly Item[]> | null = null;
  /** Whether a page is asked for with it whose client wants to know if another follows. */
  readonly isProbed: boolean;
  readonly answer: Promise<Content | null>;

  constructor({ offset, limit }: Window, isProbed: boolean, read: (call: ListCall<Content, Item>) => Promise<Content | null>) {
    this.offset = offset;
    this.limit = limit;
    this.isProbed = isProbed;
    this.answer = read(this);
  }
}
