/**
 * What a call needs of an AbortSignal. An AbortSignal is one; `Cancellation` is a lighter one: making an AbortController,
 * listening and leaving again took a tenth of a request's time, and Node warns of more than ten listeners.
 */
export interface CancelSignal {
  readonly aborted: boolean;
  /** A BillingError from the abort on. */
  readonly reason: Error;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: AbortListener, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/** A function, or an object as in the DOM's EventListener, which needs no closure. */
export type AbortListener = (() => void) | { handleEvent(): void };

const NOT_ABORTED = new Error('not aborted');

/** A signal and its trigger in one. Listeners are called once, in the order in which they were added. */
export class Cancellation implements CancelSignal {
  aborted = false;
  reason: Error = NOT_ABORTED;
  #listeners: Set<AbortListener> | AbortListener | null = null;

  /** Aborts, once; further calls change nothing. */
  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = null;
    if (listeners instanceof Set) for (const listener of listeners) call(listener);
    else if (listeners) call(listeners);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.aborted) return;
    if (this.#listeners === null) this.#listeners = listener;
    else if (this.#listeners instanceof Set) this.#listeners.add(listener);
    else this.#listeners = new Set([this.#listeners, listener]);
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#listeners === listener) this.#listeners = null;
    else if (this.#listeners instanceof Set) this.#listeners.delete(listener);
  }
}

function call(listener: AbortListener): void {
  if (typeof listener === 'function') listener();
  else listener.handleEvent();
}
