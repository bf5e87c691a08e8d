import { LRUCache } from 'lru-cache';
import { monotonicMs } from '../../runtime/clock';
import type { StoredValues } from './entry-store';

/** Writes a value and resolves to whether the store took it; null where it may not be tried now. */
export type TryWrite = (name: string, value: Buffer, ttlMs: number) => Promise<boolean> | null;

/** Values that are owed, at most; with names and bookkeeping some 10 MB. */
const MAX_OWED = 10_000;
/** A larger value is tried once; then an empty one, from which nothing can be read, voids what it was to replace. */
const MAX_VALUE_BYTES = 512;
const VOID = Buffer.alloc(0);
const TRY_EVERY_MS = 500;
const TRY_AT_ONCE = 100;

interface OwedWrite {
  readonly name: string;
  readonly value: Buffer;
  /** Until when it matters, on the clock of `monotonicMs()`. */
  readonly untilMs: number;
  isUnderWay: boolean;
}

/**
 * Values that must take the place of older ones, whenever the store can take them. Until it has, what it holds under their
 * names is not to be used: after an outage it would come back.
 */
export class OwedWrites {
  readonly #tryWrite: TryWrite;
  readonly #owed = new LRUCache<string, OwedWrite>({ max: MAX_OWED });
  #timer: NodeJS.Timeout | null = null;

  constructor(tryWrite: TryWrite) {
    this.#tryWrite = tryWrite;
  }

  /** Writes a value, now or later. */
  write(name: string, value: Buffer, ttlMs: number): void {
    const kept = value.length <= MAX_VALUE_BYTES ? value : VOID;
    const owed = { name, value: kept, untilMs: monotonicMs() + ttlMs, isUnderWay: false };
    this.#owed.set(name, owed);
    this.#timer ??= setInterval(() => this.tryAll(), TRY_EVERY_MS).unref();
    this.#try(owed, value, ttlMs);
  }

  /** Tries what is not on its way, the oldest first. */
  tryAll(): void {
    const nowMs = monotonicMs();
    let tried = 0;
    for (const owed of [...this.#owed.rvalues()]) {
      if (!owed) continue;
      if (owed.untilMs <= nowMs) this.#owed.delete(owed.name);
      else if (!owed.isUnderWay && tried++ < TRY_AT_ONCE) this.#try(owed, owed.value, owed.untilMs - nowMs);
    }
    if (this.#owed.size === 0) this.close();
  }

  /** What a lookup is to find instead of what it found. */
  over(names: readonly string[], values: StoredValues): StoredValues {
    if (this.#owed.size === 0) return values;
    return names.map((name, index) => {
      const owed = this.#owed.peek(name);
      return owed === undefined ? values[index] : owed.value === VOID ? undefined : owed.value;
    });
  }

  /** Tries no more. */
  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #try(owed: OwedWrite, value: Buffer, ttlMs: number): void {
    const writing = this.#tryWrite(owed.name, value, ttlMs);
    if (!writing) return;
    owed.isUnderWay = true;
    void writing.then((isWritten) => {
      owed.isUnderWay = false;
      if (isWritten && this.#owed.peek(owed.name) === owed) this.#owed.delete(owed.name);
    });
  }
}
