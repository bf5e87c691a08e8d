interface Waiting<T> {
  readonly item: T;
  readonly turns: number;
}

/** Handles one item at a time, and rests in between: for work that others must not wait for. */
export class RestingQueue<T> {
  readonly #handle: (item: T) => void;
  readonly #toRestMs: (spentMs: number) => number;
  readonly #waiting: Waiting<T>[] = [];
  #isBusy = false;

  /**
   * @param handle must not throw.
   * @param toRestMs how long to rest after an item, in milliseconds, by the time of the turns of the event loop that it takes; what
   * promises do in them is included.
   */
  constructor(handle: (item: T) => void, toRestMs: (spentMs: number) => number) {
    this.#handle = handle;
    this.#toRestMs = toRestMs;
  }

  /** How many items wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /**
   * Takes something in, to be handled after what is in already, and not in this turn of the event loop.
   * @param turns of the event loop that it takes, the one in which it is handled included.
   */
  add(item: T, turns = 1): void {
    this.#waiting.push({ item, turns });
    if (this.#isBusy) return;
    this.#isBusy = true;
    setImmediate(this.#handleNext);
  }

  readonly #handleNext = (): void => {
    const next = this.#waiting.shift();
    if (!next) {
      this.#isBusy = false;
      return;
    }
    const startMs = performance.now();
    this.#handle(next.item);
    this.#restAfter(next.turns, startMs);
  };

  #restAfter(turns: number, startMs: number): void {
    setImmediate(() => {
      if (turns > 1) {
        this.#restAfter(turns - 1, startMs);
        return;
      }
      const restMs = this.#toRestMs(performance.now() - startMs);
      if (restMs > 0) setTimeout(this.#handleNext, restMs);
      else this.#handleNext();
    });
  }
}
