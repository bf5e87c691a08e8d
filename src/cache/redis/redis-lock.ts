import type { RedisClient } from './redis-client';

/** Deletes the lock if it is still its owner's: between a look and a deletion of its own, it could become another's. */
const RELEASE = "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end return 0";

/** Takes a lock that ends by itself after `ttlMs` milliseconds; null where somebody holds it. Rejects where Redis does. */
export async function takeLock(client: RedisClient, name: string, { owner, ttlMs }: { owner: string; ttlMs: number }): Promise<unknown> {
  const options = { condition: 'NX', expiration: { type: 'PX', value: ttlMs } } as const;
  return client.set(name, owner, options);
}

/** Gives a lock back, if it is still this owner's. Rejects where Redis does. */
export async function releaseLock(client: RedisClient, name: string, owner: string): Promise<unknown> {
  return client.eval(RELEASE, { keys: [name], arguments: [owner] });
}
