import type { Window } from '../../billing/model/window';
import type { Lifetime } from './lifetime';

/** A window of a contract's invoices that is remembered. */
export interface KeptWindow extends Window, Lifetime {
  /** Invoices that it holds; fewer than its limit where the list ends in it. */
  readonly count: number;
}

/** Windows that are known of one contract at most: a list that grows without end would cost more than it saves. */
const MAX_WINDOWS = 16;
const WINDOW_BYTES = 28;

/** Whether the kept window answers the other one: it holds all of it, or all there is from its start to the list's end. */
export function covers(kept: KeptWindow, window: Window): boolean {
  return kept.offset <= window.offset && (window.offset + window.limit <= kept.offset + kept.limit || kept.count < kept.limit);
}

/**
 * The window that answers the other one with the least to read; undefined where none does.
 * @param field until when it must be good: fresh, or at least usable where the billing API fails.
 */
export function findCovering(windows: readonly KeptWindow[], window: Window, nowMs: number, field: keyof Lifetime): KeptWindow | undefined {
  let best: KeptWindow | undefined;
  for (const kept of windows) {
    if (kept[field] > nowMs && covers(kept, window) && (!best || kept.count < best.count)) best = kept;
  }
  return best;
}

/** The list with a window added, the newest first. Those that are over go, and the oldest where there are too many. */
export function addWindow(windows: readonly KeptWindow[], added: KeptWindow, nowMs: number): KeptWindow[] {
  const others = windows.filter((kept) => kept.staleUntilMs > nowMs && !(kept.offset === added.offset && kept.limit === added.limit));
  return [added, ...others.slice(0, MAX_WINDOWS - 1)];
}

/** Both lists as one: of a window that is in both, the one that lives longer. */
export function mergeWindows(ours: readonly KeptWindow[], theirs: readonly KeptWindow[], nowMs: number): readonly KeptWindow[] {
  if (ours.length === 0) return theirs;
  let merged: readonly KeptWindow[] = ours;
  for (const kept of theirs) {
    const known = merged.find((each) => each.offset === kept.offset && each.limit === kept.limit);
    if (!known || known.staleUntilMs < kept.staleUntilMs) merged = addWindow(merged, kept, nowMs);
  }
  return merged;
}

/** Writes a list of windows: 28 bytes each. */
export function encodeWindows(windows: readonly KeptWindow[]): Buffer {
  const bytes = Buffer.allocUnsafe(windows.length * WINDOW_BYTES);
  let at = 0;
  for (const kept of windows) {
    at = bytes.writeUInt32LE(kept.offset, at);
    at = bytes.writeUInt32LE(kept.limit, at);
    at = bytes.writeUInt32LE(kept.count, at);
    at = bytes.writeDoubleLE(kept.freshUntilMs, at);
    at = bytes.writeDoubleLE(kept.staleUntilMs, at);
  }
  return bytes;
}

/** Reads what `encodeWindows` wrote. */
export function decodeWindows(bytes: Buffer): KeptWindow[] {
  const windows: KeptWindow[] = [];
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
