import { JSON_TYPE } from '../../src/http/request/media-types';
import type { Completed } from '../../src/http/response/completed';

/** A response to an operation that took nothing but cached parts, fresh until 1,000 ms. */
export function toCompleted(body: string, changed: Partial<Completed> = {}): Completed {
  return {
    path: 'compiled',
    status: 200,
    headers: [],
    mediaType: JSON_TYPE,
    body,
    freshness: { freshUntilMs: 1000, stale: false },
    outcome: 'ok',
    codes: [],
    operationName: null,
    operationType: null,
    cost: { calls: 0, merged: 0, cached: 1, stale: 0 },
    client: null,
    reads: [],
    ...changed,
  };
}
