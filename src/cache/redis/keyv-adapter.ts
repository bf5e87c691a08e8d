import KeyvRedis, { type RedisClientType } from '@keyv/redis';
import { Keyv, type DeserializedData, type KeyvStoreAdapter } from 'keyv';
import { isLifetime } from '../entries/entry-store';
import type { RedisClient } from './redis-client';

/** What Keyv hands to a store, and wants back from it, where it does not serialize. */
type RawData = DeserializedData<Buffer>;

/** `KeyvRedis` as a store of bytes: it hands on what Keyv wraps, and wraps what Keyv unwraps. */
export function toAdapter(client: RedisClient): KeyvStoreAdapter {
  // A client that answers with bytes is none of the types that KeyvRedis names, though it only hands the answers on.
  const redis = new KeyvRedis<Buffer>(client as unknown as RedisClientType, { throwOnErrors: true, throwOnConnectError: true });
  redis.on('error', () => undefined); // the client's own listener knows
  const wrap = (value: Buffer | undefined): RawData | undefined => (value === undefined ? undefined : { value, expires: undefined });
  // For several names at once KeyvRedis asks a cluster's nodes itself, past the client, and gets texts instead of bytes.
  const getMany = (names: string[]) =>
    redis.isCluster() ? Promise.all(names.map((name) => redis.get<Buffer>(name))) : redis.getMany<Buffer>(names);
  const adapter = {
    opts: {},
    namespace: undefined,
    get: async (name: string) => wrap(await redis.get<Buffer>(name)),
    getMany: async (names: string[]) => (await getMany(names)).map(wrap),
    set: (name: string, data: RawData, ttl: number) => redis.set(name, data.value as never, ttl),
    delete: (name: string) => redis.delete(name),
    clear: () => redis.clear(),
    on() {
      return adapter;
    },
  };
  return adapter as unknown as KeyvStoreAdapter;
}

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
