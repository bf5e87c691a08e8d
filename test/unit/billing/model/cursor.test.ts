import fc from 'fast-check';
import { parseCursor, toCursor } from '../../../../src/billing/model/cursor';

const refused = '`after` must be a cursor taken from `endCursor` or `edges.cursor` of an earlier page.';
const encode = (text: string): string => Buffer.from(text, 'latin1').toString('base64url');

describe('A cursor', () => {
  it('comes back as the position that it was made for', () => {
    fc.assert(fc.property(fc.nat({ max: 999_999_999 }), (position) => expect(parseCursor(toCursor(position))).toBe(position)));
  });

  it('is one text a position, fit for a URL', () => {
    fc.assert(
      fc.property(fc.nat({ max: 999_999_999 }), fc.nat({ max: 999_999_999 }), (a, b) => expect(toCursor(a) === toCursor(b)).toBe(a === b)),
    );
    expect(toCursor(999_999_999)).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  it('is refused when any one character was changed, taken away or added', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 999_999_999 }),
        fc.nat(),
        fc.constantFrom(...Array.from('ABCxyz019-_=+/ ')),
        (position, place, character) => {
          const cursor = toCursor(position);
          const at = place % cursor.length;
          for (const forged of [
            cursor.slice(0, at) + character + cursor.slice(at + 1),
            cursor.slice(0, at) + cursor.slice(at + 1),
            cursor.slice(0, at) + character + cursor.slice(at),
          ]) {
            if (forged !== cursor) expect(() => parseCursor(forged)).toThrow(refused);
          }
        },
      ),
    );
  });

  it.each([
    ['empty text', ''],
    ['a plain number', '20'],
    ['a position without its checksum', encode('v1:20')],
    ['a wrong checksum', encode('v1:20:abc')],
    ['a negative position', encode('v1:-1:abc')],
    ['leading zeros', encode('v1:020:abc')],
    ['a position past the largest', toCursor(1_000_000_000)],
    ['other digits', encode('v1:٢:abc')],
    ['a long text', 'A'.repeat(10_000)],
    ['padding', `${toCursor(20)}=`],
    ['a number', 20],
    ['an object', {}],
  ])('is refused where it is %s', (_what, cursor) => {
    expect(() => parseCursor(cursor)).toThrow(refused);
  });

  it('is refused whatever text is sent instead', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => expect(() => parseCursor(text)).toThrow(refused)));
  });
});
