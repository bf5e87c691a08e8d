import { isErrorBody, readErrorMessage } from '../../../../src/upstream/bills/error-message';

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

  it('is dropped where it is a document', () => {
    expect(say('x'.repeat(200))).toHaveLength(200);
    expect(say('x'.repeat(201))).toBeNull();
  });

  it('is not looked for in a body of more than 64 KiB', () => {
    const body = JSON.stringify({ error: { message: 'bad' } });
    expect(read(body.padEnd(64 * 1024))).toBe('bad');
    expect(read(body.padEnd(64 * 1024 + 1))).toBeNull();
  });

  it.each([
    ['300,000 newlines', JSON.stringify({ error: { message: '\n'.repeat(300_000) } })],
    ['30,000 newlines', JSON.stringify({ error: { message: '\n'.repeat(30_000) } })],
    ['8 MB of brackets', '['.repeat(8_000_000)],
    ['64 KiB of brackets', '['.repeat(64 * 1024)],
  ])('costs little where the body is %s', (_, body) => {
    const bytes = Buffer.from(body);
    const before = process.cpuUsage();
    expect(readErrorMessage(bytes, { token, address })).toBeNull();
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(500);
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
    `${'x'.repeat(100)}${token}`,
  ])('is dropped whole where it tells the token, the address or a stack: %.60s', (message) => {
    expect(say(message)).toBeNull();
  });

  it.each([
    `The token ends in ${token.slice(-16)}`,
    `key=${token.slice(3, 19)}`,
    `KEY=${token.slice(3, 19).toUpperCase()}`,
    'See https://docs.example.test/errors',
    'jdbc:postgresql://db/bills refused',
    'connect ECONNREFUSED db-1:5432',
    'refused by bills.svc.cluster.local',
    'no route to localhost',
    'connect to 10.1.2.3 failed',
    'connect to ::1 failed',
    'connect to fe80:0:0:0:1:2:3:4 failed',
    'NullPointerException at a.b.C(D.java:1)',
    'Exception in thread "main"',
    'java.lang.IllegalStateException: no bills',
    'File "x", line 1, in bills',
    'Traceback (most recent call last)',
    '#0 /x.php(1): bills()',
    'Stack trace: none',
    'goroutine 1 [running]',
    'failed in x.go:12',
    'TypeError at f (x.js:1:2)',
    'failed at A.B() in x.cs:line 1',
    // Each is known by one sign alone.
    'net use x:\\\\srv',
    'see //db/bills',
    'host db:80 refused',
    'connect to 192.168.100.200 failed',
    'connect to fe80:abcd:a2ab:b4cd:c6ef failed',
    'bad\n  at f',
    'failed at A.b(x)',
    'in <anonymous>',
    'failed (7:120:35)',
    'bills:line 7',
    'failed in x.go:1',
    '#3 {main}',
    '#12 bills() failed',
    'stacktrace: none',
    'failed on line 7',
  ])('is dropped whole where it tells a part of the token, an address or a frame: %s', (message) => {
    expect(say(message)).toBeNull();
  });

  it.each([
    'customerId must match ^[0-9]{1,10}$.',
    'The contract 12-345 has no bills for 2025-06.',
    'limit must be at least 1 (it is 0).',
    'The amount 1.5 is not whole; 10:30 is no date.',
    'Look at the due date (dd/mm/yyyy).',
    'The form is a:/b.',
    'The customer id:1234567 is not known.',
  ])('is passed on where it only looks a little like that: %s', (message) => {
    expect(say(message)).toBe(message);
  });

  it('may hold an everyday word that is also the name of the host, but not its address', () => {
    const short = new URL('http://billing:8080');
    expect(say('The billing period is not valid.', short)).toBe('The billing period is not valid.');
    expect(say('http://billing/customers is gone', short)).toBeNull();
    expect(say('billing:8080 is gone', short)).toBeNull();
    expect(say('connect to 10.0.0.7 failed', new URL('http://10.0.0.7:9000'))).toBeNull();
    expect(say('The billing period is not valid.', new URL('http://billing'))).toBe('The billing period is not valid.');
    expect(say('billing:9 is gone', new URL('http://billing:9'))).toBeNull();
    expect(say('Upstream BILLING.example.TEST refused', new URL('http://billing.example.test'))).toBeNull();
  });

  it('may hold a word that a short token is a part of, but not the token', () => {
    expect(say('A contract is missing.', address, 'act')).toBe('A contract is missing.');
    expect(say('The token "act" is unknown.', address, 'act')).toBeNull();
    expect(say('act is unknown.', address, 'act')).toBeNull();
    // From eight characters on, it is no word.
    expect(say('A reabcdefghed word.', address, 'abcdefgh')).toBeNull();
    expect(say('«A word»', address, '')).toBe('«A word»');
  });

  it('is read from the members of the body alone, and from UTF-8', () => {
    const body = Buffer.from('{"mensaje":"bad"}');
    expect(readErrorMessage(body, { token, address }, ['mensaje'])).toBe('bad');
    expect(readErrorMessage(body, { token, address }, ['toString', 'name'])).toBeNull();
    expect(readErrorMessage(Buffer.from('{"error":{"message":"\xff"}}', 'latin1'), { token, address })).toBeNull();
  });
});

describe("The billing API's error body", () => {
  const CONTRACT = ['error', 'message'];
  it.each<[boolean, string, string[]]>([
    [true, '{"error":{"message":"bad"}}', CONTRACT],
    [true, '{"error":{}}', CONTRACT],
    [true, '{"error":{}}'.padEnd(64 * 1024), CONTRACT],
    [false, '{"error":{}}'.padEnd(64 * 1024 + 1), CONTRACT],
    [false, '{"error":"bad"}', CONTRACT],
    [false, '{"error":null}', CONTRACT],
    [false, '{"message":"bad"}', CONTRACT],
    [false, 'null', CONTRACT],
    [false, '<html>', CONTRACT],
    [true, '{"mensaje":"bad"}', ['mensaje']],
    [false, '{"mensaje":{}}', ['mensaje']],
    [true, '{"a":{"b":{}}}', ['a', 'b', 'c']],
    [false, '{"a":{"b":7}}', ['a', 'b', 'c']],
  ])('is known by its members: %s for %.40s', (expected, body, path) => {
    expect(isErrorBody(Buffer.from(body), path)).toBe(expected);
  });

  it('is known by the members of the contract, where none are named', () => {
    expect([isErrorBody(Buffer.from('{"error":{}}')), isErrorBody(Buffer.from('{"mensaje":"bad"}'))]).toEqual([true, false]);
  });
});
