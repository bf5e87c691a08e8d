import { readErrorMessage } from '../../../../src/upstream/bills/error-message';

const address = new URL('https://billing.internal.example:8443/b2b/v2/');
const token = 'eyJhbGciOi.J9.c2VjcmV0';
const read = (body: unknown, at = address, secret = token) =>
  readErrorMessage(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), { token: secret, address: at });
const say = (message: unknown, at = address, secret = token) => read({ error: { message } }, at, secret);

describe("The message of the billing API's error", () => {
  it('is passed on where it is text', () => {
    expect(say('contractNumber is required.')).toBe('contractNumber is required.');
    expect(say('El número de contrato no es válido: «1/2»')).toBe('El número de contrato no es válido: «1/2»');
  });

  it('is cut where it is a document', () => {
    expect(say('x'.repeat(5000))).toHaveLength(500);
  });

  it.each([
    [{ error: { message: 5 } }],
    [{ error: { message: '' } }],
    [{ error: { message: '  ' } }],
    [{ error: { message: { text: 'a' } } }],
    [{ error: {} }],
    [{ error: null }],
    [{ error: 'text' }],
    [{ message: 'text' }],
    [[]],
    ['<html>'],
    [''],
    ['null'],
  ])('is not there in %j', (body) => {
    expect(read(body)).toBeNull();
  });

  it.each([
    `Token ${token} is not allowed here`,
    `Authorization: Bearer ${token}`,
    'Upstream billing.internal.example refused',
    'GET https://BILLING.internal.example:8443/b2b/v2/customers/RUC/1/bills',
    'no route for /b2b/v2/customers/RUC/1/bills',
    'TypeError: x is not a function\n    at handler (/srv/app/bills.js:10:5)',
    `${'x'.repeat(490)}${token}`,
  ])('is dropped whole where it tells the token, the address or a stack: %.60s', (message) => {
    expect(say(message)).toBeNull();
  });

  it('may hold an everyday word that is also the name of the host, but not its address', () => {
    const short = new URL('http://billing:8080');
    expect(say('The billing period is not valid.', short)).toBe('The billing period is not valid.');
    expect(say('http://billing/customers is gone', short)).toBeNull();
    expect(say('billing:8080 is gone', short)).toBeNull();
    expect(say('connect to 10.0.0.7 failed', new URL('http://10.0.0.7:9000'))).toBeNull();
  });

  it('may hold a word that a short token is a part of, but not the token', () => {
    expect(say('A contract is missing.', address, 'act')).toBe('A contract is missing.');
    expect(say('The token "act" is unknown.', address, 'act')).toBeNull();
  });
});
