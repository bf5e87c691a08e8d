import { Callers } from '../../../../src/http/request/callers';

const LARGE = { maxCallers: 100, maxCharacters: 10_000 };
const identityOf = (callers: Callers, ...of: Parameters<Callers['of']>): string => callers.of(...of)!.identity;

describe('The callers of requests', () => {
  it('are one object for equal headers, and never one for others', () => {
    const callers = new Callers();
    const names = ['Bearer a', 'Bearer b', 'bearer a', 'Bearer a=', 'Bearer aa'];
    const found = names.map((name) => callers.of(name));
    expect(found.map((caller) => caller?.authorization)).toEqual(names);
    expect(new Set(found).size).toBe(names.length);
    expect(names.map((name) => callers.of(name))).toEqual(found);
    for (const [index, name] of names.entries()) expect(callers.of(name)).toBe(found[index]);
    expect([callers.size, callers.characters]).toEqual([names.length, names.join('').length]);
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Basic a', 'Bearer a b'])(
    'are none for %p, and nothing is remembered of it',
    (authorization) => {
      const callers = new Callers(LARGE, ['x-channel']);
      expect([callers.of(authorization), callers.of(authorization, { 'x-channel': '1' })]).toEqual([null, null]);
      expect([callers.size, callers.characters]).toEqual([0, 0]);
    },
  );

  it('are told apart by the headers that are forwarded, and by no others', () => {
    const callers = new Callers(LARGE, ['x-channel', 'x-brand']);
    const requests = [
      {},
      { 'x-channel': '1' },
      { 'x-channel': '2' },
      { 'x-brand': '1' },
      { 'x-channel': '1', 'x-brand': '1' },
      { 'x-channel': '' },
    ];
    const found = requests.map((headers) => callers.of('Bearer a', headers));
    expect(found.map((caller) => caller?.forwarded)).toEqual([
      [],
      ['x-channel', '1'],
      ['x-channel', '2'],
      ['x-brand', '1'],
      ['x-channel', '1', 'x-brand', '1'],
      ['x-channel', ''],
    ]);
    expect(new Set(found.map((caller) => caller?.identity)).size).toBe(requests.length);
    for (const [index, headers] of requests.entries()) expect(callers.of('Bearer a', { ...headers, 'x-other': '3' })).toBe(found[index]);
    expect(callers.of('Bearer b', { 'x-channel': '1' })?.authorization).toBe('Bearer b');
    // No single header stands for several.
    expect(callers.of('["Bearer a","x-channel","1"]')).toBeNull();
    // Without any to forward, all of a token's requests are one caller's.
    const plain = new Callers(LARGE);
    expect(plain.of('Bearer a', { 'x-channel': '1' })).toBe(plain.of('Bearer a'));
  });

  it.each([
    ['so many', { maxCallers: 3, maxCharacters: 10_000 }],
    ['so many characters', { maxCallers: 100, maxCharacters: 3 * 'Bearer 0'.length }],
  ])('are %s at most, of which the oldest is forgotten first', (_what, bound) => {
    const callers = new Callers(bound);
    const [first, ...others] = [0, 1, 2].map((index) => callers.of(`Bearer ${index}`));
    expect([callers.size, callers.characters, callers.of('Bearer 0') === first]).toEqual([3, 24, true]);
    const fourth = callers.of('Bearer 3');
    expect([callers.size, callers.characters]).toEqual([3, 24]);
    expect([1, 2, 3].map((index) => callers.of(`Bearer ${index}`))).toEqual([...others, fourth]);
    const again = callers.of('Bearer 0');
    expect(again).not.toBe(first);
    expect(again?.identity).toBe(first?.identity);
    expect([callers.size, callers.characters]).toEqual([3, 24]);
  });

  it('are not remembered where one alone is too long, and are themselves all the same', () => {
    const callers = new Callers({ maxCallers: 10, maxCharacters: 10 }, ['x-channel']);
    const long = 'Bearer 12345678';
    expect(identityOf(callers, long)).toBe(identityOf(callers, long));
    expect(identityOf(callers, long, { 'x-channel': '1' })).not.toBe(identityOf(callers, long));
    expect([callers.size, callers.characters]).toEqual([0, 0]);
  });
});
