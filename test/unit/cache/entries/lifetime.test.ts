import { toLifetime } from '../../../../src/cache/entries/lifetime';
import { toExpiry } from '../../../../src/cache/keys/token-expiry';
import { toJwt } from '../../../support/cache-fixtures';

const nowMs = Date.UTC(2025, 6, 1, 12);
const limits = { ttlSeconds: 30, staleSeconds: 0 };

/** How long the answer is fresh, in seconds; 0 where it is not to be kept. */
function freshSeconds(headers: Record<string, string>, { found = true, expiresAtMs = Infinity, ttlSeconds = 30 } = {}): number {
  const lifetime = toLifetime(headers, found, expiresAtMs, { nowMs, limits: { ttlSeconds, staleSeconds: 0 } });
  return lifetime ? (lifetime.freshUntilMs - nowMs) / 1000 : 0;
}

describe('the life of an answer', () => {
  test.each<[string, Record<string, string>, number]>([
    ['the operator says, where the answer says nothing', {}, 30],
    ['the operator says, where the answer allows more', { 'cache-control': 'max-age=3600' }, 30],
    ['the answer allows, where that is less', { 'cache-control': 'max-age=5' }, 5],
    ['the answer allows, less its age', { 'cache-control': 'max-age=25', age: '20' }, 5],
    ['nothing, where it is older than it may become', { 'cache-control': 'max-age=25', age: '60' }, 0],
    ['the answer allows, where its age is none', { 'cache-control': 'max-age=25', age: 'old' }, 25],
    ['nothing, for no-store', { 'cache-control': 'no-store' }, 0],
    ['nothing, for no-store in whatever case', { 'cache-control': 'No-Store' }, 0],
    ['nothing, for no-store beside a lifetime', { 'cache-control': 'max-age=20, no-store' }, 0],
    ['nothing, for no-cache', { 'cache-control': 'no-cache' }, 0],
    ['nothing, for no-cache beside a lifetime', { 'cache-control': 'max-age=20,no-cache' }, 0],
    ['nothing, for no-cache after another directive', { 'cache-control': 'private, no-cache' }, 0],
    ['the answer allows, where its age has a unit', { 'cache-control': 'max-age=25', age: '20s' }, 25],
    ['nothing, for no-cache of some fields', { 'cache-control': 'no-cache="set-cookie"' }, 0],
    ['nothing, for max-age=0', { 'cache-control': 'max-age=0' }, 0],
    ['nothing, for a negative max-age', { 'cache-control': 'max-age=-5' }, 0],
    ['nothing, for a max-age that is no number', { 'cache-control': 'max-age=soon' }, 0],
    ['nothing, for a max-age without a number', { 'cache-control': 'max-age=' }, 0],
    ['the operator says, for private: the cache is per caller', { 'cache-control': 'private' }, 30],
    ['the answer allows, for private with a lifetime', { 'cache-control': 'private, max-age=7' }, 7],
    ['the private lifetime, and not the one for shared caches', { 'cache-control': 's-maxage=2, max-age=9' }, 9],
    ['the operator says, where only shared caches are told a lifetime', { 'cache-control': 's-maxage=2' }, 30],
    ['the answer allows, by its date of expiry', { date: new Date(nowMs).toUTCString(), expires: new Date(nowMs + 4000).toUTCString() }, 4],
    ['the date of expiry says, even without a date', { expires: new Date(nowMs + 4000).toUTCString() }, 4],
    ['nothing, for a date of expiry that is none', { expires: '0' }, 0],
    ['max-age, and not the date of expiry', { 'cache-control': 'max-age=6', expires: '0' }, 6],
    ['nothing, for the old no-cache', { pragma: 'no-cache' }, 0],
    ['nothing, for the old no-cache in whatever case', { pragma: 'No-Cache' }, 0],
    ['what cache-control says, where the old no-cache stands beside it', { pragma: 'no-cache', 'cache-control': 'private' }, 30],
    ['the answer allows, where its age only ends in digits', { 'cache-control': 'max-age=25', age: 'about 20' }, 25],
    ['nothing, where the answer varies by everything', { vary: '*' }, 0],
    ['nothing, where it varies by everything, with spaces around', { vary: ' * ' }, 0],
    ['nothing, where it varies by everything and has a lifetime', { vary: '*', 'cache-control': 'max-age=20' }, 0],
    ['nothing, where it varies by everything, and a proxy has added its own', { vary: '*, accept-encoding' }, 0],
    ['nothing, where it varies by everything after something else', { vary: 'accept-encoding, *', 'cache-control': 'max-age=20' }, 0],
    ['the least of several lifetimes', { 'cache-control': 'max-age=0, max-age=3600' }, 0],
    ['the least of several lifetimes, whichever comes first', { 'cache-control': 'max-age=9, private, max-age = "7", max-age=8' }, 7],
    ['nothing, where one of several lifetimes is no number', { 'cache-control': 'max-age=9, max-age=soon' }, 0],
    ['the answer allows, less the age that the last cache has added', { 'cache-control': 'max-age=25', age: '3, 20' }, 5],
    ['nothing, for no-store between semicolons', { 'cache-control': 'private; no-store' }, 0],
    ['nothing, for no-store after a space', { 'cache-control': 'max-age=20 no-store' }, 0],
    ['the answer allows, for directives that only begin alike', { 'cache-control': 'no-store-maybe, no-cached, max-age=20' }, 20],
    ['the answer allows, for one that only ends alike', { 'cache-control': 'max-age=20, x-max-age=0' }, 20],
    ['the operator says, where it varies by the token', { vary: 'authorization' }, 30],
    ['the operator says, for a directive that is not known', { 'cache-control': 'x-no-store-maybe' }, 30],
  ])('is what %s', (_rule, headers, seconds) => {
    expect(freshSeconds(headers)).toBe(seconds);
  });

  test('is never longer than the life of the token', () => {
    expect(freshSeconds({}, { expiresAtMs: nowMs + 2500 })).toBe(2.5);
    expect(freshSeconds({ 'cache-control': 'max-age=1' }, { expiresAtMs: nowMs + 2500 })).toBe(1);
    expect(freshSeconds({}, { expiresAtMs: nowMs })).toBe(0);
    expect(freshSeconds({}, { expiresAtMs: nowMs - 1 })).toBe(0);
    for (const expiresAtMs of [nowMs, nowMs - 1])
      expect(toLifetime({}, true, expiresAtMs, { nowMs, limits: { ttlSeconds: 30, staleSeconds: 100 } })).toBeNull();
  });

  test('is a few seconds for a contract that is not known, or less', () => {
    expect(freshSeconds({}, { found: false })).toBe(3);
    expect(freshSeconds({}, { found: false, ttlSeconds: 1 })).toBe(1);
    expect(freshSeconds({ 'cache-control': 'max-age=2' }, { found: false })).toBe(2);
    expect(freshSeconds({ 'cache-control': 'no-store' }, { found: false })).toBe(0);
  });
});

