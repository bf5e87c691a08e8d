import type { KeyObject } from 'node:crypto';
import type { Lifetime } from './lifetime';
import { seal, unseal } from './seal';

/** A remembered answer. */
export interface Entry extends Lifetime {
  /** The 200 answer's body as it was received; null for a 404. */
  readonly body: Buffer | null;
}

// In the sealed part, before the body: what it was (1 byte), fresh until, stale until (doubles, ms since the epoch).
const NOT_FOUND = 0;
const FOUND = 1;
const HEAD_BYTES = 17;

/** Seals an answer under its name. */
export function sealEntry(key: KeyObject, name: string, entry: Entry): Buffer {
  const value = Buffer.allocUnsafe(HEAD_BYTES + (entry.body?.length ?? 0));
  value[0] = entry.body ? FOUND : NOT_FOUND;
  value.writeDoubleLE(entry.freshUntilMs, 1);
  value.writeDoubleLE(entry.staleUntilMs, 9);
  entry.body?.copy(value, HEAD_BYTES);
  return seal(key, name, value);
}

/** The answer that was sealed under this name; null for everything that this caller did not seal there. */
export function openEntry(key: KeyObject, name: string, sealed: Buffer): Entry | null {
  const opened = unseal(key, name, sealed);
  if (!opened || opened.length < HEAD_BYTES) return null;
  return {
    freshUntilMs: opened.readDoubleLE(1),
    staleUntilMs: opened.readDoubleLE(9),
    body: opened[0] === FOUND ? opened.subarray(HEAD_BYTES) : null,
  };
}
