import { holdsTokenPart, tellsToken } from '../../../../src/telemetry/redaction/contains-token';
import { toToldName } from '../../../../src/telemetry/redaction/reported-name';

describe('The name of an operation', () => {
  it('is told where it is one that stands in source code', () => {
    for (const name of ['Bills', 'InvoicesOf2026', '_', 'x'.repeat(64)]) expect(toToldName(name, 'a-token')).toBe(name);
    expect(toToldName('Bills', undefined)).toBe('Bills');
  });

  it.each([
    ['none', undefined],
    ['one that is too long', 'x'.repeat(65)],
    ['one with what may be an identifier', 'Customer80012'],
    ['the token itself', 'eyJhbGciOiJIUzI1NiJ9'],
    ['a part of the token', 'hbGciOiJIUzI1NiJ'],
    ['the token with something around it', '_eyJhbGciOiJIUzI1NiJ9_'],
  ])('is not told: %s', (_what, name) => {
    expect(toToldName(name, 'eyJhbGciOiJIUzI1NiJ9')).toBeNull();
  });
});

describe('A text that a caller chose', () => {
  it('tells the token whatever the scheme in front of it, and where no scheme is', () => {
    for (const credentials of ['Bearer abc', 'bearer   abc', 'Basic abc', 'abc']) expect(tellsToken('x-abc-y', credentials)).toBe(true);
  });

  it('tells nothing where there is no token, or where it only shares a few letters with it', () => {
    expect([tellsToken('abc', undefined), tellsToken('abc', ''), tellsToken('abc', 'Bearer '), tellsToken('abc', 'Bearer xabcx')]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('A part of a token', () => {
  const token = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789';

  it('is found in a text wherever 16 characters of it begin, and not where there are fewer', () => {
    for (let before = 0; before < 20; before++) {
      for (let from = 0; from + 16 <= token.length; from++) {
        const text = (length: number, after: number): string =>
          `${'-'.repeat(before)}${token.slice(from, from + length)}${'-'.repeat(after)}`;
        for (const after of [0, 1, 9]) {
          expect([text(16, after), holdsTokenPart(text(16, after), token)]).toEqual([text(16, after), true]);
          expect([text(15, after), holdsTokenPart(text(15, after), token)]).toEqual([text(15, after), false]);
        }
      }
    }
    expect(holdsTokenPart('x-ABCDEFGHIJKLMNOP', token)).toBe(true);
  });
});
