/**
 * What a call needs of an AbortSignal. An AbortSignal is one; `Cancellation` is a lighter one: making an AbortController,
 * listening and leaving again took a tenth of a request's time, and Node warns of more than ten listeners.
 */
export interface CancelSignal {
  readonly aborted: boolean;
  /** A BillingError from the abort on. */
  readonly reason: Error;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

const NOT_ABORTED = new Error('not aborted');

/** A signal and its trigger in one. Listeners are told once, in the order in which they came. */
export class Cancellation implements CancelSignal {
  aborted = false;
  reason: Error = NOT_ABORTED;
  #listeners: Set<() => void> | (() => void) | null = null;

  /** Aborts, once; further calls change nothing. */
  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = null;
    if (typeof listeners === 'function') listeners();
    else if (listeners) for (const listener of listeners) listener();
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.aborted) return;
    if (this.#listeners === null) this.#listeners = listener;
    else if (typeof this.#listeners === 'function') this.#listeners = new Set([this.#listeners, listener]);
    else this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listeners === listener) this.#listeners = null;
    else if (this.#listeners !== null && typeof this.#listeners === 'object') this.#listeners.delete(listener);
  }
}
