import { BILLS } from '../../../src/billing/model/bills';
import { inspect } from 'node:util';
import { parseCustomer } from '../../../src/billing/model/customer';
import { openEntry, sealEntry } from '../../../src/cache/entries/entry';
import { EntryKey } from '../../../src/cache/entries/entry-key';
import { createLocalKeyRing } from '../../../src/cache/keys/local-key-ring';
import { createSharedKeyRing } from '../../../src/cache/keys/shared-key-ring';
import { RequestIdentity } from '../../../src/billing/ports/request-identity';
import { Caller } from '../../../src/billing/model/caller';
import { createMemoryStore } from '../../../src/cache/entries/memory-store';
import { SEAL_BYTES } from '../../../src/cache/keys/seal';
import { Keyv } from 'keyv';
import { CountingObserver, TEST_SECRET, toCaller } from '../../support/cache-fixtures';

const customer = parseCustomer('RUC', '80012345');
const request = { customer, contractNumber: '1001', window: { offset: 0, limit: 21 } };
const ring = createSharedKeyRing({ secret: TEST_SECRET, scope: 'test' });
const keyOf = (token: string, asked = request, of = ring) => EntryKey.of(of, RequestIdentity.of(toCaller(token), BILLS, asked));

describe('the format of names and entries', () => {
  // Processes of two versions share a Redis while one replaces the other: a change here needs another KEY_PREFIX.
  test('is the one that other versions use', () => {
    expect(keyOf('token-a').text).toBe('bills:2:{zhzGPQyTWI_F8KDxU7Ast12ETBkholiDM9_K8Y98ATE}/0.21');
    const sealed = Buffer.from('AVxxqgHf94Q+rfpf/gLYi6mRxpEp3TDbcBW0XqvffH9a5pNkTlGXa1JSxo+Dx+KQvmTMEQyZdpg=', 'base64');
    const { keys, text } = keyOf('token-a');
    expect(openEntry(keys, text, sealed)).toEqual({ body: Buffer.from('{}'), freshUntilMs: 1, staleUntilMs: 2, generation: 3 });
  });
});

describe('the name of an entry', () => {
  test('is the same for the same question of the same token, whatever object the caller is, in whatever process', () => {
    const elsewhere = createSharedKeyRing({ secret: TEST_SECRET, scope: 'test' });
    expect(keyOf('token-a').text).toBe(keyOf('token-a').text);
    expect(keyOf('token-a', request, elsewhere).text).toBe(keyOf('token-a').text);
  });

  test.each([
    ['another token', () => keyOf('token-b')],
    ['another customer', () => keyOf('token-a', { ...request, customer: parseCustomer('RUC', '80012346') })],
    ['another kind of identification', () => keyOf('token-a', { ...request, customer: parseCustomer('CI', '80012345') })],
    ['another contract', () => keyOf('token-a', { ...request, contractNumber: '1002' })],
    ['another place in the list', () => keyOf('token-a', { ...request, window: { offset: 21, limit: 21 } })],
    ['another length', () => keyOf('token-a', { ...request, window: { offset: 0, limit: 20 } })],
    ['another secret', () => keyOf('token-a', request, createSharedKeyRing({ secret: TEST_SECRET.toUpperCase(), scope: 'test' }))],
    ['another billing API', () => keyOf('token-a', request, createSharedKeyRing({ secret: TEST_SECRET, scope: 'other' }))],
  ])('is another one for %s', (_what, other) => {
    expect(other().text).not.toBe(keyOf('token-a').text);
  });

  test('is another one for each set of headers that are forwarded with the token', () => {
    const of = (...forwarded: string[]) =>
      EntryKey.of(ring, RequestIdentity.of(Caller.parse('Bearer token-a', forwarded) as Caller, BILLS, request)).text;
    const names = [of(), of('accept-language', 'es'), of('accept-language', 'en'), of('accept-language', 'es', 'x-channel', 'web')];
    expect(new Set(names).size).toBe(names.length);
    expect(of('accept-language', 'es')).toBe(names[1]);
    expect(names[0]).toBe(keyOf('token-a').text);
  });

  test('tells neither the token nor the customer nor the contract', () => {
    const name = keyOf('token-a').text;
    for (const secret of ['token-a', '80012345', '1001', 'RUC']) expect(name).not.toContain(secret);
  });

  test('does not confuse the parts of two questions that read the same when they are put together', () => {
    const one = keyOf('token-a', { ...request, window: { offset: 1, limit: 11 } });
    const other = keyOf('token-a', { ...request, window: { offset: 11, limit: 1 } });
    expect(one.text).not.toBe(other.text);
  });
});

