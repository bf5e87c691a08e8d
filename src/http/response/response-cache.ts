import { LRUCache } from 'lru-cache';
import type { Caller } from '../../billing/model/caller';
import type { CallerCache } from '../../billing/ports/caller-caches';
import { CallerEpochs } from '../../billing/ports/caller-epochs';
import type { Completed } from './completed';
import { DerivedForms } from './derived-forms';

/** What an entry takes besides its texts, in bytes; by a guess on the safe side. */
const ENTRY_BYTES = 400;

/**
 * Caches whole responses that consist of fresh, cached parts, for the caller who got them. In this process only, bounded
 * in bytes. The key begins with the caller's identity and the token's number: for another caller there is no key that
 * finds it, and after an eviction there is none for the same caller either.
 */
export class ResponseCache implements CallerCache {
  readonly #answers: LRUCache<string, Completed>;
  readonly #epochs = new CallerEpochs();

  constructor(maxBytes: number) {
    this.#answers = new LRUCache({
      maxSize: maxBytes,
      // Larger ones would push out many others.
      maxEntrySize: Math.ceil(maxBytes / 16),
      sizeCalculation: ({ body, derived }, key) => body.length + (derived?.bytes ?? 0) + key.length + ENTRY_BYTES,
    });
  }

  /**
   * The key of a request of this caller: two requests share it only if they are the same, byte for byte.
   * @param sent the body as latin1, or a GET's URL: no body that was answered begins like one.
   */
  keyOf(caller: Caller, mediaType: string, sent: string): string {
    return `${this.#epochs.of(caller)} ${caller.identity}\n${mediaType}\n${sent}`;
  }

  evictCaller(caller: Caller): void {
    this.#epochs.evictCaller(caller);
  }

  /** Forgets all responses of all callers. */
  clear(): void {
    this.#answers.clear();
  }

  /** The response cached under the key, where it is still fresh. */
  find(key: string, nowMs: number): Completed | undefined {
    const answer = this.#answers.get(key);
    if (!answer || (answer.freshness.freshUntilMs ?? 0) > nowMs) return answer;
    this.#answers.delete(key);
    return undefined;
  }

  /** Stores a response that came out of cached parts alone: the second of its kind, so that a single one costs nothing. */
  offer(key: string, completed: Completed, nowMs: number): void {
    const { outcome, cost, freshness } = completed;
    if (outcome !== 'ok' || cost.calls > 0 || cost.cached === 0 || (freshness.freshUntilMs ?? 0) <= nowMs) return;
    const stored: Completed = {
      ...completed,
      path: 'response-cache',
      cost: { calls: 0, merged: 0, cached: cost.cached, stale: 0 },
      derived: new DerivedForms(() => this.#weighAgain(key, stored)),
    };
    this.#answers.set(key, stored);
  }

  /** An entry has grown; its size is only determined when it is set anew. */
  #weighAgain(key: string, stored: Completed): void {
    if (this.#answers.peek(key) !== stored) return;
    this.#answers.delete(key);
    this.#answers.set(key, stored);
  }

  get count(): number {
    return this.#answers.size;
  }
}
