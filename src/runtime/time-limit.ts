/** What `withinTime` rejects with when the time is over. */
export const TIMED_OUT = new Error('timed out');

/**
 * The promise's value, or a rejection with `TIMED_OUT` after `timeoutMs` milliseconds. What it comes to later is dropped.
 * A timer that is late because this process was busy does no harm: one round of the event loop reads what has arrived first.
 * @param onLate called after `lateMs`, where that is sooner than `timeoutMs` and the promise is not settled by then.
 */
export function withinTime<T>(promise: Promise<T>, timeoutMs: number, onLate?: { lateMs: number; call: () => void }): Promise<T> {
  if (timeoutMs === Infinity) return promise;
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    let isSettled = false;
    const schedule = (ms: number, then: () => void): void => {
      const check = (): void => {
        if (!isSettled) then();
      };
      // A wait must not hold up the end of the process.
      timer = setTimeout(() => setImmediate(check), ms).unref();
    };
    const giveUp = (): void => reject(TIMED_OUT);
    if (onLate && onLate.lateMs < timeoutMs) {
      schedule(onLate.lateMs, () => {
        schedule(timeoutMs - onLate.lateMs, giveUp);
        onLate.call();
      });
    } else schedule(timeoutMs, giveUp);
    const settle = (): void => {
      isSettled = true;
      clearTimeout(timer);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    promise.then((value) => {
      settle();
      resolve(value);
    }, fail);
  });
}
