import { readBoolean, readInteger, readText } from '../../../../src/runtime/byte-records';
import { toBillsSpec } from '../../../../src/upstream/scan/record-spec';
import { scanBills, type ScannedBills, type ScannedContract, type ScanOptions } from '../../../../src/upstream/scan/scan-bills';
import { CONTRACT_TABLE, type WireTable } from '../../../../src/upstream/scan/wire-table';

const CUSTOM: WireTable = {
  ...CONTRACT_TABLE,
  invoice: {
    ...CONTRACT_TABLE.invoice,
    status: {
      wire: 'invoiceStatus',
      type: 'boolean',
      values: new Map([
        ['PC', true],
        ['CA', false],
      ]),
    },
  },
};
const UNUSABLE = 'unusable';

function scan(body: string, table: WireTable = CONTRACT_TABLE, strict = false): ScannedBills {
  return scanBills(Buffer.from(body), { spec: toBillsSpec(table), window: { offset: 0, limit: 100 }, strict });
}

/** The bytes that each invoice takes, as it is noted; 0: it has to be read value by value. */
function lengthsOf({ contracts }: ScannedBills): number[] {
  const { stride, lengthColumn } = toBillsSpec(CONTRACT_TABLE).invoice.layout;
  const { marks, count } = contracts[0]!.invoices!;
  return Array.from({ length: count }, (_, item) => marks[item * stride + lengthColumn]!);
}

/** Every value of the invoice at a place. */
function valuesOf({ bytes, view, odd, contracts }: ScannedBills, item: number): unknown[] {
  const { layout } = toBillsSpec(CONTRACT_TABLE).invoice;
  const records = { bytes, view, odd, layout, marks: contracts[0]!.invoices!.marks };
  return [...layout.fields.values()].map(({ column, type }) => {
    try {
      return (type === 'text' ? readText : type === 'integer' ? readInteger : readBoolean)(records, item * layout.stride + column);
    } catch {
      return UNUSABLE;
    }
  });
}
const invoices = (...items: string[]): string => `{"invoiceCollection":[${items.join(',')}]}`;
const NOTHING = [null, null, null, null, null];
const FULL = '{"invoiceContractNo":"1","invoiceNumber":"7","billPeriod":"2025-06","invoiceAmount":-120,"invoiceStatus":true}';

