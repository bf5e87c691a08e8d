/** Told of how the billing API pages, where that is not as it was asked. Must not throw. */
export interface PagingObserver {
  /** It sent `size` items of a longer list, though more were asked for. `isNew`: for the first time. */
  pageCut(size: number, isNew: boolean): void;
}

/**
 * What a short page says of its list: it ends there, or it may go on, or that is being found out for another list with a page
 * of the same size.
 */
export type ShortPage = 'end' | 'doubtful' | 'pending';

/** A shorter page is taken for the list's last: few APIs have so small pages, and most lists are short. */
export const MIN_DOUBTFUL = 10;
/** Of lists that end with a page as long as the longest so far, the 1st, 10th, 100th and so on are looked at again. */
const SIGHTING_BASE = 10;
/** Sizes that are remembered; an API has one or a few. */
const MAX_SIZES = 64;
/** Lists whose first item is remembered until it is known that the API heeds the place of a window. */
const MAX_FIRST_ITEMS = 256;

/** What was seen of requests of one form. */
interface Seen {
  /** Items of the longest page so far. A page that is shorter was not cut, unless the API cuts some lists more than others. */
  longest: number;
  /** Of pages that are as long as the longest. */
  readonly sightings: Map<number, Sightings>;
}

interface Sightings {
  count: number;
  /** Settles when the list that is being looked at is known to go on or not. */
  pending: Promise<void> | null;
}

/**
 * What the responses of this process have shown of how the billing API pages, which its contract does not say: how many
 * items it sends at most, and whether it heeds the place of a window. An API that sends fewer items than it is asked for,
 * without a word, makes lists look shorter than they are.
 */
export class PagingEvidence {
  readonly #configured: number;
  readonly #isAligned: boolean;
  readonly #observer: PagingObserver;
  readonly #seen = new Map<string, Seen>();
  #maxQuantity: number;
  /** Sizes at which lists were cut. */
  readonly #cuts = new Set<number>();
  readonly #heeded = new Set<string>();
  readonly #firstItems = new Map<string, string>();

  /**
   * @param maxQuantity items that one call may ask for, as it is configured.
   * @param isAligned whether windows are named by page numbers: then a page that is cut is not where it was asked for.
   */
  constructor(maxQuantity: number, isAligned: boolean, observer: PagingObserver = { pageCut: () => undefined }) {
    this.#configured = maxQuantity;
    this.#maxQuantity = maxQuantity;
    this.#isAligned = isAligned;
    this.#observer = observer;
  }

  /** Items that one call may ask for, as far as is known now. */
  get maxQuantity(): number {
    return this.#maxQuantity;
  }

  /** Notes that a page has so many items. @param form of its request: an API may cut some and not others. */
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
   * What a page says of its list's end that has so many items, and fewer than were asked for. A doubtful one is to be looked
   * into by whoever asks: see `settle`.
   */
  judge(form: string, size: number): ShortPage {
    if (this.isEnd(form, size)) return 'end';
    if (this.#cuts.has(size)) return 'doubtful';
    const { sightings } = this.#seenOf(form);
    let seen = sightings.get(size);
    if (!seen) sightings.set(size, (seen = { count: 0, pending: null }));
    if (seen.pending) return 'pending';
    return isPowerOf(SIGHTING_BASE, ++seen.count) ? 'doubtful' : 'end';
  }

  /** Whether a page of that size, shorter than was asked for, may be taken for the last of its list. */
  isEnd(form: string, size: number): boolean {
    return !this.#cuts.has(size) && (size < MIN_DOUBTFUL || !isRound(size) || size < this.#seenOf(form).longest);
  }

  /** The same for a page that was looked into already, if it was as long as the longest: see `judge`. */
  isSettledEnd(form: string, size: number): boolean {
    if (this.isEnd(form, size)) return true;
    const seen = this.#seenOf(form).sightings.get(size);
    return seen !== undefined && seen.count > 0 && seen.pending === null && !this.#cuts.has(size);
  }

  /** Whether some list was cut at that size. */
  isCut(size: number): boolean {
    return this.#cuts.has(size);
  }

  /** Has others with a page of that size wait until it is known whether the list of a doubtful one goes on. */
  settle<T>(form: string, size: number, looking: Promise<T>): Promise<T> {
    const seen = this.#seenOf(form).sightings.get(size);
    if (!seen || seen.pending) return looking;
    seen.pending = looking.then(
      () => {
        seen.pending = null;
      },
      () => {
        // Nothing was found out: the next one is looked at instead.
        seen.pending = null;
        seen.count = 0;
      },
    );
    return looking;
  }

  /** Resolves when nothing is being found out about pages of that size. Never rejects. */
  settled(form: string, size: number): Promise<void> {
    return this.#seenOf(form).sightings.get(size)?.pending ?? Promise.resolve();
  }

  /**
   * Notes that a list goes on after a page of that size, which is shorter than was asked for. Where no page was ever longer,
   * no more are asked for at once from now on.
   */
  noteCut(size: number): void {
    const isNew = !this.#cuts.has(size);
    if (isNew && this.#cuts.size < MAX_SIZES) this.#cuts.add(size);
    const longest = Math.max(...[...this.#seen.values()].map((seen) => seen.longest));
    if ((size >= longest || this.#isAligned) && size < this.#maxQuantity) this.#maxQuantity = size;
    this.#observer.pageCut(size, isNew);
  }

  /** Whether a page of a list may be one that was cut, and so not at its place: see the constructor. */
  isMisplaced({ offset, limit }: { readonly offset: number; readonly limit: number }): boolean {
    return this.#isAligned && offset > 0 && limit > this.#maxQuantity && limit <= this.#configured;
  }

  /** Whether the API was seen to heed the place of a window, in requests of this form. */
  isPlaceHeeded(form: string): boolean {
    return this.#heeded.has(form);
  }

  notePlaceHeeded(form: string): void {
    this.#heeded.add(form);
  }

  /** Remembers the first item of a list that goes on, by what tells it from others. */
  noteFirstItem(list: string, fingerprint: string): void {
    this.#firstItems.delete(list);
    if (this.#firstItems.size >= MAX_FIRST_ITEMS) this.#firstItems.delete(this.#firstItems.keys().next().value as string);
    this.#firstItems.set(list, fingerprint);
  }

  firstItemOf(list: string): string | undefined {
    return this.#firstItems.get(list);
  }
}

/** Whether a size may be the most that an API sends: people choose 20, 50 or 64 for that, and lists end anywhere. */
function isRound(size: number): boolean {
  return size % 5 === 0 || (size & (size - 1)) === 0;
}

function isPowerOf(base: number, count: number): boolean {
  let power = 1;
  while (power < count) power *= base;
  return power === count;
}
