import type { AttemptFailure } from '../../../../src/upstream/errors/failures';
import {
  isOutage,
  isTransient,
  parseRetryAfter,
  timedOut,
  toFailure as toFailureOf,
  toReason,
  unreachable,
} from '../../../../src/upstream/errors/failures';

const toFailure = (status: number, message: string | null, retryAfter: string | undefined, isErrorBody = true): AttemptFailure =>
  toFailureOf(status, { message, retryAfter, isErrorBody });

describe('toFailure', () => {
  it.each([
    [400, 'invalid-input'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [429, 'rate-limited'],
    [201, 'unavailable'],
    [204, 'unavailable'],
    [206, 'unavailable'],
    [301, 'unavailable'],
    [302, 'unavailable'],
    [304, 'unavailable'],
    [307, 'unavailable'],
    [402, 'unavailable'],
    [405, 'unavailable'],
    [410, 'unavailable'],
    [422, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
    [599, 'unavailable'],
  ])('reads the status %i as %s', (status, failure) => {
    expect(toFailure(status, null, undefined).failure).toBe(failure);
  });

  it('passes on the message of a 400 alone', () => {
    expect(toFailure(400, 'quantity must not be more than 100.', undefined).message).toBe('quantity must not be more than 100.');
    for (const status of [401, 403, 429, 500]) expect(toFailure(status, 'inner words', undefined).message).not.toContain('inner words');
  });

  it('says how long to wait where a 429 says so', () => {
    expect(toFailure(429, null, '7').details).toEqual({ retryAfterSeconds: 7 });
    expect(toFailure(429, null, undefined).details).not.toHaveProperty('retryAfterSeconds');
    expect(toFailure(429, null, 'soon').details).not.toHaveProperty('retryAfterSeconds');
  });
});

describe('a failed attempt', () => {
  it.each([502, 503, 504, 520, 521, 522, 523, 524])('is an outage, and tried again, with status %i', (status) => {
    expect([isOutage, isTransient].map((is) => is(toFailure(status, null, undefined)))).toEqual([true, true]);
  });

  it.each([400, 401, 403, 410, 500, 501, 525, 599])('is neither with status %i', (status) => {
    expect([isOutage, isTransient].map((is) => is(toFailure(status, null, '1')))).toEqual([false, false]);
  });

  it('of status 408 is tried again, and is no outage: the server has answered', () => {
    expect([isOutage, isTransient].map((is) => is(toFailure(408, null, undefined)))).toEqual([false, true]);
  });

  it('of status 429 is tried again only where the billing API says when', () => {
    expect(isTransient(toFailure(429, null, undefined))).toBe(false);
    expect(isTransient(toFailure(429, null, '0'))).toBe(true);
    expect(isOutage(toFailure(429, null, '0'))).toBe(false);
  });

  it('has a reason for the operator', () => {
    expect(toReason(toFailure(503, null, undefined))).toBe('status 503');
    expect(toReason(toFailure(403, null, undefined))).toBe('status 403');
    expect(toReason(toFailure(403, null, undefined, false))).toBe('403 without an errorBody');
    expect(toReason(unreachable(Object.assign(new Error('10.0.0.1'), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })))).toBe(
      'no connection: UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    );
    expect(toReason(timedOut('no whole answer within 5 ms'))).toBe('no whole answer within 5 ms');
    expect(toReason(new TypeError('x'))).toBe('TypeError');
  });

  it('of status 400 tells whether the billing API itself has answered', () => {
    expect(toReason(toFailure(400, null, undefined))).toBe('status 400');
    expect(toReason(toFailure(400, null, undefined, false))).toBe('400 without an errorBody');
  });

  it.each([
    [undefined, true],
    ['Bearer realm="bills", error="invalid_token"', true],
    ['Basic realm="x", bearer', true],
    ['Key realm="kong"', false],
    ['AzureApiManagementKey realm="https://apim.example"', false],
  ])('of status 401 with WWW-Authenticate: %s blames the token: %j', (challenge, blamesToken) => {
    const failure = toFailureOf(401, { message: null, retryAfter: undefined, isErrorBody: false, challenge });
    expect(failure.failure).toBe('unauthenticated');
    expect(failure.message.includes('token')).toBe(blamesToken);
    expect(toReason(failure)).toBe(blamesToken ? 'status 401' : '401 that asks for other credentials than a bearer token');
  });

  it('of status 403 speaks of the token only where the billing API itself has answered', () => {
    expect(toFailure(403, null, undefined).message).toContain('token');
    expect(toFailure(403, null, undefined, false).message).not.toContain('token');
    expect(toFailure(403, null, undefined, false).failure).toBe('forbidden');
  });
});

describe('parseRetryAfter', () => {
  const now = Date.parse('2025-06-01T00:00:00Z');

  it.each([
    ['0', 0],
    ['120', 120],
    ['Sun, 01 Jun 2025 00:00:30 GMT', 30],
    ['Sat, 31 May 2025 23:59:00 GMT', 0],
    ['Sunday, 01-Jun-25 00:00:40 GMT', 40],
    ['Sun Jun  1 00:00:50 2025', 50],
    ['5, 7', 7],
    ['Sun, 01 Jun 2025 00:00:30 GMT, 20', 30],
    ['20, Sun Jun  1 00:00:50 2025', 50],
    ['7, soon', 7],
    ['7 s', null],
    ['', null],
    ['soon', null],
    ['-5', null],
    ['1.5', null],
    ['99999999999999999999', null],
    ['86400', 86_400],
    ['999999999', 86_400],
    ['Wed, 21 Oct 2099 07:28:00 GMT', 86_400],
    [undefined, null],
  ])('reads %j as %j', (value, seconds) => {
    expect(parseRetryAfter(value, now)).toBe(seconds);
  });
});
