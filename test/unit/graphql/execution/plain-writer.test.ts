import 'reflect-metadata';
import fc from 'fast-check';
import { parse, type OperationDefinitionNode } from 'graphql';
import { OperationModel } from '../../../../src/graphql/analysis/operation-model';
import { CodeCache } from '../../../../src/graphql/execution/code-cache';
import { compileOperation } from '../../../../src/graphql/execution/compile-operation';
import { JsonBuffer } from '../../../../src/graphql/execution/writing/json-buffer';
import type { ListPlan, ValuePlan } from '../../../../src/graphql/execution/plan';
import { writeList } from '../../../../src/graphql/execution/writing/write';
import type { ByteRecords } from '../../../../src/runtime/byte-records';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';
import type { Bills } from '../../../../src/billing/model/bills';
import { decodeBills } from '../../../../src/upstream/bills/decode-bills';
import { customer } from '../../../support/listed-source';
import { toPlainBills } from '../../../support/plain-bills';

const schema = buildServedSchema();
const request = { customer, contractNumber: null, window: { offset: 0, limit: 10 } };

/** Shared by all operations, as in the gateway. */
const code = new CodeCache();

/** The plan of the innermost list under a contract. */
function listPlan(selection: string): ListPlan {
  const document = parse(`{ customer(idType: "RUC", id: "1") { contract(number: "1") { ${selection} } } }`);
  const operation = document.definitions[0] as OperationDefinitionNode;
  let plan: ValuePlan | null = compileOperation(OperationModel.of({ schema, document, operation }, {}), {
    isRepeatable: () => false,
    code,
  });
  while (plan?.kind === 'object') plan = plan.fields[0]?.value ?? null;
  expect(plan?.kind).toBe('list');
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

  it('does not copy a value that cannot be used', () => {
    const body = '{"invoiceCollection":[{"invoiceNumber":"7","invoiceStatus":"CA"}]}';
    expect(() => write(nodesPlan('number status'), decode(Buffer.from(body)).invoices)).toThrow('does not follow its contract');
    expect(write(nodesPlan('number'), decode(Buffer.from(body)).invoices)).toBe('[{"number":"7"}]');
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
