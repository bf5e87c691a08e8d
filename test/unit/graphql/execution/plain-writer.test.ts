import 'reflect-metadata';
import fc from 'fast-check';
import { buildSchema, parse, type OperationDefinitionNode } from 'graphql';
import { OperationModel } from '../../../../src/graphql/analysis/operation-model';
import { CodeCache } from '../../../../src/graphql/execution/code-cache';
import { compileOperation } from '../../../../src/graphql/execution/compile-operation';
import { Fallback } from '../../../../src/graphql/execution/fallback';
import { JsonBuffer } from '../../../../src/graphql/execution/writing/json-buffer';
import { FieldPlan, type FieldPlanParts, type ListPlan, type ObjectPlan, type ValuePlan } from '../../../../src/graphql/execution/plan';
import { toPlainWriter } from '../../../../src/graphql/execution/writing/plain-writer';
import { writeList } from '../../../../src/graphql/execution/writing/write';
import type { ByteRecords, RecordLayout } from '../../../../src/runtime/byte-records';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';
import type { Bills } from '../../../../src/billing/model/bills';
import { decodeBills } from '../../../../src/upstream/bills/decode-bills';
import { customer } from '../../../support/listed-source';
import { toPlainBills } from '../../../support/plain-bills';

const schema = buildServedSchema();
const request = { customer, contractNumber: null, window: { offset: 0, limit: 10 } };

/** Shared by all operations, as in the gateway. */
const code = new CodeCache();

/** The plan of the field that is selected of a contract. */
function planOf(selection: string): ValuePlan {
  const document = parse(`{ customer(idType: "RUC", id: "1") { contract(number: "1") { ${selection} } } }`);
  const operation = document.definitions[0] as OperationDefinitionNode;
  const plan = compileOperation(OperationModel.of({ schema, document, operation }, {}), { isRepeatable: () => false, code })!;
  return innermost(plan, 3);
}

/** The plan of an object's first field, of that one's, and so on. */
function innermost(plan: ValuePlan, depth: number): ValuePlan {
  return depth > 0 && plan.kind === 'object' ? innermost(plan.fields[0]!.value, depth - 1) : plan;
}

/** The plan of the innermost list under a contract. */
function listPlan(selection: string): ListPlan {
  const plan = innermost(planOf(selection), Infinity);
  expect(plan.kind).toBe('list');
  return plan as ListPlan;
}

const nodesPlan = (selection: string): ListPlan => listPlan(`invoices { nodes { ${selection} } }`);

function write(plan: ListPlan, list: readonly unknown[] | null | undefined): string {
  const out = new JsonBuffer();
  writeList(out, plan, list);
  return Buffer.from(out.take() as string, 'latin1').toString('utf8');
}

const decode = (body: Buffer): Bills => decodeBills(body, request);

/** Whether all records can be copied from their response's bytes. */
function areCopied(list: readonly object[]): boolean {
  const records = list as unknown as readonly { readonly records: ByteRecords; readonly at: number }[];
  return records.length > 0 && records.every(({ records: { marks, layout }, at }) => (marks[at + layout.lengthColumn] as number) > 0);
}

const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('ñ', '😀', '\u2028', '\u007f', ' ', '/', "'") }));
const invoice = fc.record(
  {
    invoiceContractNo: text,
    invoiceNumber: fc.option(text),
    billPeriod: fc.option(text),
    invoiceAmount: fc.option(fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 })),
    invoiceStatus: fc.option(fc.boolean()),
    currency: text,
  },
  { requiredKeys: ['invoiceNumber'] },
);
const field = fc.constantFrom(
  'number',
  'contractNumber',
  'billPeriod',
  'amount',
  'status',
  '__typename',
  'a: number',
  'b: number',
  'c: amount',
  'd: status',
  'typename: __typename',
  `${'long'.repeat(30)}: number`,
  `${'l'.repeat(120)}: status`,
);

