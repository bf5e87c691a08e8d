import { Keyv, type DeserializedData, type KeyvStoreAdapter } from 'keyv';
import { isLifetime } from '../entries/entry-store';

/** What Keyv hands to a store, and wants back from it, where it does not serialize. */
export type RawData = DeserializedData<Buffer>;

/** A Keyv that gives its store the bytes as they are: base64 in JSON would make them a third longer. */
export function createRawKeyv(store: KeyvStoreAdapter): Keyv<Buffer> {
  // The names say whose they are already; and what fails must be seen here, where it becomes a miss.
  const keyv = new Keyv<Buffer>({ store, useKeyPrefix: false, throwOnErrors: true });
  keyv.serialize = undefined;
  keyv.deserialize = undefined;
  return keyv;
}

/**
 * A time to live as Keyv takes it, in whole milliseconds; undefined where the value is not to be stored.
 * Keyv reads 0 as "forever", and hands negative and broken ones on to the store.
 */
export function toKeyvTtl(ttlMs: number): number | undefined {
  return isLifetime(ttlMs) ? Math.ceil(ttlMs) : undefined;
}
