import { randomUUID } from 'node:crypto';
import type { CallContext } from '../../billing/ports/billing-source';
import { CacheWaits } from '../../billing/ports/cache-waits';
import type { CancelSignal } from '../../runtime/cancellation';
import { monotonicMs } from '../../runtime/clock';
import type { CacheObserver } from '../../telemetry/observers/cache-observer';
import type { EntryLocks } from '../entries/entry-locks';
import type { EntryStore } from '../entries/entry-store';
import type { FruitlessWaits } from './fruitless-waits';

/** What a lock is for. */
export interface CallLockOptions {
  readonly store: EntryStore;
  readonly locks: EntryLocks;
  /** The lock's name. */
  readonly name: string;
  /** The name of the response that the call is for. */
  readonly entryName: string;
  readonly fruitlessWaits: FruitlessWaits;
  readonly observer: Pick<CacheObserver, 'waited'>;
}

/**
 * How long a lock lasts, and how long an operation waits at locks in all, in milliseconds: longer than nearly every call,
 * so that a slow billing API is not asked by all processes at once, and short enough for who meets the lock of a process
 * that died.
 */
const LOCK_MS = 3000;
/** Of the time that an operation has left, the part that it may wait for other processes' calls: the rest is for its own. */
const WAIT_SHARE = 0.25;
/** Between two looks, in milliseconds: growing with the wait, so that a look is late by a third of the wait at most. */
const FIRST_PAUSE_MS = 4;
const LAST_PAUSE_MS = 32;
const PAUSE_GROWTH = 1.3;

/**
 * Makes equal requests that come to several processes at once one call: who takes the lock makes it, the others wait
 * for its response to be in the store. Where none comes (the call failed, or its response may not be cached) they make
 * their own calls, all at once and without a lock. So the lock saves calls, and no response depends on it.
 */
export class CallLock {
  readonly #options: CallLockOptions;
  #owner: string | null = null;

  constructor(options: CallLockOptions) {
    this.#options = options;
  }

  /**
   * The response that another process has stored by now, or stores while this waits; null where the call is to be made.
   * Rejects with the reason of the context's signal.
   * @param lookUp looks for the response in the store.
   */
  async enter<Answer>(context: CallContext, lookUp: () => Promise<Answer | null>): Promise<Answer | null> {
    // A store that was late a moment ago is not waited for a second time.
    if (context.cacheWaits.storeWasLate) return null;
    const { locks, name } = this.#options;
    const owner = randomUUID();
    const taking = locks.take(name, { owner, ttlMs: LOCK_MS, context });
    // Once more, since another process may have ended its call after the first lookup; it travels with the lock's command.
    const lookingUp = lookUp();
    const outcome = await taking;
    if (outcome === 'taken') this.#owner = owner;
    const known = await lookingUp;
    if (known) this.leave();
    return known || outcome !== 'held' ? known : this.#wait(context, lookUp);
  }

  /** Lets the others go on, where the lock is held. What was handed to the store before is there before they are. */
  leave(): void {
    const { locks, name } = this.#options;
    const owner = this.#owner;
    this.#owner = null;
    if (owner !== null) setImmediate(() => locks.release(name, owner));
  }

  async #wait<Answer>(context: CallContext, lookUp: () => Promise<Answer | null>): Promise<Answer | null> {
    const { fruitlessWaits, observer } = this.#options;
    if (!fruitlessWaits.mayWait(context.caller)) return null;
    const startedAtMs = monotonicMs();
    const { locks } = context.cacheWaits;
    const mostMs = Math.min(LOCK_MS, (context.deadlineAtMs - startedAtMs) * WAIT_SHARE);
    const untilMs = startedAtMs + mostMs - locks.totalMs(startedAtMs);
    if (untilMs <= startedAtMs) return null;
    locks.begin(startedAtMs);
    let answer: Answer | null = null;
    try {
      const isReleased = await this.#waitForRelease(context, untilMs);
      if (isReleased) answer = await lookUp();
      observer.waited(answer ? 'answered' : isReleased ? 'unanswered' : 'gave-up');
    } finally {
      const nowMs = monotonicMs();
      locks.end(nowMs);
      if (!answer) fruitlessWaits.add(context.caller, nowMs - startedAtMs);
    }
    return answer;
  }

  /** Whether the lock was released, or the response is there; false where it took too long or the store is out. */
  async #waitForRelease({ signal }: CallContext, untilMs: number): Promise<boolean> {
    const { store, name, entryName } = this.#options;
    let pauseMs = FIRST_PAUSE_MS;
    for (let nowMs = monotonicMs(); nowMs < untilMs; nowMs = monotonicMs()) {
      await pause(Math.min(pauseMs, untilMs - nowMs), signal);
      signal.throwIfAborted();
      // Part of this wait, which has a bound of its own.
      const cacheWaits = new CacheWaits();
      const found = await store.getMany([name, entryName], { cacheWaits });
      // A store that does not answer, or is late, has no lock that is worth the wait.
      if (found.length === 0 || cacheWaits.storeWasLate) return false;
      if (!found[0] || found[1]) return true;
      pauseMs = Math.min(pauseMs * PAUSE_GROWTH, LAST_PAUSE_MS);
    }
    return false;
  }
}

/** Resolves after this time, or when the signal aborts. */
function pause(ms: number, signal: CancelSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
