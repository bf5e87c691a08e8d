import { Caller } from '../../src/billing/model/caller';
import type { HttpAnswer } from '../../src/upstream/http/http-response';
import type { TransportRequest } from '../../src/upstream/http/request-head';
import { createTransport, type Transport, type TransportOptions } from '../../src/upstream/http/transport';

/** A transport to a test's own upstream; two connections and no limit that a test would meet, unless it says otherwise. */
export function openTransport(url: string, options: Partial<TransportOptions> = {}): Transport {
  return createTransport({
    baseUrl: new URL(url),
    connections: { max: 2 },
    sharing: 'shared',
    maxAgeMs: 300_000,
    proxy: null,
    tlsFiles: null,
    userAgent: 'test',
    compression: 'none',
    headers: [],
    correlationHeader: null,
    maxBodyBytes: 1024 * 1024,
    timeoutMs: 10_000,
    ...options,
  });
}

/** Sends a request, for who waits for a promise. */
export function sendGet(transport: Transport, request: TransportRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => transport.send(request, { answered: resolve, failed: reject }));
}

/** A request with this token. */
export function requestOf(path: string, token = 'a-token', others: Partial<TransportRequest> = {}): TransportRequest {
  return {
    path,
    caller: Caller.parse(`Bearer ${token}`) as Caller,
    startedMs: performance.now(),
    signal: new AbortController().signal,
    ...others,
  };
}
