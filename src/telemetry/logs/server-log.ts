import type { CutReason, ServerObserver, ShedToken } from '../observers/server-observer';
import type { Log } from './log';

/** How often an ongoing overload is logged, in milliseconds. */
const EVERY_MS = 10_000;

/**
 * Logs what the HTTP server refuses or ends: the first of a kind at once, then one line with the number of those since,
 * every `everyMs`. A line for each would make an overload worse.
 */
export function createServerLog(log: Log, everyMs = EVERY_MS): ServerObserver {
  const toShedDigest = (token: ShedToken): (() => void) =>
    createDigest(everyMs, (count) => log.warn({ count, token }, 'requests are refused: too many at once (MAX_CONCURRENT_REQUESTS)'));
  const shed = { accepted: toShedDigest('accepted'), unaccepted: toShedDigest('unaccepted') };
  const cut: Record<CutReason, () => void> = {
    'no-progress': createDigest(everyMs, (count) =>
      log.warn({ count }, 'connections are closed: their clients do not read the response (WRITE_TIMEOUT_MS)'),
    ),
    'too-much-unsent': createDigest(everyMs, (count) =>
      log.warn({ count }, 'connections are closed: clients have left too many bytes unread (MAX_UNSENT_BYTES)'),
    ),
    'too-many-requests': createDigest(everyMs, (count) =>
      log.warn({ count }, 'connections are closed: their clients sent too many requests without waiting for a response'),
    ),
  };
  return { requestShed: (token) => shed[token](), connectionCut: (reason) => cut[reason]() };
}

/** Counts, and tells the count at the first time and then at most once in `everyMs`. */
function createDigest(everyMs: number, tell: (count: number) => void): () => void {
  let count = 0;
  let isWaiting = false;
  const waitForMore = (): void => {
    isWaiting = true;
    setTimeout(() => {
      isWaiting = false;
      if (count === 0) return;
      tell(count);
      count = 0;
      waitForMore();
    }, everyMs).unref();
  };
  return () => {
    count++;
    if (isWaiting) return;
    tell(count);
    count = 0;
    waitForMore();
  };
}
