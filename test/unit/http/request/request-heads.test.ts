import type { IncomingHttpHeaders } from 'node:http';
import { toClientLibrary, toNamedClient } from '../../../../src/http/request/client-name';
import { parseControls, parseMaxAge } from '../../../../src/http/request/request-controls';
import { toRequestId } from '../../../../src/http/request/request-id';
import { toTraceId, toTraceParent } from '../../../../src/http/request/trace-parent';

const TOKEN = 'AbCdEf0123456789.opaque-4bf92f3577b34da6a3ce929d0e0e4736_tail';
const authorization = `Bearer ${TOKEN}`;
/** Parts of the token that nobody may read elsewhere, as they are and in another case. */
const PARTS = [TOKEN, TOKEN.slice(3, 19), TOKEN.toLowerCase().slice(0, 16), `x.${TOKEN.slice(20, 40)}:y`, TOKEN.slice(-16)];

describe('The id of a request', () => {
  it.each(['a', '4bf92f35-77b3-4da6', 'A.b_c:d-9', 'x'.repeat(128), TOKEN.slice(0, 15), 'xeyJ'])('is the one that it has: %s', (id) => {
    expect([toRequestId({ 'x-request-id': id }), toRequestId({ 'x-request-id': id, authorization })]).toEqual([id, id]);
  });

  it.each(['', ' a', 'a b', 'a\nb', 'a"b', 'ñ', 'x'.repeat(129), 'eyJhbGciOi'])(
    'is a new one where that may not be written down: %j',
    (id) => {
      const made = [toRequestId({}), toRequestId({ 'x-request-id': id }), toRequestId({ 'x-request-id': id })];
      expect(new Set(made).size).toBe(3);
      for (const each of made) expect(each).toMatch(/^[0-9a-f]{12}-[0-9a-z]+$/);
      expect(made).not.toContain(id);
    },
  );

  it.each(PARTS)('is a new one where that has a part of the token: %s', (part) => {
    const id = part.replace(/[^\w.:-]/g, '');
    expect(toRequestId({ 'x-request-id': id, authorization })).not.toBe(id);
    expect(toRequestId({ 'x-request-id': id, authorization: TOKEN })).not.toBe(id);
    expect(toRequestId({ 'x-request-id': id, authorization: 'Bearer other' })).toBe(id);
  });
});

describe('The trace of a request', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const span = 'b7ad6b7169203331';
  const parent = `00-${trace}-${span}-01`;

  it.each([
    [parent, true],
    [`00-${trace}-${span}-00`, false],
    [`00-${trace}-${span}-03`, true],
    [`00-${trace}-${span}-f2`, false],
    [`cc-${trace}-${span}-01-more`, true],
  ])('is read from %s', (traceparent, isSampled) => {
    const state = 'vendor=1,other=2';
    expect(toTraceParent({ traceparent, authorization, tracestate: state })).toEqual({ traceId: trace, spanId: span, isSampled, state });
    expect(toTraceParent({ traceparent })).toEqual({ traceId: trace, spanId: span, isSampled, state: null });
    expect(toTraceId({ traceparent })).toBe(trace);
  });

  it.each([
    undefined,
    '',
    `ff-${trace}-${span}-01`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}-1`,
    `00-${trace}-${span}-011`,
    `00-${trace}0-${span}-01`,
    `00-${trace}-${span.slice(1)}-01`,
    `0-${trace}-${span}-01`,
    ` ${parent}`,
    `x${parent}`,
  ])('is none in %j', (traceparent) => {
    expect([toTraceParent({ traceparent }), toTraceId({ traceparent })]).toEqual([null, null]);
  });

  it.each([
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${span}-01`,
    `00-${trace}-4bf92f3577b34da6-01`,
    `00-00004bf92f3577b34da6000000000000-${span}-01`,
  ])('is none where it has a part of the token: %s', (traceparent) => {
    expect(toTraceParent({ traceparent, authorization })).toBeNull();
    expect(toTraceParent({ traceparent, authorization: authorization.toUpperCase() })).toBeNull();
    expect(toTraceParent({ traceparent, authorization: 'Bearer other' })).not.toBeNull();
  });

  it.each([TOKEN, TOKEN.slice(3, 19), TOKEN.slice(-16), `x${TOKEN}x`])('has no state with a part of the token: %s', (part) => {
    for (const state of [part, `a=1,b=${part}`, `${part}=1`, `a=1;b:2 \t${part};c`])
      expect(toTraceParent({ traceparent: parent, tracestate: state, authorization })).toEqual({
        traceId: trace,
        spanId: span,
        isSampled: true,
        state: null,
      });
  });
});

