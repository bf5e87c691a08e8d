import { LRUCache } from 'lru-cache';
import type { Caller } from '../../billing/model/caller';
import type { CallerCache } from '../../billing/ports/caller-caches';
import { CallerEpochs } from '../../billing/ports/caller-epochs';
import type { Completed } from './completed';
import { DerivedForms } from './derived-forms';

/** What an entry takes besides its texts, in bytes; by a guess on the safe side. */
const ENTRY_BYTES = 400;

/** The request that a response is cached for: a caller's, of exactly these bytes. */
export interface ResponseKey {
  /** The caller's identity and the token's number, the media type, and a hash of what was sent. */
  readonly name: string;
  /** The body, or a GET's URL: no body that was answered begins like one. */
  readonly sent: Buffer;
}

interface Entry {
  readonly sent: Buffer;
  readonly completed: Completed;
}

/**
 * Caches whole responses that consist of fresh, cached parts, for the caller who got them. In this process only, bounded
 * in bytes. An entry's name begins with the caller's identity and the token's number: for another caller there is no name that
 * finds it, and after an eviction there is none for the same caller either. Of two requests of a caller with the same name and
 * other bytes, the later one is cached.
 */
export class ResponseCache implements CallerCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #epochs = new CallerEpochs();

  constructor(maxBytes: number) {
    this.#entries = new LRUCache({
      maxSize: maxBytes,
      // Larger ones would push out many others.
      maxEntrySize: Math.ceil(maxBytes / 16),
      sizeCalculation: ({ sent, completed: { body, derived } }, name) =>
        body.length + (derived?.bytes ?? 0) + sent.length + name.length + ENTRY_BYTES,
    });
  }

  /** The key of a request of this caller: two requests share an entry only if they are the same, byte for byte. */
  keyOf(caller: Caller, mediaType: string, sent: Buffer): ResponseKey {
    return { name: `${this.#epochs.of(caller)} ${caller.identity}\n${mediaType}\n${hashOf(sent)}`, sent };
  }

  evictCaller(caller: Caller): void {
    this.#epochs.evictCaller(caller);
  }

  /** Forgets all responses of all callers. */
  clear(): void {
    this.#entries.clear();
  }

  /** The response cached under the key, where it is still fresh. */
  find({ name, sent }: ResponseKey, nowMs: number): Completed | undefined {
    const entry = this.#entries.get(name);
    if (!entry?.sent.equals(sent)) return undefined;
    const { completed } = entry;
    if ((completed.freshness.freshUntilMs ?? 0) > nowMs) return completed;
    this.#entries.delete(name);
    return undefined;
  }

  /** Stores a response that came out of cached parts alone: the second of its kind, so that a single one costs nothing. */
  offer({ name, sent }: ResponseKey, completed: Completed, nowMs: number): void {
    const { outcome, cost, freshness } = completed;
    if (outcome !== 'ok' || cost.calls > 0 || cost.cached === 0 || (freshness.freshUntilMs ?? 0) <= nowMs) return;
    const entry: Entry = {
      // A copy: the request's own is a part of what was read from its connection.
      sent: Buffer.from(sent),
      completed: {
        ...completed,
        path: 'response-cache',
        cost: { calls: 0, merged: 0, cached: cost.cached, stale: 0 },
        derived: new DerivedForms(() => this.#weighAgain(name, entry)),
      },
    };
    this.#entries.set(name, entry);
  }

  /** An entry has grown; its size is only determined when it is set anew. */
  #weighAgain(name: string, entry: Entry): void {
    if (this.#entries.peek(name) !== entry) return;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
  }

  get count(): number {
    return this.#entries.size;
  }
}

/** Words of a request that are hashed at most, spread over it. */
const MAX_WORDS = 4096;

/**
 * A hash of a request's bytes (FNV-1a, by words of four bytes): V8's of a text takes more than a nanosecond a byte. Those that share it
 * are told apart by their bytes.
 */
function hashOf(sent: Buffer): number {
  const { length } = sent;
  const view = new DataView(sent.buffer, sent.byteOffset, length);
  const step = 4 * Math.ceil(length / 4 / MAX_WORDS);
  let hash = 0x811c9dc5 ^ length;
  for (let at = 0; at + 4 <= length; at += step) hash = Math.imul(hash ^ view.getInt32(at, true), 0x01000193);
  for (let at = length - (length % 4); at < length; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  return hash >>> 0;
}
