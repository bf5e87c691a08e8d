import { nextTurn } from '../../runtime/turns/turn-budget';
import type { Window } from '../model/window';

/** Receives an event when the billing API truncates a page. Must not throw. */
export interface PagingObserver {
  /** The API returned `size` items of a longer list although more were requested. `isNew`: the first page truncated at this size. */
  pageCut(size: number, isNew: boolean): void;
}

/**
 * Whether a short page ends its list. `end`: it does. `doubtful`: it may be truncated, and must be checked. `pending`: another
 * list with a page of the same size is being checked.
 */
export type ShortPage = 'end' | 'doubtful' | 'pending';

/** Shorter pages count as the end of their list: few APIs have such a small maximum, and most lists are short. */
export const MIN_DOUBTFUL = 10;
/** The 1st, 10th, 100th, … list that ends with a page as long as the longest so far is checked. */
const SIGHTING_BASE = 10;
/** Maximum number of truncation sizes to remember; an API has one or a few. */
const MAX_SIZES = 64;
/** Maximum number of lists whose first item is remembered until the API is known to heed offsets. */
const MAX_FIRST_ITEMS = 256;

/** Observations from requests of one form. */
interface Seen {
  /** Length of the longest page so far. A shorter page was not truncated, unless the API's maximum differs between lists. */
  longest: number;
  /** By page size, for pages as long as the longest. */
  readonly sightings: Map<number, Sightings>;
}

interface Sightings {
  count: number;
  /** Resolves when the check that is due or running has ended. */
  pending: Promise<void> | null;
  /** The running check, and whether it succeeds. */
  check: Promise<boolean> | null;
}

/**
 * What this process has learned from responses about how the billing API pages, which the contract does not specify: the
 * maximum page size, and whether offsets are heeded. An API that silently truncates pages makes lists look shorter than they
 * are.
 */
export class PagingEvidence {
  readonly #configured: number;
  readonly #isAligned: boolean;
  readonly #observer: PagingObserver;
  readonly #seen = new Map<string, Seen>();
  #maxQuantity: number;
  /** Sizes at which pages were truncated. */
  readonly #cuts = new Set<number>();
  readonly #heeded = new Set<string>();
  /** By the form of requests: whether it is unknown if the API heeds the size of pages, since it has returned more items than requested. */
  readonly #sizeDoubts = new Map<string, boolean>();
  readonly #firstItems = new Map<string, string>();

  /**
   * @param maxQuantity the configured maximum number of items per call.
   * @param isAligned whether windows are addressed by page number: the API then computes a truncated page's offset from its own
   * page size, and the items are not those of the window.
   */
  constructor(maxQuantity: number, isAligned: boolean, observer: PagingObserver = { pageCut: () => undefined }) {
    this.#configured = maxQuantity;
    this.#maxQuantity = maxQuantity;
    this.#isAligned = isAligned;
    this.#observer = observer;
  }

  /** Maximum number of items that a call may request, as currently known. */
  get maxQuantity(): number {
    return this.#maxQuantity;
  }

  /** Records the size of a page. @param form the form of its request: an API may truncate some forms only. */
  notePage(form: string, size: number): void {
    const seen = this.#seenOf(form);
    if (size <= seen.longest) return;
    seen.longest = size;
    seen.sightings.clear();
  }

