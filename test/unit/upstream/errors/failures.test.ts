import { parseRetryAfter, toFailure } from '../../../../src/upstream/errors/failures';

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

describe('parseRetryAfter', () => {
  const now = Date.parse('2025-06-01T00:00:00Z');

  it.each([
    ['0', 0],
    ['120', 120],
    ['Sun, 01 Jun 2025 00:00:30 GMT', 30],
    ['Sat, 31 May 2025 23:59:00 GMT', 0],
    ['', null],
    ['soon', null],
    ['-5', null],
    ['1.5', null],
    ['99999999999999999999', null],
    [undefined, null],
  ])('reads %j as %j', (value, seconds) => {
    expect(parseRetryAfter(value, now)).toBe(seconds);
  });
});