describe('The client of a request', () => {
  const named = (name: unknown, version?: string, more: IncomingHttpHeaders = {}): unknown => {
    const headers = { 'apollographql-client-name': name as string | undefined, 'apollographql-client-version': version, ...more };
    const library = toClientLibrary({ clientLibrary: { name, version } }, more);
    const client = toNamedClient(headers);
    expect(client).toEqual(library);
    return client;
  };

  it('is what it calls itself, with its version', () => {
    expect(named('@apollo/client web', '4.0.1+b')).toEqual({ name: '@apollo/client web', version: '4.0.1+b' });
    expect(named('x'.repeat(64), '1', { authorization })).toEqual({ name: 'x'.repeat(64), version: '1' });
    for (const version of [undefined, '', '12345', 'a"b', TOKEN.slice(0, 16)])
      expect(named('web', version, { authorization })).toEqual({ name: 'web', version: null });
  });

  it.each([undefined, '', 'a\nb', 'a"b', '<a>', 'ñ', 'x'.repeat(65), 'user 12345', ...PARTS])(
    'is none that may not be told: %j',
    (name) => {
      expect(named(name, '1', { authorization })).toBeNull();
    },
  );

  it.each([undefined, null, 'web', 1, { name: 1 }, { version: '1' }])('is no library where it says %j', (clientLibrary) => {
    expect([toClientLibrary({ clientLibrary }, {}), toClientLibrary(undefined, {})]).toEqual([null, null]);
  });
});

describe('What a request asks for beside its operation', () => {
  const defaults = { deadlineMs: 1000, alwaysTraced: false };

  it('is nothing without a header', () => {
    const nothing = { deadlineMs: 1000, traced: false, detailed: false, dryRun: false, maxAgeSeconds: null };
    expect(parseControls({}, defaults)).toEqual(nothing);
    expect(parseControls({ 'x-billing-trace': '2', 'cache-control': 'private' }, defaults)).toEqual(nothing);
    expect(parseControls({}, { ...defaults, alwaysTraced: true })).toEqual({ ...nothing, traced: true });
  });

  it('is its cost, in sums or by call, and what an operation would cost', () => {
    const of = (headers: IncomingHttpHeaders) => parseControls(headers, defaults);
    expect(of({ 'x-billing-trace': '1' })).toMatchObject({ traced: true, detailed: false });
    expect(of({ 'x-billing-trace': 'calls' })).toMatchObject({ traced: true, detailed: true });
    expect(of({ 'x-billing-dry-run': '1' })).toMatchObject({ dryRun: true });
    for (const value of ['', '0', 'true', '11']) expect(() => of({ 'x-billing-dry-run': value })).toThrow('must be 1');
  });

  it('is less time than there is, and never more', () => {
    const of = (value: string): number => parseControls({ 'x-request-timeout-ms': value }, defaults).deadlineMs;
    expect(['1', '007', '999', '1000', '1001', '9'.repeat(15)].map(of)).toEqual([1, 7, 999, 1000, 1000, 1000]);
    for (const value of ['', '0', '000', '-1', '1.5', '1e3', '1s', ' 1', '9'.repeat(16)])
      expect(() => of(value)).toThrow('a whole number of milliseconds from 1 on');
  });

  it.each([
    [undefined, null],
    ['', null],
    ['no-cache', 0],
    ['No-Store', 0],
    ['max-age=60', 60],
    ['max-age="60"', 60],
    ['private, MAX-AGE=60 , max-stale', 60],
    ['max-age=60, max-age=5', 5],
    ['max-age=5, max-age=60', 5],
    ['max-age=5, no-cache', 0],
    ['max-age', null],
    ['max-age=', null],
    ['max-age=1.5', null],
    ['max-age=-1', null],
    ['x-max-age=5', null],
    ['max-age=5x', null],
    ['no-cache="set-cookie"', null],
  ])('is a response of a certain age: %j', (cacheControl, seconds) => {
    expect(parseMaxAge(cacheControl)).toBe(seconds);
  });
});
