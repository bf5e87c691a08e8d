import 'reflect-metadata';
import fc from 'fast-check';
import { parse, type OperationDefinitionNode } from 'graphql';
import { AddressRecord } from '../../../../src/billing/model/address-record';
import { compileOperation } from '../../../../src/graphql/execution/compile-operation';
import { JsonBuffer } from '../../../../src/graphql/execution/writing/json-buffer';
import type { ListPlan, ValuePlan } from '../../../../src/graphql/execution/plan';
import { forgetWritten, writeList } from '../../../../src/graphql/execution/writing/write';
import { buildServedSchema } from '../../../../src/graphql/schema/subgraph';
import { decodeAny, decodeUsual } from '../../../../src/upstream/bills/decode-bills';
import { customer } from '../../../support/listed-source';

const schema = buildServedSchema();
const request = { customer, contractNumber: null, window: { offset: 0, limit: 10 } };

/** The plan of the innermost list under a contract. */
function listPlan(selection: string): ListPlan {
  const document = parse(`{ customer(idType: "RUC", id: "1") { contract(number: "1") { ${selection} } } }`);
  let plan: ValuePlan | null = compileOperation(
    document.definitions[0] as OperationDefinitionNode,
    { schema, fragments: {}, conditions: {} },
    () => false,
  );
  while (plan?.kind === 'object') plan = plan.fields[0]?.value ?? null;
  expect(plan?.kind).toBe('list');
  return plan as ListPlan;
}

const nodesPlan = (selection: string): ListPlan => listPlan(`invoices { nodes { ${selection} } }`);

function write(plan: ListPlan, list: readonly unknown[] | null | undefined): string {
  const out = new JsonBuffer();
  forgetWritten();
  writeList(out, plan, list);
  return Buffer.from(out.take() as string, 'latin1').toString('utf8');
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
  { requiredKeys: [] },
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
);

describe('writing invoices', () => {
  it('takes them from their answer as it would from objects', () => {
    let fromBytes = 0;
    fc.assert(
      fc.property(fc.array(invoice, { maxLength: 5 }), fc.uniqueArray(field, { minLength: 1 }), (invoices, fields) => {
        const body = Buffer.from(JSON.stringify({ invoiceCollection: invoices }));
        const plan = nodesPlan(fields.join(' '));
        const records = decodeUsual(body, request);
        if (records) fromBytes++;
        const objects = decodeAny(body, request);
        expect(write(plan, (records ?? objects).invoices)).toBe(write(plan, objects.invoices));
        expect((JSON.parse(write(plan, objects.invoices)) as unknown[]).length).toBe(invoices.length);
      }),
      { numRuns: 300 },
    );
    expect(fromBytes).toBeGreaterThan(50);
  });

  it('grows for texts that are asked for many times', () => {
    const long = 'x'.repeat(300_000);
    const plan = nodesPlan(Array.from({ length: 9 }, (_, index) => `a${index}: number`).join(' '));
    const answer = new JsonBuffer();
    writeList(answer, plan, decodeUsual(Buffer.from(JSON.stringify({ invoiceCollection: [{ invoiceNumber: long }] })), request)?.invoices);
    const [written] = JSON.parse((answer.take() as Buffer).toString()) as [Record<string, string>];
    expect(Object.values(written)).toEqual(Array.from({ length: 9 }, () => long));
  });
});

const address = fc.record(
  { street: fc.option(text), neighborhood: text, city: fc.option(text), state: text, country: text, zipCode: text, floor: fc.integer() },
  { requiredKeys: [] },
);
const part = fc.constantFrom('street', 'neighborhood', 'city', 'state', 'country', 'zipCode', '__typename', 'a: street', 'b: zipCode');

describe('writing addresses', () => {
  it('takes them from their answer as it would from objects', () => {
    let fromBytes = 0;
    fc.assert(
      fc.property(fc.array(address, { maxLength: 3 }), fc.uniqueArray(part, { minLength: 1 }), (list, fields) => {
        const body = Buffer.from(JSON.stringify({ billingAddress: list, invoiceCollection: [] }));
        const plan = listPlan(`billingAddresses { ${fields.join(' ')} }`);
        const records = decodeUsual(body, request)?.billingAddresses;
        if (records?.[0] instanceof AddressRecord) fromBytes++;
        const objects = decodeAny(body, request).billingAddresses;
        expect(write(plan, records)).toBe(write(plan, objects));
        expect((JSON.parse(write(plan, objects)) as unknown[]).length).toBe(list.length);
      }),
      { numRuns: 300 },
    );
    expect(fromBytes).toBeGreaterThan(50);
  });
});
