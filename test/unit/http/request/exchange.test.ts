import { IncomingMessage, ServerResponse, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { CallAdmission } from '../../../../src/billing/admission/call-admission';
import { BucketLimiter } from '../../../../src/cache/rate-limit/call-limiter';
import { Exchange, type Arrival, type ExchangeOptions } from '../../../../src/http/request/exchange';
import { CSV_TYPE, HTML_TYPE, JSON_TYPE } from '../../../../src/http/request/media-types';
import type { StartTrace } from '../../../../src/telemetry/observers/operation-observer';
import { AcceptedTokenSet } from '../../../../src/upstream/resilience/accepted-tokens';
import { toCaller } from '../../../support/cache-fixtures';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;

function toExchange(headers: IncomingHttpHeaders = {}, arrival: Partial<Arrival> = {}, options: Partial<ExchangeOptions> = {}): Exchange {
  const request = Object.assign(new IncomingMessage(new Socket()), { headers, method: 'POST' });
  const response = new ServerResponse(request);
  return new Exchange(
    { request, response, body: Buffer.from('{}'), caller: null, isAccepted: false, startedMs: 7, ...arrival },
    { acceptedTokens: new AcceptedTokenSet(), hasPage: false, ...options },
  );
}

describe('A request and its response', () => {
  it('have the body, or why it was not read', () => {
    const { body, bodyFault, bodyBytes } = toExchange({}, { body: Buffer.from('{"query":1}') });
    expect([body.toString(), bodyFault, bodyBytes]).toEqual(['{"query":1}', null, 11]);
    const late = toExchange({}, { body: 'too-late' });
    expect([late.body.length, late.bodyFault, late.bodyBytes]).toEqual([0, 'too-late', 0]);
  });

  it('have the id and the client that the headers name', () => {
    const { requestId, client } = toExchange({ 'x-request-id': 'an-id', 'apollographql-client-name': 'web' });
    expect([requestId, client]).toEqual(['an-id', { name: 'web', version: null }]);
    expect(toExchange().client).toBeNull();
  });

  it('have the media type that the client accepts; a page where it may be one, and errors of an export are JSON', () => {
    const typesOf = (accept: string, method = 'POST', hasPage = true) => {
      const request = Object.assign(new IncomingMessage(new Socket()), { headers: { accept }, method });
      const { mediaType, exportType } = toExchange({}, { request }, { hasPage });
      return [mediaType, exportType];
    };
    expect(typesOf('application/json')).toEqual([JSON_TYPE, null]);
    expect(typesOf('image/png')).toEqual([null, null]);
    expect(typesOf('text/csv')).toEqual([JSON_TYPE, CSV_TYPE]);
    expect(typesOf('text/html', 'GET')).toEqual([HTML_TYPE, null]);
    expect(typesOf('text/html', 'POST')).toEqual([null, null]);
    expect(typesOf('text/html', 'GET', false)).toEqual([null, null]);
  });

  it('are those of an accepted token from when it is accepted on, for their whole time', () => {
    const caller = toCaller('a-token');
    const acceptedTokens = new AcceptedTokenSet();
    const exchange = toExchange({}, { caller }, { acceptedTokens });
    expect(exchange.isAccepted).toBe(false);
    acceptedTokens.accept(caller);
    expect(exchange.isAccepted).toBe(true);
    acceptedTokens.refuse(caller);
    expect(exchange.isAccepted).toBe(true);
    expect(toExchange({}, { caller, isAccepted: true }).isAccepted).toBe(true);
    expect(toExchange({}, {}, { acceptedTokens }).isAccepted).toBe(false);
  });

  it('settle the calls of their operation with the token’s limit when it ends', async () => {
    const caller = toCaller('a-token');
    const limiter = new BucketLimiter({
      callsPerMinute: 10,
      secret: null,
      shared: null,
      clock: { monotonicMs: () => 0, epochMs: () => 0 },
    });
    const exchange = toExchange({}, { caller });
    exchange.endAdmission();
    exchange.admission = new CallAdmission(limiter, { caller, cached: 0 });
    exchange.admission.expect(() => 5);
    await exchange.admission.admit();
    expect(limiter.quotaOf(caller).remaining).toBe(5);
    exchange.endAdmission();
    expect(limiter.quotaOf(caller).remaining).toBe(9);
    expect(exchange.admission).toBeNull();
  });

  it('are gone once the client has closed the connection', () => {
    const exchange = toExchange();
    expect(exchange.isGone).toBe(false);
    exchange.request.socket.end();
    expect(exchange.isGone).toBe(true);
    const other = toExchange();
    other.response.destroy();
    expect(other.isGone).toBe(true);
  });

  it('are part of the trace that the request names, or of one that begins when it is first asked for', () => {
    const started: Parameters<StartTrace>[] = [];
    const span = { traceId: 'begun here' } as ReturnType<StartTrace>;
    const startTrace: StartTrace = (...of) => {
      started.push(of);
      return span;
    };
    expect([toExchange().traceId, toExchange().trace, toExchange({ traceparent: TRACEPARENT }).traceId]).toEqual([null, null, TRACE]);
    const traced = toExchange({ traceparent: TRACEPARENT }, {}, { startTrace });
    expect(started).toEqual([]);
    expect([traced.trace, traced.trace, traced.traceId]).toEqual([span, span, 'begun here']);
    expect(started).toEqual([[expect.objectContaining({ traceId: TRACE }), 7]]);
  });
});
