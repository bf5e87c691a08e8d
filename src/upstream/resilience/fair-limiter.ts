import type { BillingError } from '../../billing/model/billing-error';
import type { CallContext } from '../../billing/ports/billing-source';
import type { AdaptiveLimit } from './adaptive-limit';
import { overloaded } from '../errors/failures';

/** Somebody who waits for a place. */
interface Waiter {
  readonly context: CallContext;
  readonly admit: () => void;
  readonly refuse: (error: Error) => void;
  readonly onAbort: () => void;
}

/**
 * Bounds the attempts that are under way at once. Who finds no place waits in a queue of its caller's own, and the
 * callers' queues are served in turn: however much one asks for, another's single call is next but one. The queues
 * together are bounded; when they are full, the caller who waits most loses its newest.
 */
export class FairLimiter {
  readonly #limit: AdaptiveLimit;
  readonly #maxWaiting: number;
  /** In the order of their turns. A queue in here is never empty. */
  readonly #queues = new Map<string, Waiter[]>();
  #underWay = 0;
  #waiting = 0;

  /** @param maxWaiting how many may wait, all callers together. */
  constructor(limit: AdaptiveLimit, maxWaiting: number) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
  }

  get underWay(): number {
    return this.#underWay;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a place where one is free and nobody waits for it. Everybody who got a place gives it back with `leave`. */
  tryEnter(): boolean {
    if (this.#waiting > 0 || this.#underWay >= this.#limit.current) return false;
    this.#underWay++;
    return true;
  }

  /** Waits for a place. Rejects with the reason of the context's signal, or `unavailable` where too many wait. */
  enter(context: CallContext): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = context;
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const key = context.caller.token;
      if (this.#waiting >= this.#maxWaiting && !this.#makeRoom(key)) {
        reject(overloaded());
        return;
      }
      const waiter: Waiter = {
        context,
        admit: resolve,
        refuse: reject,
        onAbort: () => {
          this.#remove(key, waiter);
          reject(signal.reason);
        },
      };
      signal.addEventListener('abort', waiter.onAbort, { once: true });
      const queue = this.#queues.get(key);
      if (queue) queue.push(waiter);
      else this.#queues.set(key, [waiter]);
      this.#waiting++;
      // Places can be free while others wait: the limit may have grown since the last one was given back.
      this.#admit();
    });
  }

  /** Gives a place back. */
  leave(): void {
    this.#underWay--;
    if (this.#waiting > 0) this.#admit();
  }

  /** Ends the wait of all for whom `toError` has an error. */
  refuse(toError: (context: CallContext) => BillingError | null): void {
    for (const [key, queue] of [...this.#queues]) {
      for (const waiter of [...queue]) {
        const error = toError(waiter.context);
        if (!error) continue;
        this.#remove(key, waiter);
        waiter.refuse(error);
      }
    }
  }

  #admit(): void {
    while (this.#waiting > 0 && this.#underWay < this.#limit.current) {
      const [key, queue] = this.#queues.entries().next().value as [string, Waiter[]];
      const waiter = queue.shift() as Waiter;
      this.#waiting--;
      waiter.context.signal.removeEventListener('abort', waiter.onAbort);
      if (queue.length === 0) this.#queues.delete(key);
      else if (this.#queues.size > 1) {
        // To the end of the turns, where more of the caller's wait.
        this.#queues.delete(key);
        this.#queues.set(key, queue);
      }
      this.#underWay++;
      waiter.admit();
    }
  }

  /** Refuses the newest of the longest queue, where that is longer than the newcomer's own would be. */
  #makeRoom(newcomer: string): boolean {
    let longestKey = '';
    let longest: Waiter[] = [];
    for (const [key, queue] of this.#queues) {
      if (queue.length > longest.length) [longestKey, longest] = [key, queue];
    }
    if (longest.length <= (this.#queues.get(newcomer)?.length ?? 0) + 1) return false;
    const last = longest.at(-1) as Waiter;
    this.#remove(longestKey, last);
    last.refuse(overloaded());
    return true;
  }

  #remove(key: string, waiter: Waiter): void {
    const queue = this.#queues.get(key);
    const at = queue?.indexOf(waiter) ?? -1;
    if (!queue || at < 0) return;
    queue.splice(at, 1);
    if (queue.length === 0) this.#queues.delete(key);
    this.#waiting--;
    waiter.context.signal.removeEventListener('abort', waiter.onAbort);
  }
}