describe('writing invoices', () => {
  it('takes them from their answer as it would from objects', () => {
    let fromBytes = 0;
    fc.assert(
      fc.property(fc.array(invoice, { maxLength: 5 }), fc.uniqueArray(field, { minLength: 1 }), (invoices, fields) => {
        const body = Buffer.from(JSON.stringify({ invoiceCollection: invoices }));
        const plan = nodesPlan(fields.join(' '));
        const records = decode(body);
        if (areCopied(records.invoices)) fromBytes++;
        const objects = toPlainBills(records);
        expect(write(plan, records.invoices)).toBe(write(plan, objects.invoices));
        expect((JSON.parse(write(plan, objects.invoices)) as unknown[]).length).toBe(invoices.length);
      }),
      { numRuns: 300 },
    );
    expect(fromBytes).toBeGreaterThan(50);
  });

  it('copies an invoice that has every member', () => {
    const every = { invoiceContractNo: '1', invoiceNumber: '7', billPeriod: '2025-06', invoiceAmount: 12, invoiceStatus: false };
    for (const members of [every, Object.fromEntries(Object.entries(every).reverse())])
      expect(areCopied(decode(Buffer.from(JSON.stringify({ invoiceCollection: [members, members] }))).invoices)).toBe(true);
    expect(areCopied(decode(Buffer.from(JSON.stringify({ invoiceCollection: [{ ...every, invoiceAmount: '12' }] }))).invoices)).toBe(false);
  });

  it('copies a text of any length from any place, up to the last bytes of the body', () => {
    const plan = nodesPlan('number contractNumber');
    // Those next to a quotation mark, and bytes that have its bits and another one.
    const ends = ['', '!', '#', '\u007f', 'é', 'ñ', '\u00a2', '\u2022', '😀'];
    for (let length = 0; length < 14; length++)
      for (let shift = 0; shift < 4; shift++)
        for (const end of ends) {
          const members = { invoiceContractNo: end.repeat(2) + 'c'.repeat(length), invoiceNumber: 'n'.repeat(length) + end };
          const { invoices } = decode(Buffer.from(' '.repeat(shift) + JSON.stringify({ invoiceCollection: [members] })));
          expect(areCopied(invoices)).toBe(true);
          expect(write(plan, invoices)).toBe(
            JSON.stringify([{ number: members.invoiceNumber, contractNumber: members.invoiceContractNo }]),
          );
        }
  });

  it('does not copy a value that cannot be used', () => {
    const body = '{"invoiceCollection":[{"invoiceNumber":"7","invoiceStatus":"CA"}]}';
    expect(() => write(nodesPlan('number status'), decode(Buffer.from(body)).invoices)).toThrow('does not follow its contract');
    expect(write(nodesPlan('number'), decode(Buffer.from(body)).invoices)).toBe('[{"number":"7"}]');
  });

  it('copies them without reading their properties', () => {
    const body = { invoiceContractNo: '1', invoiceNumber: '7', billPeriod: '2025-06', invoiceAmount: -12, invoiceStatus: false };
    const plan = nodesPlan('contractNumber number billPeriod amount status __typename');
    const unreadable = (number: string): readonly object[] => {
      const { invoices } = decode(Buffer.from(JSON.stringify({ invoiceCollection: [{ ...body, invoiceNumber: number }] })));
      const get = (): never => {
        throw new Error('read');
      };
      for (const name of ['contractNumber', 'number', 'billPeriod', 'amount', 'status']) Object.defineProperty(invoices[0]!, name, { get });
      return invoices;
    };
    expect(write(plan, unreadable('7'))).toBe(
      '[{"contractNumber":"1","number":"7","billPeriod":"2025-06","amount":-12,"status":false,"__typename":"Invoice"}]',
    );
    // What is not in the bytes as it is written is read.
    expect(() => write(plan, unreadable('"'))).toThrow('read');
  });

  it('writes a list once, whatever the number of aliases', () => {
    let reads = 0;
    const invoices = [
      {
        get number() {
          return String(++reads);
        },
      },
    ];
    const plan = planOf('invoices { a: nodes { number } b: nodes { number } c: nodes { n: number } }') as ObjectPlan;
    const out = new JsonBuffer();
    plan.writePlain!(out, { nodes: invoices });
    expect(out.take()).toBe('{"a":[{"number":"1"}],"b":[{"number":"1"}],"c":[{"n":"2"}]}');
    expect(out.objects).toBe(3);
  });

  it('has room for all of an invoice, wherever there is no more', () => {
    const leaves = ['number', 'contractNumber', 'billPeriod', 'amount', 'status', '__typename'];
    const plan = nodesPlan(
      [...leaves, ...leaves.flatMap((leaf) => [`a${leaf}: ${leaf}`, `b${leaf}: ${leaf}`, `${'long'.repeat(9)}${leaf}: ${leaf}`])].join(' '),
    );
    const wire = {
      invoiceContractNo: 'c'.repeat(90),
      invoiceNumber: 'n'.repeat(90),
      billPeriod: 'p'.repeat(90),
      // No value that is written elsewhere, which would make room anew.
      invoiceAmount: 123_456_789,
      invoiceStatus: false,
    };
    const { invoices } = decode(Buffer.from(JSON.stringify({ invoiceCollection: [wire, wire] })));
    const plain = toPlainBills(decode(Buffer.from(JSON.stringify({ invoiceCollection: [wire, wire] })))).invoices;
    const wide = plain.map((invoice) => ({ ...invoice, number: 'ñ'.repeat(90), amount: 2n ** 70n }));
    for (const list of [invoices, plain, wide]) {
      const expected = write(plan, list);
      for (let left = 0; left < expected.length + 2000; left += 97) {
        const out = new JsonBuffer();
        out.length = out.bytes.length - Math.min(left, out.bytes.length);
        const from = out.length;
        writeList(out, plan, list);
        expect(out.bytes.toString('utf8', from, out.length)).toBe(expected);
      }
    }
  });

  it('grows for texts that are asked for many times', () => {
    const long = 'x'.repeat(300_000);
    const plan = nodesPlan(Array.from({ length: 9 }, (_, index) => `a${index}: number`).join(' '));
    const answer = new JsonBuffer();
    writeList(answer, plan, decode(Buffer.from(JSON.stringify({ invoiceCollection: [{ invoiceNumber: long }] }))).invoices);
    const [written] = JSON.parse((answer.take() as Buffer).toString()) as [Record<string, string>];
    expect(Object.values(written)).toEqual(Array.from({ length: 9 }, () => long));
  });
});

