import fc from 'fast-check';
import type { BillingError } from '../../../../src/billing/model/billing-error';
import type { Bills } from '../../../../src/billing/model/bills';
import { decodeBills } from '../../../../src/upstream/bills/decode-bills';
import { customer } from '../../../support/listed-source';
import { referenceBills, UNUSABLE } from '../../../support/reference-bills';

const request = { customer, contractNumber: null, window: { offset: 0, limit: 1000 } };

/** What is read, or that it cannot be used. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    expect((error as BillingError).failure).toBe('invalid-response');
    return UNUSABLE;
  }
}

const INVOICE = ['number', 'contractNumber', 'billPeriod', 'amount', 'status'];
const ADDRESS = ['street', 'neighborhood', 'city', 'state', 'country', 'zipCode'];

function pick(record: object, names: readonly string[]): unknown {
  const read = record as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    names.map((name) => {
      const value = attempt(() => read[name]);
      return [name, typeof value === 'number' ? BigInt(value) : value];
    }),
  );
}

/** All that can be read of a body; undefined where the body is refused whole. */
function readAll(body: Buffer): unknown {
  let bills: Bills;
  try {
    bills = decodeBills(body, request);
  } catch (error) {
    expect((error as BillingError).failure).toBe('invalid-response');
    return undefined;
  }
  return {
    contractNumber: attempt(() => bills.contractNumber),
    dueDate: attempt(() => bills.dueDate),
    billingAddresses: attempt(() => bills.billingAddresses?.map((each) => pick(each, ADDRESS)) ?? null),
    invoices: attempt(() => bills.invoices.map((each) => pick(each, INVOICE))),
  };
}

const names = ['invoiceContractNo', 'invoiceNumber', 'billPeriod', 'invoiceAmount', 'invoiceStatus'];
const text = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('"7"', '""', '"2025-06"', '"007 !#[]{}:,~"', '"período"', '"\u007f"', '"😀"') },
  fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value)),
  fc.constantFrom('"a\\u0022b"', '"\\\\"', '"\\""', '"a\u0001"', '"', "'a'"),
);
const number = fc.oneof(
  { weight: 30, arbitrary: fc.integer().map(String) },
  fc.maxSafeInteger().map(String),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
  fc.constantFrom('0', '-0', '00', '-', '-1', '01', '1.0', '1.5', '1e3', '999999999999999', '1000000000000000', '+1', '1 2'),
);
const word = fc.oneof({ weight: 10, arbitrary: fc.constantFrom('true', 'false', 'null') }, fc.constantFrom('tru', 'falsey', 'nul', 'True'));
const space = fc.oneof({ weight: 300, arbitrary: fc.constantFrom('', '', '', ' ', '\n  ', '\t', '\r\n') }, fc.constantFrom('\u00a0', '\v'));
const ofItsType = (name: string): fc.Arbitrary<string> => (name === 'invoiceAmount' ? number : name === 'invoiceStatus' ? word : text);
type Members = fc.Arbitrary<{ name: string; value: string }>;
const oddMember: Members = fc.record({
  name: fc.constantFrom(
    '"currency"',
    '"invoiceAmounts"',
    '"invoiceNumbes"',
    '"xxxxxxxContractNo"',
    '"billPeriox"',
    '"cite"',
    '"contractNO"',
    '""',
    '"in\\u0076oiceNumber"',
    'invoiceNumber',
  ),
  value: fc.oneof(text, number, word, fc.constantFrom('[]', '{}', '[1]')),
});
/** Members, each of one of these names, most with a value of its type, now and then something odd. */
const membersOf = (known: readonly string[], odd: Members): Members =>
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc.constantFrom(...known).chain((name) =>
        fc.record({
          name: fc.constant(JSON.stringify(name)),
          value: fc.oneof({ weight: 60, arbitrary: ofItsType(name) }, text, number, word),
        }),
      ),
    },
    odd,
  );
