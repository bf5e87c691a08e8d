import { ShortLivedMap, type Entry } from '../../runtime/maps/short-lived-map';

/** What waits under one key, in the order of arrival. */
export class WaitingQueue<T> {
  readonly key: string;
  waiting: T[] = [];
  previous: WaitingQueue<T> | null = null;
  next: WaitingQueue<T> | null = null;
  /** Whether it is one of the queues: it is removed when nothing waits in it. */
  isListed = false;
  entry: Entry<WaitingQueue<T>> | null = null;

  constructor(key: string) {
    this.key = key;
  }
}

/**
 * Queues by key, in the order in which they are served; none is empty. A linked list beside a `ShortLivedMap`: with many
 * callers, queues come and go with each call, and a `Map` would have the collector take ended operations for alive.
 */
export class WaitingQueues<T> {
  readonly #byKey = new ShortLivedMap<WaitingQueue<T>>();
  #first: WaitingQueue<T> | null = null;
  #last: WaitingQueue<T> | null = null;

  /** The queue that is served next. */
  get first(): WaitingQueue<T> | null {
    return this.#first;
  }

  get(key: string): WaitingQueue<T> | undefined {
    return this.#byKey.get(key);
  }

  *[Symbol.iterator](): Generator<WaitingQueue<T>> {
    for (let queue = this.#first; queue; queue = queue.next) yield queue;
  }

  /** Adds to the end of the queue with this key. A new queue is served last. */
  append(key: string, waiter: T): void {
    let queue = this.#byKey.get(key);
    if (!queue) {
      queue = new WaitingQueue<T>(key);
      queue.entry = this.#byKey.set(key, queue);
      this.#link(queue);
    }
    queue.waiting.push(waiter);
  }

  /** Puts a queue that was served behind all others. */
  toEnd(queue: WaitingQueue<T>): void {
    if (!queue.isListed || queue === this.#last) return;
    this.#unlink(queue);
    this.#link(queue);
  }

  /** Removes a queue if nothing waits in it. */
  removeIfEmpty(queue: WaitingQueue<T>): void {
    if (!queue.isListed || queue.waiting.length > 0) return;
    this.#unlink(queue);
    if (queue.entry) this.#byKey.delete(queue.entry);
  }

  #link(queue: WaitingQueue<T>): void {
    queue.isListed = true;
    queue.previous = this.#last;
    if (this.#last) this.#last.next = queue;
    else this.#first = queue;
    this.#last = queue;
  }

  /** Clears its links too: an old object that is dead must not point to young ones. */
  #unlink(queue: WaitingQueue<T>): void {
    const { previous, next } = queue;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    queue.previous = null;
    queue.next = null;
    queue.isListed = false;
  }
}