describe('The length of a record', () => {
  it('is what it takes of the bytes, where all of it can be copied from them', () => {
    const items = [FULL, '{ "invoiceAmount" :\n9 , "invoiceNumber":"9" }', '{}', '{"billPeriod":"\\n"}', FULL];
    const bills = scan(`{"contractNo":"1", "invoiceCollection" : [ ${items.join(' , ')} ] }`);
    expect(lengthsOf(bills).map((length, item) => [length, item])).toEqual(
      items.map((text, item) => [item === 3 ? 0 : Buffer.byteLength(text), item]),
    );
    expect(valuesOf(bills, 4)).toEqual(['1', '7', '2025-06', -120, true]);
  });

  it.each([
    ['a text with an escape', '{"invoiceNumber":"\\u0037"}', [null, '7', null, null, null]],
    ['a whole number of many digits', '{"invoiceAmount":9007199254740993}', [null, null, null, 9007199254740993n, null]],
    ['a whole number with a fraction', '{"invoiceAmount":5.0}', [null, null, null, 5, null]],
    ['a value of another type', '{"invoiceNumber":7}', [null, '7', null, null, null]],
    ['a value that means nothing', '{"invoiceAmount":true}', [null, null, null, UNUSABLE, null]],
    ['a number for a boolean', '{"invoiceStatus":1}', [null, null, null, null, UNUSABLE]],
    ['a list for a boolean', '{"invoiceStatus":[]}', [null, null, null, null, UNUSABLE]],
    ['a word for a boolean that it does not know', '{"invoiceStatus":"PC"}', [null, null, null, null, UNUSABLE]],
    ['another spelling of the first name', '{"InvoiceContractNo":"1","billPeriod":"x"}', [UNUSABLE, null, 'x', null, null]],
    ['another spelling of the last name', '{"invoice_status":true,"billPeriod":"x"}', [null, null, 'x', null, UNUSABLE]],
    ['two different values', '{"invoiceAmount":5,"invoiceAmount":6}', [null, null, null, UNUSABLE, null]],
    ['two different words', '{"invoiceStatus":true,"invoiceStatus":false}', [null, null, null, null, UNUSABLE]],
    ['a value and null', '{"invoiceAmount":5,"invoiceAmount":null}', [null, null, null, UNUSABLE, null]],
    ['null and a value', '{"invoiceNumber":null,"invoiceNumber":"7"}', [null, UNUSABLE, null, null, null]],
    ['other members alone', '{"x":1}', [UNUSABLE, UNUSABLE, UNUSABLE, UNUSABLE, UNUSABLE]],
    ['no object', '[1]', [UNUSABLE, UNUSABLE, UNUSABLE, UNUSABLE, UNUSABLE]],
  ])('is not there with %s, wherever it stands, and costs its neighbours nothing', (_what, item, values) => {
    // What a list before has left in the marks must not be read.
    scan(invoices(FULL, FULL, FULL));
    for (const at of [0, 1, 2]) {
      const items = [FULL, FULL, FULL];
      items[at] = item;
      const bills = scan(invoices(...items));
      expect(lengthsOf(bills)).toEqual(items.map((text) => (text === item ? 0 : FULL.length)));
      expect([0, 1, 2].map((place) => valuesOf(bills, place))).toEqual(
        items.map((text) => (text === item ? values : ['1', '7', '2025-06', -120, true])),
      );
    }
  });

  it.each([
    ['{"invoiceStatus":true,"invoiceStatus":true}', [null, null, null, null, true]],
    ['{"invoiceStatus":false,"invoiceStatus":false}', [null, null, null, null, false]],
    ['{"invoiceStatus":null,"invoiceStatus":null}', NOTHING],
    ['{"invoiceStatus":"true"}', [null, null, null, null, true]],
    ['{"invoiceStatus":"false"}', [null, null, null, null, false]],
    ['{"InvoiceAmount":null,"invoiceAmount":null}', NOTHING],
    ['{"Amount":5,"invoiceNumber":"7"}', [null, '7', null, null, null]],
  ])('is there with %s', (item, values) => {
    scan(invoices(FULL, FULL));
    const bills = scan(invoices(FULL, item));
    expect([lengthsOf(bills), valuesOf(bills, 1)]).toEqual([[FULL.length, item.length], values]);
  });
});

describe('The word of a boolean', () => {
  it('counts as of another type, unless a dialect has it', () => {
    const retyped = (word: string, table: WireTable): string[] => [...scan(invoices(FULL, `{"invoiceStatus":"${word}"}`), table).retyped];
    const path = ['invoiceCollection[].invoiceStatus'];
    expect([retyped('true', CONTRACT_TABLE), retyped('true', CUSTOM), retyped('PC', CUSTOM), retyped('CA', CUSTOM)]).toEqual([
      path,
      path,
      [],
      [],
    ]);
    expect(['PC', 'CA', 'true', 'XX'].map((word) => valuesOf(scan(invoices(`{"invoiceStatus":"${word}"}`), CUSTOM), 0).at(-1))).toEqual([
      true,
      false,
      true,
      UNUSABLE,
    ]);
  });
});

describe('A body that is no JSON', () => {
  it.each([
    '{"contractNo" "1"}',
    '{"contractNo";"1"}',
    '{"x" 1}',
    '{"contractNo":"1",}',
    '{"contractNo":"1" "dueDate":"2"}',
    '{"contractNo":"1"]}',
    '{"x":1,}',
    '{,}',
    '{1}',
    '{"contractNo":"1"}}',
    '{"contractNo":"1"},{"contractNo":"1"}',
    '{"invoiceCollection":[{},]}',
    '{"invoiceCollection":[{} {}]}',
    '{"invoiceCollection":[{};{}]}',
    '[{"contractNo":"1"};{"contractNo":"2"}]',
    '{"invoiceCollection":[,{}]}',
    '{"invoiceCollection":[{}}',
    '[{"contractNo":"1"} {"contractNo":"2"}]',
    '[{"contractNo":"1"},]',
    '[{"contractNo":"1"}}]',
    '{"contractNo":"1"]',
    '[{"contractNo":"1"}',
  ])('is refused: %s', (body) => {
    expect(() => JSON.parse(body) as unknown).toThrow(SyntaxError);
    const options = { spec: toBillsSpec(CONTRACT_TABLE), window: { offset: 0, limit: 100 }, strict: false, mayBeList: true };
    expect(() => scanBills(Buffer.from(body), options)).toThrow('does not follow its contract');
  });
});