describe('the time past its life for which an answer may stand in', () => {
  const staleSeconds = (headers: Record<string, string>, { found = true, expiresAtMs = Infinity } = {}): number => {
    const lifetime = toLifetime(headers, found, expiresAtMs, { nowMs, limits: { ...limits, staleSeconds: 100 } });
    return lifetime ? (lifetime.staleUntilMs - lifetime.freshUntilMs) / 1000 : Number.NaN;
  };

  test.each<[string, Record<string, string>, number]>([
    ['what the operator says', {}, 100],
    ['what the answer allows, where that is less', { 'cache-control': 'max-age=5, stale-if-error=10' }, 10],
    ['what the operator says, where the answer allows more', { 'cache-control': 'stale-if-error=999' }, 100],
    ['what the answer allows, where that comes first, with spaces', { 'cache-control': 'stale-if-error = 10, max-age=5' }, 10],
    ['nothing, where that comes first', { 'cache-control': 'must-revalidate, max-age=5' }, 0],
    ['what the operator says, for a directive that only ends alike', { 'cache-control': 'x-must-revalidate, x-stale-if-error=3' }, 100],
    ['nothing, where the answer wants to be asked for again', { 'cache-control': 'max-age=5, Must-Revalidate' }, 0],
  ])('is %s', (_rule, headers, seconds) => {
    expect(staleSeconds(headers)).toBe(seconds);
  });

  test('ends with the token', () => {
    expect(staleSeconds({}, { expiresAtMs: nowMs + 35_000 })).toBe(5);
  });

  test('is none for a contract that is not known', () => {
    expect(staleSeconds({}, { found: false })).toBe(0);
  });
});

describe('when a token ends', () => {
  test('is what a JWT says, in seconds since the epoch', () => {
    expect(toExpiry(toJwt({ exp: 1_751_371_200 }))).toBe(1_751_371_200_000);
    expect(toExpiry(toJwt({ exp: 1_751_371_200.5 }))).toBe(1_751_371_200_500);
  });

  test.each([
    ['an opaque token', 'a1b2c3'],
    ['a JWT without the claim', toJwt({ sub: 'x' })],
    ['a claim that is no number', toJwt({ exp: '1751371200' })],
    ['a claim that is null', toJwt({ exp: null })],
    ['parts that are no JSON', 'aaaa.bbbb.cccc'],
    ['a payload that is no object', `e30.${Buffer.from('5').toString('base64url')}.x`],
    ['too many parts', 'a.b.c.d.e.f'],
    ['empty parts', '..'],
  ])('is not known for %s', (_case, token) => {
    expect(toExpiry(token)).toBe(Infinity);
  });
});
