import { RestingQueue } from '../../runtime/turns/resting-queue';

/**
 * What takes long for strangers, who have no accepted token, is followed by a rest of nine times its time, while accepted tokens have had
 * requests in the last second.
 */
const REST_TIMES = 9;
const MAX_REST_MS = 500;
const ACTIVE_MS = 1000;
/** How much waits at once: with the default of MAX_REQUEST_BYTES, 16 MiB of bodies. */
const MAX_WAITING = 64;
/** An operation is validated in one turn of the event loop, and executed in the next. */
const TURNS_OF_AN_OPERATION = 2;

/** Has what takes long for strangers done one at a time, so that it takes a tenth of the time while others have requests. */
export class StrangerTurns {
  /** When a request of an accepted token came last, on the clock of `performance.now()`. */
  #lastAcceptedMs = -Infinity;
  readonly #queue = new RestingQueue<() => void>(
    (work) => work(),
    (spentMs) => (performance.now() - this.#lastAcceptedMs < ACTIVE_MS ? Math.min(spentMs * REST_TIMES, MAX_REST_MS) : 0),
  );

  /** Takes note of a request of an accepted token. */
  noteAccepted(nowMs: number): void {
    this.#lastAcceptedMs = nowMs;
  }

  /** Has work done in a turn of its own, which must not throw. False: too much waits, and it is not done. */
  add(work: () => void, turns = 1): boolean {
    if (this.#queue.size >= MAX_WAITING) return false;
    this.#queue.add(work, turns);
    return true;
  }

  /** Resolves in the turn in which an operation may be validated, or executed. Null: too much waits. */
  take(): Promise<void> | null {
    let resolveWait: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => (resolveWait = resolve));
    return this.add(() => resolveWait(), TURNS_OF_AN_OPERATION) ? turn : null;
  }
}
