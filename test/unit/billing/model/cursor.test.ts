import fc from 'fast-check';
import { BILLS } from '../../../../src/billing/model/bills';
import { parseCursor as parseOf, toCursor as toCursorOf } from '../../../../src/billing/model/cursor';

const toCursor = (position: number): string => toCursorOf(position, BILLS);
const parseCursor = (cursor: unknown): number => parseOf(cursor, 'after', BILLS);

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
    ['what would be made of no number', toCursor(Number.NaN)],
    ['what would be made of a fraction', toCursor(1.5)],
    ['what would be made of a negative number', toCursor(-1)],
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

  it.each([
    [0, 'djE6MDo2NXlvaQ'],
    [20, 'djE6MjA6dXE0NXVj'],
    [999_999_999, 'djE6OTk5OTk5OTk5OjF0ZGpxMzk'],
  ])('of the invoice at %d is what earlier versions made, and is accepted', (position, cursor) => {
    expect(toCursor(position)).toBe(cursor);
    expect(parseCursor(cursor)).toBe(position);
  });

  it.each([[0], [{ length: 3 }], [['djE6MjA6dXE0NXVj']], [Buffer.from('djE6MjA6dXE0NXVj')], [true], [null]])(
    'is text: %j is refused',
    (cursor) => {
      expect(() => parseCursor(cursor)).toThrow(refused);
    },
  );

  it('names its list, and is refused by every other one, whichever has met it before', () => {
    const name = fc.stringMatching(/^[a-z][a-z-]{0,31}$/);
    fc.assert(
      fc.property(name, name, fc.nat({ max: 999_999_999 }), (one, other, position) => {
        fc.pre(one !== other);
        const cursor = toCursorOf(position, { name: one });
        expect(parseOf(cursor, 'after', { name: one })).toBe(position);
        expect(() => parseOf(cursor, 'after', { name: other })).toThrow(refused);
        expect(parseOf(cursor, 'after', { name: one })).toBe(position);
        if (one !== BILLS.name) expect(() => parseCursor(cursor)).toThrow(refused);
        expect(() => parseOf(toCursor(position), 'after', { name: other === BILLS.name ? 'x' : other })).toThrow(refused);
      }),
    );
  });
});
