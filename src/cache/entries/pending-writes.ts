import { LRUCache } from 'lru-cache';
import { monotonicMs } from '../../runtime/clock';
import type { StoredValues } from './entry-store';
import { upTo } from '../../runtime/maps/entry-bound';

/** Writes a value and resolves to whether the store took it; null where it may not be tried now. */
export type TryWrite = (name: string, value: Buffer, ttlMs: number) => Promise<boolean> | null;

/** Pending values, at most; with names and bookkeeping some 10 MB. */
const MAX_PENDING = 10_000;
/** A larger value is tried once; then an empty one, from which nothing can be read, voids what it was to replace. */
const MAX_VALUE_BYTES = 512;
const VOID = Buffer.alloc(0);
const TRY_EVERY_MS = 500;
const TRY_AT_ONCE = 100;

interface PendingWrite {
  readonly name: string;
  readonly value: Buffer;
  /** Until when it matters, on the clock of `monotonicMs()`. */
  readonly untilMs: number;
  isInFlight: boolean;
}

/**
 * Values that must take the place of older ones, whenever the store can take them. Until it has, what it holds under their
 * names is not to be used: after an outage it would come back.
 */
export class PendingWrites {
  readonly #tryWrite: TryWrite;
  readonly #pending = new LRUCache<string, PendingWrite>(upTo(MAX_PENDING));
  #timer: NodeJS.Timeout | null = null;

  constructor(tryWrite: TryWrite) {
    this.#tryWrite = tryWrite;
  }

  /** Writes a value, now or later. */
  write(name: string, value: Buffer, ttlMs: number): void {
    const stored = value.length <= MAX_VALUE_BYTES ? value : VOID;
    const pending = { name, value: stored, untilMs: monotonicMs() + ttlMs, isInFlight: false };
    this.#pending.set(name, pending);
    this.#timer ??= setInterval(() => this.tryAll(), TRY_EVERY_MS).unref();
    this.#try(pending, value, ttlMs);
  }

  /** Tries those that are not in flight, the oldest first. */
  tryAll(): void {
    const nowMs = monotonicMs();
    let tried = 0;
    for (const pending of [...this.#pending.rvalues()]) {
      if (!pending) continue;
      if (pending.untilMs <= nowMs) this.#pending.delete(pending.name);
      else if (!pending.isInFlight && tried++ < TRY_AT_ONCE) this.#try(pending, pending.value, pending.untilMs - nowMs);
    }
    if (this.#pending.size === 0) this.close();
  }

  /** What a lookup is to find instead of what it found. */
  over(names: readonly string[], values: StoredValues): StoredValues {
    if (this.#pending.size === 0) return values;
    return names.map((name, index) => {
      const pending = this.#pending.peek(name);
      return pending === undefined ? values[index] : pending.value === VOID ? undefined : pending.value;
    });
  }

  /** Tries no more. */
  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #try(pending: PendingWrite, value: Buffer, ttlMs: number): void {
    const writing = this.#tryWrite(pending.name, value, ttlMs);
    if (!writing) return;
    pending.isInFlight = true;
    void writing.then((isWritten) => {
      pending.isInFlight = false;
      if (isWritten && this.#pending.peek(pending.name) === pending) this.#pending.delete(pending.name);
    });
  }
}
