import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { monotonicMs } from '../../../../src/runtime/clock';
import { BucketLimiter } from '../../../../src/cache/rate-limit/call-limiter';
import { CorsHeaders } from '../../../../src/http/request/cors-headers';
import { Exchange } from '../../../../src/http/request/exchange';
import { MIN_COMPRESSED_BYTES } from '../../../../src/http/response/compression';
import type { Completed } from '../../../../src/http/response/completed';
import { DerivedForms } from '../../../../src/http/response/derived-forms';
import { respond, type RespondOptions } from '../../../../src/http/response/respond';
import type { OperationRecord } from '../../../../src/telemetry/observers/operation-observer';
import { AcceptedTokenSet } from '../../../../src/upstream/resilience/accepted-tokens';
import { toCaller, until } from '../../../support/cache-fixtures';
import { toCompleted } from '../../../support/completed';
import { openConnection } from '../../../support/raw-bytes';
import { requestRaw } from '../../../support/raw-request';

const LARGE = 'x'.repeat(MIN_COMPRESSED_BYTES);
const caller = toCaller('a-token');
const acceptedTokens = new AcceptedTokenSet();

describe('The response to a request', () => {
  let completed: Completed;
  let options: RespondOptions;
  let records: OperationRecord[];
  let hasToken: boolean;
  /** What happens before the response. */
  let before: (exchange: Exchange) => Promise<unknown> | undefined;
  const server = createServer((request, response) => {
    const arrival = { request, response, body: Buffer.alloc(0), caller: hasToken ? caller : null, isAccepted: false };
    const exchange = new Exchange({ ...arrival, startedMs: performance.now() }, { acceptedTokens, hasPage: false });
    Promise.resolve(before(exchange)).then(
      () => respond(exchange, completed, options),
      () => undefined,
    );
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  beforeEach(() => {
    records = [];
    hasToken = true;
    before = () => undefined;
    completed = toCompleted('{"data":null}', { freshness: { freshUntilMs: monotonicMs() + 3_600_000, stale: false } });
    const listed = { allow: ['access-control-allow-origin', 'https://a.example'], vary: ['vary', 'origin'] };
    options = {
      cors: new CorsHeaders(new Map([['https://a.example', listed]]), { allow: [], vary: ['vary', 'origin'] }),
      vary: 'accept, authorization',
      isCompressed: true,
      observer: { operationEnded: (record) => records.push(record) },
      acceptedTokens,
      watchUnsent: () => undefined,
    };
  });

  const port = (): number => (server.address() as AddressInfo).port;
  const ask = (method: string, headers: Readonly<Record<string, string>> = {}) => requestRaw(port(), { method, path: '/', headers });

  it('has the id of the request, its own headers, the type and the length', async () => {
    completed = { ...completed, status: 400, headers: ['x-own', '1'], freshness: { freshUntilMs: null, stale: false } };
    const { status, headers, text } = await ask('POST', { 'x-request-id': 'an-id' });
    expect([status, text]).toEqual([400, '{"data":null}']);
    expect(headers).toMatchObject({
      'x-request-id': 'an-id',
      'x-own': '1',
      'content-type': completed.mediaType,
      'content-length': '13',
      'cache-control': 'no-store',
      vary: 'origin',
    });
    for (const absent of ['etag', 'accept-query', 'ratelimit', 'access-control-allow-origin']) expect(headers[absent]).toBeUndefined();
  });

  it('says what it depends on where it may be stored, and which page may read it', async () => {
    const { headers } = await ask('POST', { origin: 'https://a.example' });
    expect(headers).toMatchObject({ vary: 'accept, authorization', 'access-control-allow-origin': 'https://a.example' });
    expect(headers['cache-control']).toMatch(/^private, max-age=3(600|599)$/);
  });

  it('tells whoever does not send a POST, or not JSON, what a QUERY may be', async () => {
    expect((await ask('GET')).headers['accept-query']).toBe('application/json');
    completed = { ...completed, status: 415 };
    expect((await ask('POST')).headers['accept-query']).toBe('application/json');
  });

  it('can be validated where the method may be cached, and has no body where the client has it', async () => {
    const { etag } = (await ask('GET')).headers;
    expect(etag).toMatch(/^W\//);
    const known = await ask('GET', { 'if-none-match': String(etag) });
    expect([known.status, known.text, known.headers['content-type'], known.headers['content-length']]).toEqual([
      304,
      '',
      undefined,
      undefined,
    ]);
    expect((await ask('POST', { 'if-none-match': String(etag) })).status).toBe(200);
  });

  it('says how many calls are left, where they are limited', async () => {
    const clock = { monotonicMs: () => 0, epochMs: () => 0 };
    options = { ...options, limiter: new BucketLimiter({ callsPerMinute: 10, secret: null, shared: null, clock }) };
    expect((await ask('POST')).headers['ratelimit']).toBe('"default";r=10;t=0');
  });

  it.each(['br', 'gzip'] as const)('is compressed for a client that accepts it, if it is large: %s', async (coding) => {
    const decode = coding === 'br' ? brotliDecompressSync : gunzipSync;
    const isCoded = async (changed: Partial<Completed>, method = 'POST'): Promise<boolean> => {
      completed = { ...completed, ...changed };
      const { headers, bytes } = await ask(method, { 'accept-encoding': coding });
      expect(headers['content-length']).toBe(String(bytes.length));
      if (headers['content-encoding'] === undefined) return false;
      expect(headers['content-encoding']).toBe(coding);
      expect(decode(bytes).toString()).toBe(String(completed.body));
      return true;
    };
    expect(await isCoded({ body: LARGE })).toBe(true);
    expect(await isCoded({ body: Buffer.from(LARGE) })).toBe(true);
    expect(await isCoded({ body: LARGE }, 'GET')).toBe(true);
    expect(await isCoded({ body: LARGE.slice(1) })).toBe(false);
    options = { ...options, isCompressed: false };
    expect(await isCoded({ body: LARGE })).toBe(false);
  });

  it('depends on the accepted codings where it is large, whether it is compressed or not', async () => {
    const varies = async (body: string): Promise<unknown> => {
      completed = { ...completed, body };
      return (await ask('POST')).headers['vary'];
    };
    expect(await varies(LARGE)).toBe('accept, authorization, accept-encoding');
    expect(await varies(LARGE.slice(1))).toBe('accept, authorization');
    options = { ...options, isCompressed: false };
    expect(await varies(LARGE)).toBe('accept, authorization');
  });

  it('is not compressed where the client has it', async () => {
    completed = { ...completed, body: LARGE };
    const coded = { 'accept-encoding': 'gzip' };
    const { etag } = (await ask('GET', coded)).headers;
    const known = await ask('GET', { ...coded, 'if-none-match': String(etag) });
    expect([known.status, known.headers['content-encoding'], known.text]).toEqual([304, undefined, '']);
  });

  it('is compressed once where it is cached', async () => {
    let added = 0;
    completed = { ...completed, body: LARGE, derived: new DerivedForms(() => added++) };
    for (let count = 0; count < 3; count++) {
      const { bytes, headers } = await ask('POST', { 'accept-encoding': 'gzip' });
      expect([gunzipSync(bytes).toString(), headers['content-encoding']]).toEqual([LARGE, 'gzip']);
    }
    expect(added).toBe(1);
  });

  it('is recorded with what is known of the request', async () => {
    completed = { ...completed, codes: ['A'], outcome: 'partial', client: { name: 'cached', version: null } };
    await ask('POST', { 'x-request-id': 'an-id' });
    expect(records).toEqual([
      expect.objectContaining({ requestId: 'an-id', status: 200, outcome: 'partial', codes: ['A'], client: completed.client, cached: 1 }),
    ]);
    expect(records[0]!.durationMs).toBeGreaterThan(0);
    await ask('POST', { 'apollographql-client-name': 'web' });
    expect(records[1]!.client).toEqual({ name: 'web', version: null });
    completed = { ...completed, outcome: null };
    await ask('GET');
    expect(records).toHaveLength(2);
  });

  it('is recorded as that of an accepted token where the token is, or has cached data', async () => {
    const isAccepted = async (cached: number, isKnown = true): Promise<boolean> => {
      hasToken = isKnown;
      completed = { ...completed, cost: { calls: 0, merged: 0, cached, stale: 0 } };
      await ask('POST');
      return records.at(-1)!.isAccepted;
    };
    expect([await isAccepted(0), await isAccepted(1), await isAccepted(1, false)]).toEqual([false, true, false]);
    acceptedTokens.accept(caller);
    expect(await isAccepted(0)).toBe(true);
  });

  it.each(['', 'gzip'])('is not sent to a client that has gone, and is recorded as aborted, without errors: %j', async (coding) => {
    completed = { ...completed, body: LARGE, codes: ['A'], outcome: 'failed' };
    let hasCome = false;
    before = ({ request }) =>
      new Promise<void>((resolve) => {
        hasCome = true;
        request.socket.on('close', () => resolve());
      });
    const { socket } = openConnection(port());
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${coding && `Accept-Encoding: ${coding}\r\n`}\r\n`);
    await until(() => hasCome);
    socket.destroy();
    await until(() => records.length > 0);
    expect(records).toEqual([expect.objectContaining({ outcome: 'aborted', codes: [] })]);
  });
});