describe("a caller's keys", () => {
  test('are derived once for each caller', () => {
    const caller = toCaller('token-a');
    expect(ring.of(caller)).toBe(ring.of(caller));
  });

  test('do not show the token, nor themselves, where they are printed', () => {
    expect(inspect(keyOf('token-a'), { depth: 9, showHidden: true })).not.toContain('token-a');
    expect(JSON.stringify(keyOf('token-a'))).not.toContain('token-a');
  });
});

describe('a sealed value', () => {
  const key = keyOf('token-a');
  const { keys } = key;
  const body = Buffer.from('{"contractNo":"1001"}');
  const sealed = keys.seal(key.text, body);

  test('opens under its own name with its own key', () => {
    expect(keys.open(key.text, sealed)?.toString('latin1')).toBe(body.toString('latin1'));
  });

  test('grows by 29 bytes: format, nonce and tag', () => {
    expect(sealed.length).toBe(body.length + SEAL_BYTES);
    expect(SEAL_BYTES).toBe(29);
  });

  test("does not open under another name, were it the same caller's", () => {
    expect(keys.open(key.nameOf({ offset: 21, limit: 21 }), sealed)).toBeNull();
  });

  test('does not open with the key of another token, of another secret, or of another billing API', () => {
    const others = [
      keyOf('token-b'),
      keyOf('token-a', request, createSharedKeyRing({ secret: `${TEST_SECRET}.`, scope: 'test' })),
      keyOf('token-a', request, createSharedKeyRing({ secret: TEST_SECRET, scope: 'other' })),
    ];
    for (const other of others) expect(other.keys.open(key.text, sealed)).toBeNull();
  });

  test('does not open when any one of its bytes was changed', () => {
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      expect(keys.open(key.text, changed)).toBeNull();
    }
  });

  test.each([0, 1, 12, 28, 29, 40])('does not open when it is cut to %i bytes', (length) => {
    expect(keys.open(key.text, sealed.subarray(0, length))).toBeNull();
  });

  test('of another format is not read', () => {
    expect(keys.open(key.text, Buffer.concat([Buffer.from([2]), sealed.subarray(1)]))).toBeNull();
  });

  test('is never sealed twice alike: every one has a nonce of its own', () => {
    const nonces = new Set(Array.from({ length: 1000 }, () => keys.seal(key.text, body).subarray(1, 13).toString('hex')));
    expect(nonces.size).toBe(1000);
  });

  test('keeps a body as it was received, and when it ends', () => {
    const entry = { freshUntilMs: 1_751_371_200_123.5, staleUntilMs: 1_751_371_300_000, generation: 2 ** 47 - 1, body };
    expect(openEntry(keys, key.text, sealEntry(keys, key.text, entry))).toEqual(entry);
  });

  test('tells a contract that is not known from one with an empty body', () => {
    const lifetime = { freshUntilMs: 1, staleUntilMs: 2, generation: 0 };
    expect(openEntry(keys, key.text, sealEntry(keys, key.text, { ...lifetime, body: null }))?.body).toBeNull();
    expect(openEntry(keys, key.text, sealEntry(keys, key.text, { ...lifetime, body: Buffer.alloc(0) }))?.body).toEqual(Buffer.alloc(0));
  });
});

describe('the keys of a store in memory', () => {
  const local = createLocalKeyRing();
  const keysOf = (token: string) => local.of(toCaller(token));
  const stored = keysOf('token-a').seal('name', Buffer.from('one '), Buffer.from('value'));

  test('give back what was stored, in one piece', () => {
    expect(keysOf('token-a').open('name', stored)?.toString()).toBe('one value');
  });

  test.each([
    ['to another caller, were it under the very same name', () => keysOf('token-b').open('name', stored)],
    ['under another name', () => keysOf('token-a').open('eman', stored)],
    [
      'to the same token with other headers that are forwarded',
      () => local.of(Caller.parse('Bearer token-a', ['a', 'b']) as Caller).open('name', stored),
    ],
    ['from a value that is cut short', () => keysOf('token-a').open('name', stored.subarray(0, 20))],
    ['from an empty value', () => keysOf('token-a').open('name', Buffer.alloc(0))],
    [
      'from a value that a shared store made',
      () => keysOf('token-a').open('name', ring.of(toCaller('token-a')).seal('name', Buffer.from('x'))),
    ],
  ])('give nothing %s', (_what, open) => {
    expect(open()).toBeNull();
  });
});

describe('a life of 0', () => {
  test('would be forever, if it came to Keyv: the store does not let it', async () => {
    const unguarded = new Keyv<string>();
    await unguarded.set('name', 'kept', 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await unguarded.get('name')).toBe('kept');

    const store = createMemoryStore({ maxBytes: 10_000, observer: new CountingObserver() });
    store.set('name', Buffer.from('kept'), 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await store.getMany(['name'])).toEqual([undefined]);
  });
});
