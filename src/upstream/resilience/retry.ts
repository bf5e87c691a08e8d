import { DelegateBackoff, ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { CallContext } from '../../billing/ports/billing-source';
import { isTransient } from '../errors/failures';
import type { RetryBudget } from './retry-budget';

/** Pauses between attempts: around 100 ms at first, then growing, with decorrelated jitter (the library's default). */
const BACKOFF = new ExponentialBackoff({ initialDelay: 100, maxDelay: 2000 });

/** What is known when the first attempt of a call has failed. */
export interface FailedCall<T> {
  readonly context: CallContext;
  /** How the first attempt failed. */
  readonly error: unknown;
  /** Makes one more attempt. */
  readonly attempt: () => Promise<T>;
}

/**
 * Makes further attempts at a call, each after a pause: the one that the billing API asked for, or a growing one. Stops
 * where an attempt fails for good, where `maxRetries` were made, where the budget is empty, or where the pause would
 * not end before the call's deadline: then there is nothing to wait for, and the last attempt's error is the answer.
 * Rejects with that error, or at once with the reason of the context's signal.
 */
export function retryCall<T>(call: FailedCall<T>, maxRetries: number, budget: RetryBudget): Promise<T> {
  const { context, error: firstError, attempt } = call;
  const { signal } = context;
  let backoff = BACKOFF.next();
  let made = 0;
  let pauseMs = 0;
  const mayRetry = (error: Error): boolean => {
    if (!isTransient(error) || made >= maxRetries || signal.aborted) return false;
    backoff = backoff.next(undefined);
    pauseMs = Math.max(backoff.duration, error.retryAfterMs ?? 0);
    const nowMs = performance.now();
    if (nowMs + pauseMs >= context.deadlineAtMs || !budget.withdraw(nowMs)) return false;
    made++;
    return true;
  };
  const policy = retry(handleWhen(mayRetry), { maxAttempts: maxRetries, backoff: new DelegateBackoff(() => pauseMs) }).dangerouslyUnref();
  return new Promise<T>((resolve, reject) => {
    // The policy does not wake up on abort, so the abort rejects the promise directly.
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    policy
      .execute(async ({ attempt: number }) => {
        if (number === 0) throw firstError;
        signal.throwIfAborted();
        if (context.deadToken) throw context.deadToken;
        return attempt();
      })
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
