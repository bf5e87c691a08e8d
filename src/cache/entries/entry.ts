import type { CallerKeys } from '../keys/key-ring';
import type { Lifetime } from './lifetime';

/** A cached response. Its times are on the store's clock: see CachedSource. */
export interface Entry extends Lifetime {
  /** The caller's generation when the call for it was begun; see CallerGenerations. */
  readonly generation: number;
  /** The 200 response's body as it was received; null for a 404. */
  readonly body: Buffer | null;
}

// In the sealed part, before the body: what it was (1 byte), fresh until, stale until, generation (doubles).
const NOT_FOUND = 0;
const FOUND = 1;
const HEADER_BYTES = 25;
const NO_BODY = Buffer.alloc(0);

/** Seals a response under its name. */
export function sealEntry(keys: CallerKeys, name: string, { body, freshUntilMs, staleUntilMs, generation }: Entry): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header[0] = body ? FOUND : NOT_FOUND;
  header.writeDoubleLE(freshUntilMs, 1);
  header.writeDoubleLE(staleUntilMs, 9);
  header.writeDoubleLE(generation, 17);
  return keys.seal(name, header, body ?? NO_BODY);
}

/** The response that was sealed under this name; null for everything that was not sealed there for this caller. */
export function openEntry(keys: CallerKeys, name: string, sealed: Buffer): Entry | null {
  const opened = keys.open(name, sealed);
  if (!opened || opened.length < HEADER_BYTES) return null;
  return {
    freshUntilMs: opened.readDoubleLE(1),
    staleUntilMs: opened.readDoubleLE(9),
    generation: opened.readDoubleLE(17),
    body: opened[0] === FOUND ? opened.subarray(HEADER_BYTES) : null,
  };
}
