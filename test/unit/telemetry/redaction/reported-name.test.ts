import { tellsToken } from '../../../../src/telemetry/redaction/contains-token';
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