describe('A list of a contract', () => {
  const options = { spec: toBillsSpec(CONTRACT_TABLE), window: { offset: 0, limit: 100 }, strict: false };
  const read = (body: string, more: Partial<ScanOptions> = {}): ScannedBills => scanBills(Buffer.from(body), { ...options, ...more });
  const sizes = (body: string, more: Partial<ScanOptions> = {}): unknown[] => {
    const [{ addresses, invoices: list }] = read(body, more).contracts as [ScannedContract];
    return [addresses, list].map((each) => each && (each.failure ? UNUSABLE : `${each.count} of ${each.sent}`));
  };

  it.each([
    ['{"invoiceNumber":"7"}', '1 of 1'],
    ['{"invoiceNumber":7}', '1 of 1'],
    ['{"invoiceNumber":"7","x":1}', '1 of 1'],
    ['{}', UNUSABLE],
    ['{ }', UNUSABLE],
    ['{"x":1}', UNUSABLE],
    ['{"InvoiceNumber":"7"}', UNUSABLE],
    ['"none"', UNUSABLE],
    ['null', null],
  ])('that is %s instead counts as %p', (value, expected) => {
    const body = `{"billingAddress":[],"invoiceCollection":${value}}`;
    expect(sizes(body)).toEqual(['0 of 0', expected]);
    expect([...read(body).retyped].includes('invoiceCollection')).toBe(value !== 'null');
    if (value === 'null') expect(sizes(body, { strict: true })).toEqual(['0 of 0', null]);
    else expect(() => read(body, { strict: true })).toThrow('does not follow its contract');
  });

  it('that is one object is read at its place alone', () => {
    const body = '{"invoiceCollection":{"invoiceNumber":"7"}}';
    expect(valuesOf(read(body), 0)).toEqual([null, '7', null, null, null]);
    expect(sizes(body, { window: { offset: 1, limit: 1 } })).toEqual([null, '0 of 1']);
  });

  it.each([
    ['[{"street":"a"}]', '[{"street":"a"}]', '1 of 1'],
    ['[{"street":"a"}]', '[{"street":"b"}]', UNUSABLE],
    ['[{"street":"a"}]', '[]', UNUSABLE],
    ['null', '[]', UNUSABLE],
  ])('that is there as %s and as %s is %s, and costs the other list nothing', (one, other, expected) => {
    const list = '"invoiceCollection":[{"street":"b"},{"invoiceNumber":"7"}]';
    expect(sizes(`{"billingAddress":${one},${list},"billingAddress":${other}}`)).toEqual([expected, '2 of 2']);
    expect(sizes(`{${list},"billingAddress":${one},"x":1,"billingAddress":${other},${list}}`)).toEqual([expected, '2 of 2']);
  });

  it('has 100 addresses at most, and as many invoices as the window has', () => {
    const of = (count: number): unknown[] => sizes(`{"billingAddress":[${'{},'.repeat(count - 1)}{}],"invoiceCollection":[{},{},{}]}`);
    expect([of(100), of(101)]).toEqual([
      ['100 of 100', '3 of 3'],
      [UNUSABLE, '3 of 3'],
    ]);
    expect(sizes('{"invoiceCollection":[{},{},{}]}', { window: { offset: 1, limit: 1 } })).toEqual([null, '1 of 3']);
  });

  it('may end with white space, and is of one contract unless several may come', () => {
    expect(sizes('{"invoiceCollection":[]} \r\n\t ')).toEqual([null, '0 of 0']);
    expect(() => read(' \n ')).toThrow('does not follow its contract');
    const list = '[{"contractNo":"1"},{"contractNo":"2"}] ';
    for (const strict of [false, true]) expect(read(list, { strict, mayBeList: true })).toMatchObject({ isList: true, retyped: new Set() });
    expect([...read(list).retyped]).toEqual(['(body)']);
    expect(() => read(list, { strict: true })).toThrow('does not follow its contract');
  });
});
