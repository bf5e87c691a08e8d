import type { CacheObserver } from '../../telemetry/observers/cache-observer';
import type { OutageListener } from './health/outage';
import type { RedisTls } from './redis-client';

/** Settings of the Redis store. */
export interface RedisStoreOptions {
  /** One address of a Redis or Valkey, or of a cluster; several nodes of a cluster; or the Sentinels of a primary. */
  readonly urls: readonly string[];
  readonly tls?: RedisTls;
  readonly observer: CacheObserver;
  /** Called when entries cannot be read. */
  readonly reads: OutageListener;
  /** Called when entries can be read but not written: no memory left, a replica, a user without the right. */
  readonly writes: OutageListener;
  /** Called when the user lacks the permissions that locks need. */
  readonly locks?: OutageListener;
  /** Called when a node of a cluster cannot be used, though others can. */
  readonly nodes?: OutageListener;
  /** How long an operation waits for Redis in all, in milliseconds. A response that takes more than a third of it is late. */
  readonly waitLimitMs: number;
}
