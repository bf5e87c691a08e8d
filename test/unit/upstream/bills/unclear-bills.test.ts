import type { BillingError } from '../../../../src/billing/model/billing-error';
import { ResponseDecoder } from '../../../../src/upstream/bills/decode-bills';
import { customer } from '../../../support/listed-source';

const request = (offset = 0) => ({ customer, contractNumber: '1', window: { offset, limit: 10 } });
const decode = (body: unknown, decoder = new ResponseDecoder(), offset = 0) =>
  decoder.decode(Buffer.from(JSON.stringify(body)), request(offset));

/** Why a body, or its list of invoices, cannot be used; null where it can. */
function problemOf(body: unknown, decoder?: ResponseDecoder): string | null {
  try {
    const { failure } = decode(body, decoder);
    return failure && (failure.cause as Error).message;
  } catch (error) {
    return ((error as BillingError).cause as Error).message;
  }
}

describe("Invoices of several contracts where one contract's were asked for", () => {
  const invoices = [
    { invoiceContractNo: '01', invoiceNumber: 'a' },
    { invoiceNumber: 'b' },
    { invoiceContractNo: '2', invoiceNumber: 'c' },
  ];

  it('cannot be used as its list', () => {
    const { content, failure } = decode({ dueDate: 'soon', invoiceCollection: invoices });
    expect((failure!.cause as Error).message).toBe('the list has invoices of other contracts than the one that was asked for');
    expect(() => content?.invoices).toThrow('does not follow its contract');
    expect(content?.dueDate).toBe('soon');
  });

  it('are used where the response says that they are of that contract, or none is of another', () => {
    expect(problemOf({ contractNo: '1', invoiceCollection: invoices })).toBeNull();
    expect(problemOf({ invoiceCollection: invoices.slice(0, 2) })).toBeNull();
  });
});

describe('A list of all contracts in which one does not say which it is', () => {
  const all = new ResponseDecoder({ listsAll: true });
  const unnamed = { dueDate: 'soon', invoiceCollection: [] };
  const doubt = 'a contract of the body does not say which one it is: see members.contract.contractNumber of the dialect';

  it('does not show that a contract is not known', () => {
    expect(problemOf(unnamed, all)).toBe(doubt);
    expect(problemOf([{ contractNo: '2' }, unnamed], all)).toBe(doubt);
    expect(problemOf({ contractNo: {}, invoiceCollection: [] }, all)).toBe(doubt);
    expect(decode([{ contractNo: '2' }], all).content).toBeNull();
    expect(decode([], all).content).toBeNull();
    expect(problemOf([{ contractNo: '1' }, unnamed], all)).toBeNull();
  });

  it('has no more invoices past their end, and tells nothing else', () => {
    const { content, failure } = decode([unnamed, unnamed], all, 10);
    expect(content?.invoices).toEqual([]);
    expect(() => content?.billingAddresses).toThrow('does not follow its contract');
    expect(failure).not.toBeNull();
  });
});

describe('An envelope beside the contract that reports an error', () => {
  const envelopes = [
    { responseHeader: { status: 'ERROR' } },
    { responseHeader: { status: 'ERROR', transactionId: '7' } },
    { header: { result: { success: false } } },
    { meta: { errors: [{ id: 1 }] } },
    { status: { code: '503', message: 'no backend' } },
    { messages: [{ severity: 'ERROR', text: 'no backend' }] },
    { context: { 'http-status-code': 500 } },
  ];

  it.each(envelopes)('fails the contract where the list is empty and nothing else is told: %j', (envelope) => {
    const problem = 'the body reports an error and has no data';
    expect(problemOf({ ...envelope, contractNo: '1', invoiceCollection: [] })).toBe(problem);
    expect(problemOf({ invoiceCollection: null, dueDate: null, billingAddress: [], ...envelope })).toBe(problem);
  });

  it.each(envelopes)('fails the list alone where the contract has other data: %j', (envelope) => {
    const { content, failure } = decode({ contractNo: '1', dueDate: 'soon', ...envelope, invoiceCollection: [] });
    expect((failure!.cause as Error).message).toBe('the list of invoices is empty, and another member may say why');
    expect(content?.dueDate).toBe('soon');
    expect(() => content?.invoices).toThrow('does not follow its contract');
  });

  it.each(envelopes)('costs nothing beside invoices, whichever of them are wanted: %j', (envelope) => {
    const body = { contractNo: '1', ...envelope, invoiceCollection: [{ invoiceNumber: 'a' }] };
    expect(problemOf(body)).toBeNull();
    const bytes = Buffer.from(JSON.stringify(body));
    expect(new ResponseDecoder().decode(bytes, request(), 1).content?.invoices).toEqual([]);
  });

  it.each([
    { responseHeader: { status: 'OK', errors: [], errorCode: '0', success: true } },
    { lastPayment: { status: 'PAID', amount: 500, returnCode: 0 } },
    { meta: { statusCode: 200, message: 'no invoices', error: null } },
    { links: [{ type: 'self', href: '/bills' }] },
  ])('is not one that tells of a success: %j', (envelope) => {
    expect(problemOf({ contractNo: '1', ...envelope, invoiceCollection: [] })).toBeNull();
  });
});

