import type { ListOwner } from '../../billing/model/paged-list';
import type { Window } from '../../billing/model/window';
import type { Lifetime } from './lifetime';

/** A window of a contract's invoices that is cached. */
export interface CachedWindow extends Window, Lifetime {
  /** Invoices that it holds; fewer than its limit where the list ends in it. */
  readonly count: number;
}

/** Windows that are known of one contract at most: a list that grows without end would cost more than it saves. */
const MAX_WINDOWS = 16;
const WINDOW_BYTES = 28;

/** How many items a response has; null where it has something else to say, and none that `read` could return. */
export function countItems(read: () => readonly unknown[]): number | null {
  try {
    return read().length;
  } catch {
    return null;
  }
}

/** Whether the cached window answers the other one: it holds all of it, or all there is from its start to the list's end. */
export function covers(cached: CachedWindow, window: Window): boolean {
  return cached.offset <= window.offset && (window.offset + window.limit <= cached.offset + cached.limit || cached.count < cached.limit);
}

/** Whether a page of this size, shorter than requested, counts as the end of its list. */
export type IsEnd = (owner: ListOwner, count: number) => boolean;

/** What is known of how the billing API pages. */
export interface KnownPaging {
  readonly isEnd: IsEnd;
  /** Whether a later window holds the items that were requested. `isShort`: it has fewer. */
  readonly isInPlace: (owner: ListOwner, isShort: boolean) => boolean;
}

/**
 * The cached windows that can serve a requested window. A short one is excluded if its list may go on, and if the request
 * starts at its end: such a request asks whether the list goes on. Part of a later one is excluded unless the API is known to
 * heed offsets: in the middle of a page, the list's first items could no longer be recognised.
 */
export function withoutDoubtful(
  windows: readonly CachedWindow[],
  { window, ...owner }: ListOwner & { readonly window: Window },
  { isEnd, isInPlace }: KnownPaging,
): readonly CachedWindow[] {
  return windows.filter(({ offset, limit, count }) => {
    if (count > 0 && offset > 0 && offset < window.offset && !isInPlace(owner, count < limit)) return false;
    const end = offset + count;
    return count === 0 || count >= limit || window.offset + window.limit <= end || (window.offset < end && isEnd(owner, count));
  });
}

/**
 * The window that answers the other one with the least to read; undefined where none does.
 * @param field until when it must be good: fresh, or at least usable where the billing API fails.
 */
export function findCovering(
  windows: readonly CachedWindow[],
  window: Window,
  nowMs: number,
  field: keyof Lifetime,
): CachedWindow | undefined {
  let best: CachedWindow | undefined;
  for (const cached of windows) {
    if (cached[field] > nowMs && covers(cached, window) && (!best || cached.count < best.count)) best = cached;
  }
  return best;
}

/** The list with a window added, the newest first. Those that are over go, and the oldest where there are too many. */
export function addWindow(windows: readonly CachedWindow[], added: CachedWindow, nowMs: number): CachedWindow[] {
  const others = windows.filter(
    (cached) => cached.staleUntilMs > nowMs && !(cached.offset === added.offset && cached.limit === added.limit),
  );
  return [added, ...others.slice(0, MAX_WINDOWS - 1)];
}

/** Both lists as one: of a window that is in both, the one that lives longer. */
export function mergeWindows(ours: readonly CachedWindow[], theirs: readonly CachedWindow[], nowMs: number): readonly CachedWindow[] {
  if (ours.length === 0) return theirs;
  let merged: readonly CachedWindow[] = ours;
  for (const cached of theirs) {
    const known = merged.find((each) => each.offset === cached.offset && each.limit === cached.limit);
    if (!known || known.staleUntilMs < cached.staleUntilMs) merged = addWindow(merged, cached, nowMs);
  }
  return merged;
}

/** Writes a list of windows: 28 bytes each. */
export function encodeWindows(windows: readonly CachedWindow[]): Buffer {
  const bytes = Buffer.allocUnsafe(windows.length * WINDOW_BYTES);
  let at = 0;
  for (const cached of windows) {
    at = bytes.writeUInt32LE(cached.offset, at);
    at = bytes.writeUInt32LE(cached.limit, at);
    at = bytes.writeUInt32LE(cached.count, at);
    at = bytes.writeDoubleLE(cached.freshUntilMs, at);
    at = bytes.writeDoubleLE(cached.staleUntilMs, at);
  }
  return bytes;
}

/** Reads what `encodeWindows` wrote. */
export function decodeWindows(bytes: Buffer): CachedWindow[] {
  const windows: CachedWindow[] = [];
  for (let at = 0; at + WINDOW_BYTES <= bytes.length; at += WINDOW_BYTES) {
    windows.push({
      offset: bytes.readUInt32LE(at),
      limit: bytes.readUInt32LE(at + 4),
      count: bytes.readUInt32LE(at + 8),
      freshUntilMs: bytes.readDoubleLE(at + 12),
      staleUntilMs: bytes.readDoubleLE(at + 20),
    });
  }
  return windows;
}