  #seenOf(form: string): Seen {
    let seen = this.#seen.get(form);
    if (!seen) this.#seen.set(form, (seen = { longest: 0, sightings: new Map<number, Sightings>() }));
    return seen;
  }

  /**
   * Judges whether a page of `size` items, shorter than the window requested, ends its list. If it is `doubtful`, the caller must
   * check it and pass the check to `settle`. If the API pages by number and sends fewer than such a window has, a later page starts
   * elsewhere than requested, however short it is: it is doubtful unless a page as long as the window has been seen.
   */
  judge(form: string, size: number, { offset, limit }: Window): ShortPage {
    if (this.#isAligned && offset > 0 && limit > this.#seenOf(form).longest) return 'doubtful';
    if (this.isEnd(form, size)) return 'end';
    if (this.#cuts.has(size)) return 'doubtful';
    const { sightings } = this.#seenOf(form);
    let seen = sightings.get(size);
    if (!seen) sightings.set(size, (seen = { count: 0, pending: null, check: null }));
    if (seen.pending) return 'pending';
    if (!isPowerOf(SIGHTING_BASE, ++seen.count)) return 'end';
    // The check begins a few promises later. Lists whose responses come in the same turn have to wait for it, too.
    seen.pending = nextTurn().then(() => endOf(seen));
    return 'doubtful';
  }

  /** Whether a page of this size, shorter than requested, counts as the end of its list without a check. */
  isEnd(form: string, size: number): boolean {
    return !this.#cuts.has(size) && (size < MIN_DOUBTFUL || !isRound(size) || size < this.#seenOf(form).longest);
  }

  /** Like `isEnd`, but also true if a page of this size has been checked and was not truncated. */
  isSettledEnd(form: string, size: number): boolean {
    if (this.isEnd(form, size)) return true;
    const seen = this.#seenOf(form).sightings.get(size);
    return seen !== undefined && seen.count > 0 && seen.pending === null && !this.#cuts.has(size);
  }

  /** Whether some page was truncated at this size. */
  isCut(size: number): boolean {
    return this.#cuts.has(size);
  }

  /** Registers a running check, so that other lists with a page of this size wait for it. Returns the check's promise. */
  settle<T>(form: string, size: number, looking: Promise<T>): Promise<T> {
    const seen = this.#seenOf(form).sightings.get(size);
    if (!seen || seen.check) return looking;
    seen.check = looking.then(
      () => true,
      () => false,
    );
    seen.pending ??= endOf(seen);
    return looking;
  }

  /** Resolves when no check of pages of this size is running. Never rejects. */
  settled(form: string, size: number): Promise<void> {
    return this.#seenOf(form).sightings.get(size)?.pending ?? Promise.resolve();
  }

  /**
   * Records a page that was truncated at this size. If no page was ever longer, the size becomes the maximum number of items
   * that a call requests.
   */
  noteCut(size: number): void {
    const isNew = !this.#cuts.has(size);
    if (isNew && this.#cuts.size < MAX_SIZES) this.#cuts.add(size);
    const longest = Math.max(...[...this.#seen.values()].map((seen) => seen.longest));
    if ((size >= longest || this.#isAligned) && size < this.#maxQuantity) this.#maxQuantity = size;
    this.#observer.pageCut(size, isNew);
  }

  /** Whether a page may have been truncated and so hold items of another window: see `isAligned` of the constructor. */
  isMisplaced({ offset, limit }: Window): boolean {
    return this.#isAligned && offset > 0 && limit > this.#maxQuantity && limit <= this.#configured;
  }

  /** Whether the API is known to heed offsets in requests of this form. */
  isPlaceHeeded(form: string): boolean {
    return this.#heeded.has(form);
  }

  notePlaceHeeded(form: string): void {
    this.#heeded.add(form);
  }

  /** Records that a page has more items than requested: the API may place pages by a size of its own. */
  noteSurplus(form: string): void {
    if (!this.#sizeDoubts.has(form)) this.#sizeDoubts.set(form, true);
  }

  /** Whether the API is known to heed the size of pages in requests of this form. */
  isSizeHeeded(form: string): boolean {
    return this.#sizeDoubts.get(form) === false;
  }

  /** Whether the API may ignore the size of pages in requests of this form. */
  isSizeDoubtful(form: string): boolean {
    return this.#sizeDoubts.get(form) === true;
  }

  noteSizeHeeded(form: string): void {
    this.#sizeDoubts.set(form, false);
  }

  /** Remembers the fingerprint of the first item of a list that has further pages. */
  noteFirstItem(list: string, fingerprint: string): void {
    this.#firstItems.delete(list);
    if (this.#firstItems.size >= MAX_FIRST_ITEMS) this.#firstItems.delete(this.#firstItems.keys().next().value as string);
    this.#firstItems.set(list, fingerprint);
  }

  firstItemOf(list: string): string | undefined {
    return this.#firstItems.get(list);
  }
}

/** Waits for the end of the check. Where none has begun, or it fails, the next list is checked instead. */
async function endOf(seen: Sightings): Promise<void> {
  if ((await seen.check) !== true) seen.count = 0;
  seen.check = null;
  seen.pending = null;
}

/** Whether a size may be an API's maximum page size: people choose numbers such as 20, 50 or 64, while lists have any length. */
function isRound(size: number): boolean {
  return size % 5 === 0 || (size & (size - 1)) === 0;
}

function isPowerOf(base: number, count: number): boolean {
  let power = 1;
  while (power < count) power *= base;
  return power === count;
}