describe('A list of all contracts in which one is there twice', () => {
  it('has no list of invoices in which those come twice', () => {
    const bills = (...numbers: string[]) => {
      const body = Buffer.from(JSON.stringify(numbers.map((contractNo) => ({ contractNo, invoiceCollection: [{ invoiceNumber: 'a' }] }))));
      return new ResponseDecoder({ listsAll: true }).decode(body, { ...request(), contractNumber: null }).content;
    };
    expect(bills('1', '2')?.invoices).toHaveLength(2);
    expect(() => bills('1', '2', '1')?.invoices).toThrow('does not follow its contract');
  });
});

describe('An empty list beside another one of almost its name', () => {
  it.each(['invoicesCollection', 'InvoiceCollection', 'invoice_collection', 'invoices', 'invoiceList'])(
    'is not shown as empty: %s',
    (name) => {
      const problem = 'the list of invoices is empty, and another member holds one';
      expect(problemOf({ contractNo: '1', invoiceCollection: [], [name]: [{ invoiceNumber: 'a' }] })).toBe(problem);
      expect(problemOf({ contractNo: '1', invoiceCollection: [], [name]: [] })).toBeNull();
      expect(problemOf({ contractNo: '1', invoiceCollection: [{}], [name]: [{ invoiceNumber: 'a' }] })).toBeNull();
    },
  );

  it.each(['paidInvoices', 'invoiceLinks'])('is empty where the other one is another list: %s', (name) => {
    expect(problemOf({ contractNo: '1', invoiceCollection: [], [name]: [{ invoiceNumber: 'a' }] })).toBeNull();
  });
});

describe('Members beside the contract that tell of a failure', () => {
  const at = (members: object, invoices: object): string | null => problemOf({ contractNo: '1', ...invoices, ...members });

  it.each([
    [{ exception: 'java.lang.IllegalStateException' }, 'the body reports an error'],
    [{ codigoError: '99', descripcion: 'Error' }, 'the body reports an error'],
    [{ acknowledgement: 'FAILURE' }, 'the body reports an error'],
    [{ estado: 'FALLIDO' }, 'the body reports an error'],
    [{ code: 503, message: 'Service unavailable' }, 'the list of invoices is empty, and another member may say why'],
    [{ return_code: '500' }, 'the list of invoices is empty, and another member may say why'],
  ])('fail an empty list: %j', (members, problem) => {
    expect(at(members, { invoiceCollection: [] })).toBe(problem);
  });

  it.each([{ returnCode: '-1' }, { mensaje: 'Servicio no disponible' }, { codigoRespuesta: '99' }, { errorDescription: 'no backend' }])(
    'fail a list that is missing: %j',
    (members) => {
      expect(at(members, {})).toBe('the list of invoices is missing, and another member may say why');
      expect(at(members, { invoiceCollection: null })).toBe('the list of invoices is missing, and another member may say why');
    },
  );

  it.each([
    { estado: 'ACTIVO' },
    { code: '200' },
    { codigoRespuesta: '00' },
    { ack: 'OK' },
    { codigoError: '0', mensajeError: 'sin error' },
  ])('do not where they tell of none: %j', (members) => {
    expect(at(members, { invoiceCollection: [] })).toBeNull();
    expect(at(members, { invoiceCollection: [{ invoiceNumber: '7' }] })).toBeNull();
  });

  it('leave a list of invoices that is there to itself, whatever code there is', () => {
    expect(at({ code: 503 }, { invoiceCollection: [{ invoiceNumber: '7' }] })).toBeNull();
  });
});
