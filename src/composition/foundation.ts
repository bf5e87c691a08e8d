import type { CallerCaches } from '../billing/ports/caller-caches';
import type { Config } from '../config/config';
import type { ByteBudget } from '../runtime/byte-budget';
import type { Log } from '../telemetry/logs/log';
import type { Metrics } from '../telemetry/metrics/metrics';
import type { UpstreamObserver } from '../telemetry/observers/upstream-observer';
import type { OpenedResources } from './opened-resources';

/** What all parts of the gateway are made from. */
export interface Foundation {
  readonly config: Config;
  /** The billing API's address: the configured one, or the embedded API's. */
  readonly baseUrl: URL;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Told of everything that happens between the gateway and the billing API. */
  readonly observer: UpstreamObserver;
  /** All caches of the process, so that a refused token is evicted from each. */
  readonly caches: CallerCaches;
  /** Bounds the memory that responses of the billing API take. */
  readonly memory: ByteBudget;
  readonly opened: OpenedResources;
}
