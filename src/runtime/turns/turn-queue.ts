/** How much a queue may do in one turn of the event loop. */
export interface TurnBounds {
  readonly maxItems: number;
  /** Time after which no further item is begun, in milliseconds. What is left for promises to do does not count. */
  readonly maxMs: number;
}

const UNBOUNDED: TurnBounds = { maxItems: Infinity, maxMs: Infinity };

/**
 * Gathers what arrives during one turn of the event loop, and handles all of it when the turn's sockets have been read:
 * in the order of arrival, one right after the other. The same steps done for many at once find their code and data in
 * the processor's caches; taken up socket by socket, between Node's reading and parsing, they took twice as long. Nothing
 * waits for company: what comes alone is handled in the same turn. What is beyond the bounds waits for the next turn, so that
 * sockets are read, and other queues handled, in between.
 */
export class TurnQueue<T> {
  readonly #handle: (item: T) => void;
  readonly #bounds: TurnBounds;
  #items: T[] = [];
  #isScheduled = false;

  /** @param handle must not throw: the rest of the turn would be lost. */
  constructor(handle: (item: T) => void, bounds = UNBOUNDED) {
    this.#handle = handle;
    this.#bounds = bounds;
  }

  /** Takes something in, to be handled in this turn; while the queue is being handled, in the next one. */
  add(item: T): void {
    this.#items.push(item);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#handleSome);
  }

  readonly #handleSome = (): void => {
    const items = this.#items;
    this.#items = [];
    this.#isScheduled = false;
    const { maxItems, maxMs } = this.#bounds;
    const count = Math.min(items.length, maxItems);
    const endMs = count > 1 && maxMs !== Infinity ? performance.now() + maxMs : Infinity;
    let handled = 0;
    while (handled < count) {
      this.#handle(items[handled++] as T);
      if (handled < count && endMs !== Infinity && performance.now() > endMs) break;
    }
    if (handled === items.length) return;
    this.#items = [...items.slice(handled), ...this.#items];
    this.#schedule();
  };
}
