import type { DriftObserver } from '../../../../src/telemetry/observers/drift-observer';
import { ContractDrift } from '../../../../src/upstream/bills/contract-drift';
import type { HttpAnswer } from '../../../../src/upstream/http/http-response';
import { customer } from '../../../support/listed-source';

const INVOICE = { invoiceContractNo: '7', invoiceNumber: '1', billPeriod: '2025-06', invoiceAmount: 12, invoiceStatus: true };
const ADDRESS = { street: 's', neighborhood: null, city: 'c', state: 's', country: 'c', zipCode: 'z' };
const BILLS = { contractNo: '7', dueDate: '2025-07-15', billingAddress: [ADDRESS], invoiceCollection: [INVOICE, INVOICE] };

class Told implements DriftObserver {
  checks = 0;
  readonly drifts: string[] = [];
  answerChecked(): void {
    this.checks++;
  }
  drifted(kind: string, path: string): void {
    this.drifts.push(`${kind} ${path}`);
  }
}

/** A response with a body. */
function toResponse(body: string, status = 200): HttpAnswer {
  return { status, headers: {}, endedMs: 0, body: Buffer.from(body) };
}

function look(body: unknown, contractNumber: string | null = '7'): string[] {
  const told = new Told();
  new ContractDrift(told).received(
    toResponse(JSON.stringify(body)),
    { customer, contractNumber, window: { offset: 0, limit: 10 } },
    { usable: true, nowMs: 0 },
  );
  return told.drifts;
}

describe('The drift from the contract', () => {
  it.each<[string, unknown, string[]]>([
    ['nothing in an answer that follows it', BILLS, []],
    ['nothing in nulls and empty lists', { contractNo: null, dueDate: null, billingAddress: null, invoiceCollection: [] }, []],
    [
      'a field that it does not name, once for all items',
      {
        ...BILLS,
        invoiceCollection: [
          { ...INVOICE, taxes: [1] },
          { ...INVOICE, taxes: 2 },
        ],
      },
      ['unknown invoiceCollection[].taxes'],
    ],
    ['a field that is not there', { ...BILLS, billingAddress: [{ ...ADDRESS, zipCode: undefined }] }, ['missing billingAddress[].zipCode']],
    [
      'nothing that the reader of the response has seen: a value of another type',
      { ...BILLS, dueDate: 20250715, billingAddress: ADDRESS },
      [],
    ],
    ['in each contract of a list', [BILLS, { ...BILLS, plan: 1 }], ['unknown plan']],
    ['a name that may be a value', { ...BILLS, '80012345': 1, 'Avda. López': 2, x1234: 3, ['y'.repeat(41)]: 4 }, ['unknown (unnamed)']],
    [
      'names that objects have of their own',
      JSON.parse('{"__proto__":1,"constructor":2,"contractNo":"7","dueDate":"d","billingAddress":[],"invoiceCollection":[]}'),
      ['unknown (unnamed)', 'unknown constructor'],
    ],
  ])('is %s', (_what, body, drifts) => {
    expect(look(body)).toEqual(drifts);
  });

  it('is any path at which the reader of a response has met a value of another type, and a success other than 200', () => {
    const told = new Told();
    const drift = new ContractDrift(told);
    drift.retyped(new Set(['dueDate', 'invoiceCollection[].invoiceAmount']));
    const request = { customer, contractNumber: '7', window: { offset: 0, limit: 1 } };
    for (const status of [200, 203, 204, 404]) drift.received(toResponse('', status), request, { usable: true, nowMs: 0 });
    expect(told.drifts).toEqual([
      'retyped dueDate',
      'retyped invoiceCollection[].invoiceAmount',
      'unknown (status 203)',
      'unknown (status 204)',
    ]);
  });

  it('is not what an answer about all contracts has no use for', () => {
    expect(look({ invoiceCollection: [INVOICE] }, null)).toEqual([]);
    expect(look({ invoiceCollection: [INVOICE] })).toEqual(['missing contractNo', 'missing dueDate', 'missing billingAddress']);
  });

  it('is looked for in one answer a second, and in ten of those that cannot be used', () => {
    const told = new Told();
    const drift = new ContractDrift(told);
    const at = (nowMs: number, usable: boolean): void =>
      drift.received(toResponse('{}'), { customer, contractNumber: null, window: { offset: 0, limit: 1 } }, { usable, nowMs });
    for (let nowMs = 0; nowMs < 3000; nowMs += 10) at(nowMs, true);
    expect(told.checks).toBe(3);
    for (let nowMs = 0; nowMs < 3000; nowMs += 10) at(nowMs, false);
    expect(told.checks).toBe(33);
  });

  it('leaves bodies alone that are no JSON or too large', () => {
    const told = new Told();
    const request = { customer, contractNumber: null, window: { offset: 0, limit: 1 } };
    new ContractDrift(told).received(toResponse('{'), request, { usable: false, nowMs: 0 });
    new ContractDrift(told).received(toResponse(JSON.stringify({ x: 'x'.repeat(300_000) })), request, { usable: true, nowMs: 0 });
    expect([told.checks, told.drifts]).toEqual([0, []]);
  });

  it('tells a bounded number of names, whatever the API calls its fields', () => {
    const told = new Told();
    const drift = new ContractDrift(told);
    for (let i = 0; i < 200; i++)
      drift.received(
        toResponse(`{"field${i}":1}`),
        { customer, contractNumber: null, window: { offset: 0, limit: 1 } },
        { usable: true, nowMs: i * 1000 },
      );
    expect(new Set(told.drifts.filter((each) => each.startsWith('unknown'))).size).toBe(51);
    expect(told.drifts).toContain('unknown (other)');
  });
});
