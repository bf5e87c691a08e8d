import fc from 'fast-check';
import type { Bills } from '../../../../src/billing/model/bills';
import { AddressRecord } from '../../../../src/billing/model/address-record';
import { InvoiceRecord } from '../../../../src/billing/model/invoice-record';
import { decodeAny, decodeBills, decodeUsual } from '../../../../src/upstream/bills/decode-bills';
import { customer } from '../../../support/listed-source';
import { toPlainBills } from '../../../support/plain-bills';

const request = { customer, contractNumber: null, window: { offset: 0, limit: 10 } };
const usual = (body: string | Buffer): Bills | null => decodeUsual(Buffer.from(body as string), request);

/** Bills as they are by a reader, or why there are none. */
function outcomeOf(read: (body: Buffer) => Bills, body: Buffer): unknown {
  try {
    return toPlainBills(read(body));
  } catch (error) {
    return `${(error as Error).message} ${((error as Error).cause as Error).message}`;
  }
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
    fc.constantFrom('[1]', '[null]', '[{},]', '[{}', '{}', `[${'{},'.repeat(20)}{}]`),
  ),
});
const headMember = fc.oneof({ weight: 5, arbitrary: membersOf(['contractNo', 'dueDate'], oddMember) }, { weight: 3, arbitrary: addresses });
const usualHead = fc
  .array(headMember, { maxLength: 4 })
  .map((members) => `{${members.map(({ name, value }) => `${name}:${value},`).join('')}`);
const head = fc.oneof(
  { weight: 4, arbitrary: usualHead },
  fc.constantFrom(
    '{"contractNo":1,',
    '{"a":{"invoiceCollection":[1]},',
    '{"a":"\\"invoiceCollection\\":[", ',
    '{"\\',
    '{"invoiceCollection":"x",',
    '{"invoiceCollection" : [],"\\',
    '[',
    '{"a":{',
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

describe('scanning a body', () => {
  it('reads as the parsers of JSON do, whatever comes', () => {
    let usualOnes = 0;
    let addressRecords = 0;
    fc.assert(
      fc.property(body, (source) => {
        const bytes = Buffer.from(source);
        const read = decodeUsual(bytes, request);
        if (read) usualOnes++;
        if (read?.billingAddresses?.[0] instanceof AddressRecord) addressRecords++;
        expect(outcomeOf((each) => decodeBills(each, request), bytes)).toEqual(outcomeOf((each) => decodeAny(each, request), bytes));
      }),
      { numRuns: 3000 },
    );
    expect(usualOnes).toBeGreaterThan(500);
    expect(addressRecords).toBeGreaterThan(100);
  });

  it('reads a usual body with any one byte changed, or cut off anywhere, as the parsers do', () => {
    const good = Buffer.from(
      '{"contractNo":"1", "billingAddress" : [{"street":"a","zipCode":null}, {}],"dueDate":"2025","x":1,"invoiceCollection": [{"invoiceContractNo":"1", "invoiceNumber":"01","billPeriod":"2025-06","invoiceAmount":-120,"invoiceStatus":true},{"invoiceStatus":null,"more":false,"invoiceAmount":0}]}',
    );
    const same = (bytes: Buffer): void =>
      expect(outcomeOf((each) => decodeBills(each, request), bytes)).toEqual(outcomeOf((each) => decodeAny(each, request), bytes));
    for (let at = 0; at < good.length; at++) {
      same(good.subarray(0, at));
      for (const byte of Buffer.from('"\\{}[]:,0-.e t\u0000é')) {
        const changed = Buffer.from(good);
        changed[at] = byte;
        same(changed);
      }
    }
  });

  it.each([
    ['{"invoiceCollection":[]}', 0],
    ['{ "invoiceCollection" : [ { "invoiceAmount" : 1 , "invoiceNumber" : "a" } ] }\n', 1],
    ['{"invoiceCollection":[{"invoiceStatus":true,"currency":"PYG","rate":7,"none":null},{"billPeriod":"período"}]}', 2],
    [JSON.stringify({ invoiceCollection: Array.from({ length: 1000 }, () => ({ invoiceNumber: '1' })) }), 1000],
  ])('marks the invoices of %.80s', (source, count) => {
    const { invoices } = usual(source) as Bills;
    expect(invoices).toHaveLength(count);
    for (const each of invoices) expect(each).toBeInstanceOf(InvoiceRecord);
  });

  it.each([
    ['{"billingAddress":[{"city":"Asunción"}],"invoiceCollection":[]}', [{ city: 'Asunción' }]],
    [
      '{ "dueDate" : "x" , "more" : 7 , "billingAddress" : [ { "street" : "a" , "floor" : 3 } , { } ] , "invoiceCollection" : [ ] }',
      [{ street: 'a' }, {}],
    ],
    ['{"billingAddress":[],"invoiceCollection":[]}', []],
  ])('marks the addresses of %.80s', (source, expected) => {
    const { billingAddresses } = usual(source) as Bills;
    for (const each of billingAddresses ?? []) expect(each).toBeInstanceOf(AddressRecord);
    expect(billingAddresses).toMatchObject(expected);
    expect(toPlainBills(usual(source) as Bills)).toEqual(toPlainBills(decodeAny(Buffer.from(source), request)));
  });

  it.each([
    ['{"billingAddress":[{"city":"Asunci\\u00f3n"}],"invoiceCollection":[]}', 'Asunción'],
    ['{"rates":[1],"billingAddress":[{"city":"x"}],"invoiceCollection":[]}', 'x'],
  ])('leaves only what is before the list to a parser where only that is unusual: %.80s', (source, city) => {
    expect(usual(source)?.billingAddresses).toMatchObject([{ city }]);
  });

  it.each([
    '{"invoiceCollection":null}',
    '{"invoiceCollection":[{"invoiceAmount":1234567890123456}]}',
    '{"invoiceCollection":[{"invoiceNumber":"a\\n"}]}',
    '{"invoiceCollection":[{"more":[]}]}',
    '{"invoiceCollection":[],"dueDate":"later"}',
    '{"invoiceCollection" : [], "\\"invoiceCollection":[{}]}',
    `{"invoiceCollection":[${'{},'.repeat(70_000)}{}]}`,
  ])('leaves to the parsers what is unusual: %.80s', (source) => {
    expect(usual(source)).toBeNull();
  });

  it('takes texts that are valid UTF-8 alone', () => {
    const bytes = Buffer.from('{"invoiceCollection":[{"billPeriod":"ó"}]}', 'latin1');
    expect(decodeUsual(bytes, request)).toBeNull();
    expect(() => decodeBills(bytes, request)).toThrow('does not follow its contract');
  });
});
