import { inspect } from 'node:util';
import { Caller } from '../../../../src/billing/model/caller';

describe('The caller of a request', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   abc', 'abc'],
    ['Bearer A-Z.a_z~0+9/==', 'A-Z.a_z~0+9/=='],
  ])('is who holds the token of %j', (header, token) => {
    expect(Caller.parse(header)).toMatchObject({ token, authorization: header });
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearerabc',
    'Basic abc',
    'xBearer abc',
    ' Bearer abc',
    'Bearer abc def',
    'Bearer abc,',
    'Bearer a=b',
  ])('is nobody where the header is %j', (header) => {
    expect(Caller.parse(header)).toBeNull();
  });

  it('never shows a token where it is printed', () => {
    const caller = Caller.parse('Bearer a-secret-token', ['x-channel', 'web']) as Caller;
    for (const text of [JSON.stringify({ caller }), inspect(caller), inspect({ caller }), JSON.stringify([caller])]) {
      expect(text).toContain('[caller]');
      expect(text).not.toContain('secret');
    }
  });

  it('has one identity for each token and each set of forwarded headers', () => {
    const identityOf = (token: string, forwarded?: readonly string[]) => (Caller.parse(`Bearer ${token}`, forwarded) as Caller).identity;
    expect(identityOf('one')).toBe(identityOf('one', []));
    const identities = [
      identityOf('one'),
      identityOf('two'),
      identityOf('one', ['a', 'b']),
      identityOf('one', ['a', 'c']),
      identityOf('one', ['a', 'b', 'a', 'c']),
    ];
    expect(new Set(identities).size).toBe(identities.length);
  });
});
