import type { ServerResponse } from 'node:http';
import { BillingError } from '../../billing/model/billing-error';
import { startDeadline } from '../../runtime/deadlines';
import { Cancellation, type CancelSignal } from '../../runtime/cancellation';

/** How long an operation may go on: until its deadline, or until its client has gone. */
export interface OperationLifetime {
  /** Aborts at the end, with a BillingError as its reason. */
  readonly signal: CancelSignal;
  /** When its time is over, on the clock of `performance.now()`. */
  readonly deadlineAtMs: number;
  /** Ends it before the response is done. */
  readonly end: () => void;
}

/**
 * Starts an operation's time. It ends by itself when the response is done; a response of many operations ends each of them.
 * @param deadlineMs the whole operation's time, in milliseconds.
 */
export function startLifetime(response: ServerResponse, deadlineMs: number): OperationLifetime {
  const controller = new Cancellation();
  const startedMs = performance.now();
  const handleDeadline = (): void =>
    controller.abort(new BillingError('timeout', 'The operation took longer than it may. Ask for less at once, or try again.'));
  const deadline = startDeadline(deadlineMs, { handleDeadline }, startedMs);
  const end = (): void => {
    deadline.clear();
    response.off('close', close);
  };
  const close = (): void => {
    deadline.clear();
    if (!response.writableFinished) controller.abort(new BillingError('unavailable', 'The client closed the connection.'));
  };
  // The client may have gone between its request's last byte and this: that event comes no more.
  if (response.destroyed) close();
  else response.on('close', close);
  return { signal: controller, deadlineAtMs: deadline.atMs, end };
}