const address = fc.record(
  { street: fc.option(text), neighborhood: text, city: fc.option(text), state: text, country: text, zipCode: text, floor: fc.integer() },
  { requiredKeys: ['street'] },
);
const part = fc.constantFrom('street', 'neighborhood', 'city', 'state', 'country', 'zipCode', '__typename', 'a: street', 'b: zipCode');

describe('writing addresses', () => {
  it('takes them from their answer as it would from objects', () => {
    let fromBytes = 0;
    fc.assert(
      fc.property(fc.array(address, { maxLength: 3 }), fc.uniqueArray(part, { minLength: 1 }), (list, fields) => {
        const body = Buffer.from(JSON.stringify({ billingAddress: list, invoiceCollection: [] }));
        const plan = listPlan(`billingAddresses { ${fields.join(' ')} }`);
        const bills = decode(body);
        const records = bills.billingAddresses ?? [];
        if (areCopied(records)) fromBytes++;
        const objects = toPlainBills(bills).billingAddresses;
        expect(write(plan, records)).toBe(write(plan, objects));
        expect((JSON.parse(write(plan, objects)) as unknown[]).length).toBe(list.length);
      }),
      { numRuns: 300 },
    );
    expect(fromBytes).toBeGreaterThan(50);
  });
});

describe('The code of a writer', () => {
  it('is made of names of fields alone', () => {
    const { type, fields } = planOf('invoices { pageInfo { hasNextPage } }') as ObjectPlan;
    for (const name of ['a-b', '1a', 'a b', 'a;', ''])
      expect(() => toPlainWriter({ type, fields: [new FieldPlan({ ...(fields[0] as FieldPlanParts), name })] }, new CodeCache())).toThrow(
        'is not a name',
      );
  });

  it('writes no null from bytes where none may be', () => {
    const items = buildSchema(
      'scalar BigInt type Query { items: [Item] } type Item { name: String! count: BigInt small: Int other: String }',
    );
    const plansOf = (selection: string): ListPlan => {
      const document = parse(`{ items { ${selection} } }`);
      const operation = document.definitions[0] as OperationDefinitionNode;
      const model = OperationModel.of({ schema: items, document, operation }, {});
      return compileOperation(model, { isRepeatable: () => false, code: new CodeCache() })!.fields[0]!.value as ListPlan;
    };
    const layout: RecordLayout = {
      fields: new Map([
        ['name', { column: 0, type: 'text' }],
        ['count', { column: 1, type: 'integer' }],
        ['small', { column: 1, type: 'integer' }],
      ]),
      lengthColumn: 2,
      stride: 3,
    };
    const bytes = Buffer.from('[7]');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const records: ByteRecords = { bytes, view, marks: [0, 1, 3], odd: [], layout };
    const record = { records, at: 0, name: null, count: 8, small: 9, other: 'read' };
    expect(() => write(plansOf('name count'), [record])).toThrow(Fallback);
    expect(write(plansOf('count'), [record])).toBe('[{"count":7}]');
    // What the bytes do not have as a value of that type is read.
    expect(write(plansOf('small'), [record])).toBe('[{"small":9}]');
    expect(write(plansOf('other count'), [record])).toBe('[{"other":"read","count":8}]');
  });
});
