import type { CancelSignal } from './cancellation';

/** Limits of a budget. */
export interface ByteBudgetOptions {
  /** What all holders may hold together; at least `maxHolderBytes`. */
  readonly maxBytes: number;
  /** What one holder may hold. */
  readonly maxHolderBytes: number;
}

/** What a holder may hold however full the budget is: enough for ordinary responses. */
const ASSURED_BYTES = 256 * 1024;
/** Up to this size, what is expected is not set aside before it comes. */
const MIN_EXPECTED_BYTES = 64 * 1024;

/**
 * Bounds the bytes that a process holds on behalf of many. Who finds no room waits, and holds what it has: so the holder
 * that has been large for longest may always go on, up to a holder's maximum, which is set aside for it. It ends, and the
 * next one takes its place: no holder waits forever, and small requests do not wait at all.
 */
export class ByteBudget {
  readonly maxHolderBytes: number;
  readonly #sharedBytes: number;
  /** Holders of more than is assured, in the order in which they became that. */
  readonly #large = new Set<ByteHolder>();
  readonly #waiting = new Set<() => void>();
  readonly #listeners: (() => void)[] = [];
  #heldBytes = 0;
  #wasRefused = false;

  constructor({ maxBytes, maxHolderBytes }: ByteBudgetOptions) {
    this.maxHolderBytes = maxHolderBytes;
    this.#sharedBytes = maxBytes - maxHolderBytes;
  }

  /** Bytes that all holders hold. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Opens the account of a new holder, which closes it when it needs nothing of the budget any more. */
  open(): ByteHolder {
    return new ByteHolder(this);
  }

  /** Calls the listener when there is room again after somebody was refused. */
  onRoom(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Calls `tryAgain` whenever there may be room again, until the returned function is called. For holders alone. */
  wait(tryAgain: () => void): () => void {
    this.#waiting.add(tryAgain);
    return () => this.#waiting.delete(tryAgain);
  }

  /** Whether the holder, which holds `heldBytes`, may hold so many more. For holders alone, like what follows. */
  hasRoom(holder: ByteHolder, heldBytes: number, bytes: number): boolean {
    if (heldBytes + bytes <= ASSURED_BYTES || this.#heldBytes + bytes <= this.#sharedBytes) return true;
    const [oldest] = this.#large;
    if (oldest === undefined || oldest === holder) return true;
    this.#wasRefused = true;
    return false;
  }

  add(holder: ByteHolder, heldBytes: number, bytes: number): void {
    this.#heldBytes += bytes;
    if (heldBytes + bytes > ASSURED_BYTES) this.#large.add(holder);
  }

  remove(holder: ByteHolder, leftBytes: number, bytes: number): void {
    this.#heldBytes -= bytes;
    if (leftBytes <= ASSURED_BYTES) this.#large.delete(holder);
    if (!this.#wasRefused) return;
    this.#wasRefused = false;
    for (const tryAgain of [...this.#waiting]) tryAgain();
    for (const listener of this.#listeners) listener();
  }
}

/** What one holder has of a budget. */
export class ByteHolder {
  readonly #budget: ByteBudget;
  #heldBytes = 0;
  /** Counted in what is held: what has come, and was not used yet. */
  #landedBytes = 0;
  #expectedBytes = 0;
  #isClosed = false;
  #hasRefused = false;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  get maxBytes(): number {
    return this.#budget.maxHolderBytes;
  }

  /** Whether the holder holds more than it may. */
  get isOver(): boolean {
    return this.#heldBytes > this.maxBytes;
  }

  /** Whether it has been too small for something: then nothing more is to be begun for it. */
  get hasOverflowed(): boolean {
    return this.#hasRefused || this.isOver;
  }

  /** Notes that bytes which were taken or set aside have come. They stay counted until they are added. */
  land(bytes: number): void {
    this.#landedBytes += bytes;
  }

  /** Counts bytes that are there, whether there was room for them or not; those that have landed are counted already. */
  add(bytes: number): void {
    const landed = Math.min(bytes, this.#landedBytes);
    this.#landedBytes -= landed;
    this.#count(bytes - landed);
  }

  #count(bytes: number): void {
    if (this.#isClosed || bytes === 0) return;
    this.#budget.add(this, this.#heldBytes, bytes);
    this.#heldBytes += bytes;
  }

  /** Counts bytes that are to come, where there is room for them; otherwise says what has none. */
  take(bytes: number): 'taken' | 'holder-full' | 'budget-full' {
    if (this.#isClosed) return 'taken';
    if (this.#heldBytes + bytes > this.maxBytes) {
      this.#hasRefused = true;
      return 'holder-full';
    }
    if (!this.#budget.hasRoom(this, this.#heldBytes, bytes)) return 'budget-full';
    this.#count(bytes);
    return 'taken';
  }

  /** Whether bytes may be added now: there is room, or they have landed, or they are too many however long one waits. */
  mayAdd(bytes: number): boolean {
    const more = bytes - this.#landedBytes;
    return more <= 0 || this.#isClosed || this.#heldBytes + more > this.maxBytes || this.#budget.hasRoom(this, this.#heldBytes, more);
  }

  /** Makes room for bytes that are to be added, as soon as there is some. Rejects with the reason of the signal. */
  makeRoom(bytes: number, signal: CancelSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = this.#budget.wait(() => {
        const taken = this.take(bytes);
        if (taken === 'budget-full') return;
        if (taken === 'taken') this.land(bytes);
        finish();
        resolve();
      });
      const onAbort = (): void => {
        finish();
        reject(signal.reason);
      };
      const finish = (): void => {
        leave();
        signal.removeEventListener('abort', onAbort);
      };
      signal.addEventListener('abort', onAbort);
      if (signal.aborted) onAbort();
    });
  }

  /** Gives back bytes that were counted. */
  give(bytes: number): void {
    if (this.#isClosed || bytes === 0) return;
    this.#heldBytes -= bytes;
    this.#budget.remove(this, this.#heldBytes, bytes);
  }

  /** Notes how large something was that came for this holder: more of the kind may come. */
  expect(bytes: number): void {
    if (bytes > this.#expectedBytes) this.#expectedBytes = bytes;
  }

  /** Whether there is room for another of what is expected. */
  get hasRoom(): boolean {
    return this.#isClosed || this.#budget.hasRoom(this, this.#heldBytes, this.#reservation);
  }

  /** Sets aside what is expected, and returns how much that is; to be given back. */
  reserve(): number {
    const bytes = this.#reservation;
    this.#count(bytes);
    return bytes;
  }

  /** Gives back everything. What is done with a closed account has no effect. */
  close(): void {
    this.give(this.#heldBytes);
    this.#isClosed = true;
  }

  /** No more than the holder may have: what is beyond that is refused when it comes. */
  get #reservation(): number {
    if (this.#expectedBytes < MIN_EXPECTED_BYTES) return 0;
    return Math.max(0, Math.min(this.#expectedBytes, this.maxBytes - this.#heldBytes));
  }
}
