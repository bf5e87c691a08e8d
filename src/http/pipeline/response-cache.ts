import { LRUCache } from 'lru-cache';
import type { Caller } from '../../billing/model/caller';
import type { CallerCache } from '../../billing/ports/caller-caches';
import { CallerEpochs } from '../../billing/ports/caller-epochs';
import type { OperationType } from '../../telemetry/observers/operation-observer';

/** An answer as it was sent, and what is known of it. */
export interface KeptAnswer {
  /** See `JsonBuffer.take`. */
  readonly body: Buffer | string;
  readonly contentType: string;
  /** See OperationRecord. */
  readonly operationName: string | null;
  readonly operationType: OperationType;
  /** Remembered answers of the billing API that it was made of. */
  readonly parts: number;
  /** Until when it may be sent again: the life of its shortest part, on the clock of `monotonicMs()`. */
  readonly freshUntilMs: number;
}

/** What an entry takes besides its texts, in bytes; by a guess on the safe side. */
const ENTRY_BYTES = 400;

/**
 * Answers that consist of fresh, remembered parts, kept whole for the caller who got them. In this process only, bounded
 * in bytes. The key begins with the caller's identity and the token's number: for another caller there is no key that
 * finds it, and after an eviction there is none for the same caller either.
 */
export class KeptAnswers implements CallerCache {
  readonly #answers: LRUCache<string, KeptAnswer>;
  readonly #epochs = new CallerEpochs();

  constructor(maxBytes: number) {
    this.#answers = new LRUCache({
      maxSize: maxBytes,
      // Larger ones would push out many others.
      maxEntrySize: Math.ceil(maxBytes / 16),
      sizeCalculation: ({ body }, key) => body.length + key.length + ENTRY_BYTES,
    });
  }

  /** The key of a request of this caller: two requests share it only if their bodies are the same, byte for byte. */
  keyOf(caller: Caller, contentType: string, body: Buffer): string {
    return `${this.#epochs.of(caller)} ${caller.identity}\n${contentType}\n${body.toString('latin1')}`;
  }

  evictCaller(caller: Caller): void {
    this.#epochs.evictCaller(caller);
  }

  /** The answer kept under the key, where it is still fresh. */
  find(key: string, nowMs: number): KeptAnswer | undefined {
    const answer = this.#answers.get(key);
    if (!answer || answer.freshUntilMs > nowMs) return answer;
    this.#answers.delete(key);
    return undefined;
  }

  keep(key: string, answer: KeptAnswer): void {
    this.#answers.set(key, answer);
  }

  get count(): number {
    return this.#answers.size;
  }
}
