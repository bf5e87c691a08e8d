import { randomUUID } from 'node:crypto';
import type { BillsAnswer, CallContext } from '../../billing/ports/billing-source';
import type { CancelSignal } from '../../runtime/cancellation';
import type { CacheObserver } from '../../telemetry/observers/cache-observer';
import type { EntryLocks } from '../entries/entry-locks';
import type { EntryStore } from '../entries/entry-store';

/** What a lock is for. */
export interface CallLockOptions {
  readonly store: EntryStore;
  readonly locks: EntryLocks;
  /** The lock's name. */
  readonly name: string;
  /** The name of the answer that the call is about. */
  readonly entryName: string;
  readonly observer: Pick<CacheObserver, 'waited'>;
}

/**
 * How long a lock lasts, and how long anybody waits for one, in milliseconds: longer than nearly every call, so that a
 * slow billing API is not asked by all processes at once, and short enough for who meets the lock of a process that died.
 */
const LOCK_MS = 3000;
/** Of the time that a question has left, the part that it may wait for another process's call: the rest is for its own. */
const WAIT_SHARE = 0.25;
/** Between two looks, in milliseconds: growing with the wait, so that a look is late by a third of the wait at most. */
const FIRST_PAUSE_MS = 4;
const LAST_PAUSE_MS = 32;
const PAUSE_GROWTH = 1.3;

/**
 * Holds equal questions that come to several processes at once to one call: who takes the lock makes it, the others wait
 * for its answer to be in the store. Where none comes (it failed, or may not be kept) they make their own calls, all at
 * once and without a lock. So the lock saves calls, and is never what an answer depends on.
 */
export class CallLock {
  readonly #options: CallLockOptions;
  #owner: string | null = null;

  constructor(options: CallLockOptions) {
    this.#options = options;
  }

  /**
   * The answer that another process has stored by now, or stores while this waits; null where the call is to be made.
   * Rejects with the reason of the context's signal.
   * @param recall looks for the answer in the store.
   */
  async enter(context: CallContext, recall: () => Promise<BillsAnswer | null>): Promise<BillsAnswer | null> {
    const { locks, name } = this.#options;
    const owner = randomUUID();
    const taking = locks.take(name, owner, LOCK_MS);
    // Once more, since another process may have ended its call after the first look; it travels with the lock's command.
    const recalling = recall();
    const outcome = await taking;
    if (outcome === 'taken') this.#owner = owner;
    const known = await recalling;
    if (known) this.leave();
    return known || outcome !== 'held' ? known : this.#wait(context, recall);
  }

  /** Lets the others go on, where the lock is held. What was handed to the store before is there before they are. */
  leave(): void {
    const { locks, name } = this.#options;
    const owner = this.#owner;
    this.#owner = null;
    if (owner !== null) setImmediate(() => locks.release(name, owner));
  }

  async #wait({ signal, deadlineAtMs }: CallContext, recall: () => Promise<BillsAnswer | null>): Promise<BillsAnswer | null> {
    const { store, name, entryName, observer } = this.#options;
    const startedAtMs = performance.now();
    const untilMs = startedAtMs + Math.min(LOCK_MS, (deadlineAtMs - startedAtMs) * WAIT_SHARE);
    let pauseMs = FIRST_PAUSE_MS;
    for (let nowMs = startedAtMs; nowMs < untilMs; nowMs = performance.now()) {
      await pause(Math.min(pauseMs, untilMs - nowMs), signal);
      signal.throwIfAborted();
      const found = await store.getMany([name, entryName]);
      // A store that does not answer has no lock to wait for.
      if (found.length === 0) break;
      if (!found[0] || found[1]) {
        const answer = await recall();
        observer.waited(answer ? 'answered' : 'unanswered');
        return answer;
      }
      pauseMs = Math.min(pauseMs * PAUSE_GROWTH, LAST_PAUSE_MS);
    }
    observer.waited('gave-up');
    return null;
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
