/** Handles one item at a time, and rests in between: for work that others must not wait for. */
export class RestingQueue<T> {
  readonly #handle: (item: T) => void;
  readonly #toRestMs: (spentMs: number) => number;
  readonly #items: T[] = [];
  #isBusy = false;

  /**
   * @param handle must not throw.
   * @param toRestMs how long to rest after an item, in milliseconds, by the time of the turn of the event loop that has handled it; what
   * promises do in that turn is included.
   */
  constructor(handle: (item: T) => void, toRestMs: (spentMs: number) => number) {
    this.#handle = handle;
    this.#toRestMs = toRestMs;
  }

  /** How many items wait. */
  get size(): number {
    return this.#items.length;
  }

  /** Takes something in, to be handled after what is in already, and not in this turn of the event loop. */
  add(item: T): void {
    this.#items.push(item);
    if (this.#isBusy) return;
    this.#isBusy = true;
    setImmediate(this.#handleNext);
  }

  readonly #handleNext = (): void => {
    if (this.#items.length === 0) {
      this.#isBusy = false;
      return;
    }
    const startMs = performance.now();
    this.#handle(this.#items.shift() as T);
    setImmediate(() => {
      const restMs = this.#toRestMs(performance.now() - startMs);
      if (restMs > 0) setTimeout(this.#handleNext, restMs);
      else this.#handleNext();
    });
  };
}