const member = membersOf(names, oddMember);
const spaced = (tokens: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(space, { minLength: tokens.length, maxLength: tokens.length })
    .map((spaces) => tokens.map((token, i) => `${token}${spaces[i] ?? ''}`).join(''));
const listed = (items: readonly (readonly string[])[]): string[] => items.flatMap((item, i) => (i === 0 ? item : [',', ...item]));
const invoice = fc
  .array(member, { maxLength: 7 })
  .map((members) => ['{', ...listed(members.map(({ name, value }) => [name, ':', value])), '}']);
const object = (members: readonly { readonly name: string; readonly value: string }[]): string =>
  `{${members.map(({ name, value }) => `${name}:${value}`).join(',')}}`;
const address = fc
  .array(membersOf(['street', 'neighborhood', 'city', 'state', 'country', 'zipCode'], oddMember), { maxLength: 7 })
  .map(object);
const addresses = fc.record({
  name: fc.constant('"billingAddress"'),
  value: fc.oneof(
    { weight: 8, arbitrary: fc.array(address, { maxLength: 3 }).map((items) => `[${items.join(',')}]`) },
    word,
    text,
    fc.constantFrom('[1]', '[null]', '[{},]', '[{}', '{}', '{"street":"a"}', '{"x":1}', `[${'{},'.repeat(20)}{}]`),
  ),
});
const headMember = fc.oneof({ weight: 5, arbitrary: membersOf(['contractNo', 'dueDate'], oddMember) }, { weight: 3, arbitrary: addresses });
const usualHead = fc
  .array(headMember, { maxLength: 4 })
  .filter((members) => members.filter(({ name }) => name === '"billingAddress"').length < 2)
  .map((members) => `{${members.map(({ name, value }) => `${name}:${value},`).join('')}`);
const head = fc.oneof(
  { weight: 4, arbitrary: usualHead },
  fc.constantFrom(
    '{"contractNo":1,',
    '{"a":{"invoiceCollection":[1]},',
    '{"a":"\\"invoiceCollection\\":[", ',
    '{"invoiceCollection":"x",',
    '[',
    '{"a":12345678901234567890,',
    '{,',
    '{"a":1,,',
  ),
);
const tail = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('}', '} \n') },
  fc.constantFrom(',"dueDate":"x"}', '}}', '}]', '', '},', ']}'),
);
const body = fc
  .tuple(head, fc.array(invoice, { maxLength: 4 }), tail)
  .chain(([before, invoices, after]) => spaced([before, '"invoiceCollection"', ':', '[', ...listed(invoices), ']', after]));

/** Why a body cannot be used; null for one that can. */
function failureOfBody(body: string): string | null {
  try {
    decodeBills(Buffer.from(body), request);
    return null;
  } catch (error) {
    return ((error as Error).cause as Error).message;
  }
}

