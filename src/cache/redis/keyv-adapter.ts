import KeyvRedis, { type RedisClientType } from '@keyv/redis';
import type { KeyvStoreAdapter } from 'keyv';
import type { RawData } from './raw-keyv';
import type { RedisClient } from './redis-client';

/**
 * `KeyvRedis` as a store of bytes: it hands on what Keyv wraps, and wraps what Keyv unwraps.
 * @param onFailure told of a node of a cluster that failed, where others answered.
 */
export function toAdapter(client: RedisClient, onFailure: (error: unknown) => void): KeyvStoreAdapter {
  // A client that answers with bytes is none of the types that KeyvRedis names, though it only hands the answers on.
  const redis = new KeyvRedis<Buffer>(client as unknown as RedisClientType, { throwOnErrors: true, throwOnConnectError: true });
  redis.on('error', () => undefined); // the client's own listener knows
  const wrap = (value: Buffer | undefined): RawData | undefined => (value === undefined ? undefined : { value, expires: undefined });
  // For several names at once KeyvRedis asks a cluster's nodes itself, past the client, and gets texts instead of bytes.
  const getMany = (names: string[]) =>
    redis.isCluster() ? getEach(names, (name) => redis.get<Buffer>(name), onFailure) : redis.getMany<Buffer>(names);
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

/** Each value from its own node. A node that fails costs its own values; rejects where every one of them failed. */
async function getEach(
  names: string[],
  get: (name: string) => Promise<Buffer | undefined>,
  onFailure: (error: unknown) => void,
): Promise<(Buffer | undefined)[]> {
  const got = await Promise.allSettled(names.map(get));
  const failed = got.find((result) => result.status === 'rejected');
  if (failed) {
    if (got.every((result) => result.status === 'rejected')) throw failed.reason;
    onFailure(failed.reason);
  }
  return got.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
}
