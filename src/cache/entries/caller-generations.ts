import { randomInt } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../../billing/model/caller';
import { CallerEpochs } from '../../billing/ports/caller-epochs';
import type { EntryStore } from './entry-store';
import type { CallerKeys, KeyRing } from '../keys/key-ring';
import { upTo } from '../../runtime/maps/entry-bound';

/**
 * Makes entries of a caller void without finding them. Each entry has the generation that its caller had when the
 * call for it was begun, and is good only while the caller still has that one. A response that is under way while its
 * caller is evicted is void when it is stored.
 */
export interface CallerGenerations {
  /** The caller's generation, as far as this process knows. */
  of(caller: Caller): number;
  /** Gives the caller another generation: nothing that was stored before is found again. */
  renew(caller: Caller): void;
  /** Name of what the store has to be asked for beside an entry; null where this process knows all there is to know. */
  markerName(keys: CallerKeys): string | null;
  /** Takes in what the store holds under `markerName`. False where that cannot be read: then no entry can be trusted. */
  learn(caller: Caller, keys: CallerKeys, marker: Buffer | undefined): boolean;
}

/** Generations for a store in this process's memory. */
export function createLocalGenerations(): CallerGenerations {
  const epochs = new CallerEpochs();
  return {
    of: (caller) => epochs.of(caller),
    renew: (caller) => epochs.evictCaller(caller),
    markerName: () => null,
    learn: () => true,
  };
}

/** Callers whose generation this process remembers beside the store, which may be out or may have lost it. */
const MAX_REMEMBERED = 10_000;
/** A generation as it is stored: a double. */
const MARKER_BYTES = 8;
/** The generation of callers who were never evicted. */
const FIRST = 0;
/** A call that was begun before an eviction may end, and be stored, this much after it. */
const LONGEST_CALL_MS = 60_000;

/** What generations in a shared store are made of. */
export interface SharedGenerationsOptions {
  readonly ring: KeyRing;
  readonly store: EntryStore;
  /** How long an entry is stored at most, in milliseconds. */
  readonly longestLifeMs: number;
}

/**
 * Generations for a store that processes share: a renewed one is a random number in the store itself, where every
 * process finds it with its next lookup. It lives longer than everything that it makes void.
 */
export function createSharedGenerations({ ring, store, longestLifeMs }: SharedGenerationsOptions): CallerGenerations {
  const ttl = longestLifeMs + LONGEST_CALL_MS;
  const known = new LRUCache<string, number>({ ...upTo(MAX_REMEMBERED), ttl });
  const nameOf = (keys: CallerKeys): string => keys.nameOf('generation');
  return {
    of: ({ tokenId }) => known.get(tokenId) ?? FIRST,
    markerName: nameOf,
    renew(caller) {
      const generation = randomInt(1, 2 ** 47);
      known.set(caller.tokenId, generation);
      const keys = ring.of(caller);
      const name = nameOf(keys);
      const marker = Buffer.alloc(MARKER_BYTES);
      marker.writeDoubleLE(generation);
      store.set(name, keys.seal(name, marker), ttl, true);
    },
    learn({ tokenId }, keys, marker) {
      if (!marker) return true;
      const opened = keys.open(nameOf(keys), marker);
      if (opened?.length !== MARKER_BYTES) return false;
      known.set(tokenId, opened.readDoubleLE(0));
      return true;
    },
  };
}