describe('scanning a body', () => {
  it('reads it as another parser of JSON and plain rules do, whatever comes', () => {
    let readable = 0;
    fc.assert(
      fc.property(body, (source) => {
        const expected = referenceBills(source);
        if (expected) readable++;
        expect(readAll(Buffer.from(source))).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
    expect(readable).toBeGreaterThan(1000);
  });

  it('reads a body with any one byte changed, or cut off anywhere, as another parser does', () => {
    const good = Buffer.from(
      '{"contractNo":"1", "billingAddress" : [{"street":"a","zipCode":null}, {}],"dueDate":"2025","x":1,"invoiceCollection": [{"invoiceContractNo":"1", "invoiceNumber":"01","billPeriod":"2025-06","invoiceAmount":-120,"invoiceStatus":true},{"invoiceStatus":null,"more":false,"invoiceAmount":0}]}',
    );
    const same = (bytes: Buffer): void => {
      const source = bytes.toString('latin1');
      // A list whose name was changed is another rule's business.
      if (/"billingAddress"|"invoiceCollection"/.exec(source) === null || !/"billingAddress" ?: ?\[.*"invoiceCollection": ?\[/.test(source))
        return;
      expect([source, readAll(bytes)]).toEqual([source, referenceBills(source)]);
    };
    for (let at = 0; at < good.length; at++) {
      same(good.subarray(0, at));
      for (const byte of Buffer.from('"\\{}[]:,0-.e t\u0000')) {
        const changed = Buffer.from(good);
        changed[at] = byte;
        same(changed);
      }
    }
  });

  it.each([
    ['{"contractNo":"1","contractNo":"1","invoiceCollection":[{"invoiceAmount":5,"invoiceAmount":5.0}]}', '1', 5],
    ['{"contractNo":"1","contractNo":1,"invoiceCollection":[{"invoiceAmount":5,"invoiceAmount":6}]}', '1', UNUSABLE],
    ['{"contractNo":"1","contractNo":"2","invoiceCollection":[{"invoiceAmount":null,"invoiceAmount":6}]}', UNUSABLE, UNUSABLE],
  ])('takes a member that stands there twice where both say the same: %s', (source, contractNumber, amount) => {
    const bills = decodeBills(Buffer.from(source), request);
    expect([attempt(() => bills.contractNumber), attempt(() => bills.invoices[0]?.amount)]).toEqual([contractNumber, amount]);
  });

  it.each([
    ['{"invoiceCollection":[{"invoiceNumber":"1"}],"invoiceCollection":[{"invoiceNumber":"1"}]}', 1],
    ['{"invoiceCollection":null,"invoiceCollection":null}', 0],
    ['{"invoiceCollection":[],"invoiceCollection":[{"invoiceNumber":"1"}]}', UNUSABLE],
    ['{"invoiceCollection":[{"invoiceNumber":"1"}],"invoiceCollection":null}', UNUSABLE],
  ])('takes a list that stands there twice where both are the same: %s', (source, count) => {
    expect(attempt(() => decodeBills(Buffer.from(source), request).invoices.length)).toBe(count);
  });

  it('takes texts that are valid UTF-8 alone', () => {
    const bytes = Buffer.from('{"invoiceCollection":[{"billPeriod":"ó"}]}', 'latin1');
    expect(() => decodeBills(bytes, request)).toThrow('does not follow its contract');
  });

  it('reads the window alone, however many invoices there are around it', () => {
    const all = Array.from({ length: 500 }, (_, index) => ({ invoiceNumber: String(index) }));
    const bytes = Buffer.from(JSON.stringify({ contractNo: '1', invoiceCollection: all }));
    const of = { customer, contractNumber: '1', window: { offset: 100, limit: 3 } };
    expect(decodeBills(bytes, of).invoices.map(({ number }) => number)).toEqual(['0', '1', '2']);
    expect(decodeBills(bytes, of, 40).invoices.map(({ number }) => number)).toEqual(['40', '41', '42']);
    expect(decodeBills(bytes, of, 499).invoices.map(({ number }) => number)).toEqual(['499']);
    expect(decodeBills(bytes, of, 500).invoices).toEqual([]);
  });

  it('takes time that grows with the body alone, and keeps nothing of what nobody asked for', () => {
    const bytesOf = (count: number): Buffer => Buffer.from(`{"invoiceCollection":[${'{},'.repeat(count)}{}]}`);
    const cpuOf = (count: number): number => {
      const bytes = bytesOf(count);
      const before = process.cpuUsage();
      expect(decodeBills(bytes, { ...request, window: { offset: 0, limit: 1 } }).invoices).toHaveLength(1);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    cpuOf(100_000);
    // What else runs on the machine adds to what a run takes, and never takes from it.
    const leastOf = (count: number): number => Math.min(...Array.from({ length: 5 }, () => cpuOf(count)));
    const small = leastOf(400_000);
    expect(leastOf(4_000_000)).toBeLessThan(small * 40);
  }, 180_000);

  // Each of these takes a hundred times as long to read as its bytes do otherwise: 16 MiB would take seconds.
  it.each<[string, number, (count: number) => string, string]>([
    [
      'contracts',
      50_000,
      (count) => `[{"contractNo":"1"}${',{"contractNo":"2"}'.repeat(count - 1)}]`,
      'a list of more than 50000 contracts',
    ],
    ['unknown members', 10_000, (count) => `{"contractNo":"1"${',"x":1'.repeat(count)}}`, 'more than 10000 members that are not known'],
    ['repeated members', 10_000, (count) => `{"contractNo":"1"${',"contractNo":"1"'.repeat(count)}}`, 'more than 10000 repeated members'],
    [
      'repeated lists',
      10_000,
      (count) => `{"contractNo":"1","invoiceCollection":[]${',"invoiceCollection":[]'.repeat(count)}}`,
      'more than 10000 repeated members',
    ],
    [
      'names with escapes',
      10_000,
      (count) => `{"contractNo":"1","invoiceCollection":[{"invoiceNumber":"1"${',"\\u0078":1'.repeat(count)}}]}`,
      'more than 10000 repeated members or names with escapes',
    ],
    [
      'unknown members of invoices',
      1_000_000,
      (count) => `{"contractNo":"1","invoiceCollection":[{"invoiceNumber":"1"${',"x":1'.repeat(count)}}]}`,
      'more than 1000000 members that are not known',
    ],
    [
      'members under another spelling',
      300_000,
      (count) => `{"contractNo":"1","invoiceCollection":[{"invoiceNumber":"1"${',"Invoice-Number":1'.repeat(count)}}]}`,
      'more than 300000 members under another spelling of their names',
    ],
    [
      'bytes of long fields',
      1_048_576,
      (count) =>
        `{"contractNo":"1","dueDate":"${'\\n'.repeat(262_142)}","invoiceCollection":[{"invoiceNumber":"${'1'.repeat(1022)}",` +
        `"billPeriod":"${'1'.repeat(count - 2 * 262_142 - 4)}"}]}`,
      'fields of more than 1024 bytes have more than 1048576 bytes together',
    ],
  ])('reads no more %s than %i', (_what, most, toBody, reason) => {
    expect(failureOfBody(toBody(most))).toBeNull();
    expect(failureOfBody(toBody(most + 1))).toContain(reason);
  });

  it('takes no notice of how long a member is that it does not know, such as a document of several megabytes', () => {
    const pdf = 'QUJD\\/'.repeat(700_000);
    const invoice = (index: number): string =>
      `{"invoiceContractNo":"1","invoiceNumber":"${index}","pdf":"${pdf}","lines":[[${'1,'.repeat(9000)}1]]}`;
    const body = `{"contractNo":"1","pdf":"${pdf}","invoiceCollection":[${[1, 2, 3].map(invoice).join(',')}]}`;
    expect(decodeBills(Buffer.from(body), request).invoices.map(({ number }) => number)).toEqual(['1', '2', '3']);
  });

  it('reads a large page of wide invoices, whose further members may be misspelt ones by their last letter', () => {
    const further = Array.from({ length: 40 }, (_, index) => `"x${index}Date":1`).join(',');
    const invoice = (index: number): string => `{"invoiceContractNo":"1","invoiceNumber":"${index}",${further}}`;
    const body = `{"contractNo":"1","invoiceCollection":[${Array.from({ length: 5000 }, (_, index) => invoice(index)).join(',')}]}`;
    expect(decodeBills(Buffer.from(body), { ...request, window: { offset: 0, limit: 5000 } }).invoices).toHaveLength(5000);
  });

  it('does not read more addresses than a contract has', () => {
    const bytes = Buffer.from(`{"billingAddress":[${'{"street":"a"},'.repeat(100)}{}],"invoiceCollection":[]}`);
    expect(() => decodeBills(bytes, request).billingAddresses).toThrow('does not follow its contract');
    expect(decodeBills(bytes, request).invoices).toEqual([]);
  });
});
