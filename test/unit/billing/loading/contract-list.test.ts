import { Billing } from '../../../../src/billing/billing';
import { BillingError } from '../../../../src/billing/model/billing-error';
import { BILLS, type Bills } from '../../../../src/billing/model/bills';
import type { Contract } from '../../../../src/billing/loading/contract';
import { parsePageArguments, type FilteredRequest, type PageRequest } from '../../../../src/billing/model/window';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext } from '../../../../src/billing/ports/billing-source';
import { customer, failureOf, startOperation, toInvoiceAt } from '../../../support/listed-source';

const near: PageRequest = { offset: 0, first: 2, probe: true };
const far: PageRequest = { offset: 50, first: 2, probe: false };

/** An API that lists a customer's contracts, each with its window of eight invoices. */
class ContractsSource implements BillingSource {
  readonly requests: BillsRequest[] = [];
  readonly #numbers: readonly string[] | null | undefined;
  readonly #before: ((request: BillsRequest) => void) | undefined;

  /** @param numbers null: there is no such customer; undefined: the API lists no contracts. */
  constructor(numbers: readonly string[] | null | undefined, before?: (request: BillsRequest) => void) {
    this.#numbers = numbers;
    this.#before = before;
  }

  async read(request: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    context.spendCall();
    this.requests.push(request);
    await Promise.resolve();
    this.#before?.(request);
    return { content: this.#numbers === null ? null : this.#billsOf(request), received: null, freshUntilMs: 0, stale: false };
  }

  #billsOf({ contractNumber, window }: BillsRequest): Bills {
    if (contractNumber !== null) return toBills(contractNumber, window);
    const contracts = this.#numbers?.map((number) => toListed(number, window));
    const invoices = (contracts ?? []).flatMap((listed) => listed.invoices);
    return { contractNumber: null, dueDate: null, billingAddresses: null, invoices, ...(contracts ? { contracts } : {}) };
  }
}

function toBills(number: string | null, { offset, limit }: BillsRequest['window']): Bills {
  const invoices = Array.from({ length: Math.max(0, Math.min(limit, 8 - offset)) }, (_, at) => toInvoiceAt(number, offset + at));
  return { contractNumber: number, dueDate: `due ${number}`, billingAddresses: null, invoices };
}

/** What is listed: by `number`, by its invoices' number where it begins with "of ", with a number that cannot be read, or without one. */
function toListed(number: string, window: BillsRequest['window']): Bills {
  if (number === 'unreadable')
    return {
      ...toBills(null, window),
      get contractNumber(): string {
        throw new BillingError('invalid-response', 'no text');
      },
    };
  if (number === '') return { ...toBills(null, window), invoices: [toInvoiceAt(null, 0)] };
  if (!number.startsWith('of ')) return toBills(number, window);
  const listed = toBills(number.slice(3), window);
  return { ...listed, contractNumber: null, invoices: [toInvoiceAt(null, 0), ...listed.invoices.slice(1)] };
}

function start(numbers: readonly string[] | null | undefined, before?: (request: BillsRequest) => void, listsContracts = true) {
  const source = new ContractsSource(numbers, before);
  const billing = new Billing(source, startOperation(), { mode: 'offset', maxQuantity: 1000, listsContracts });
  return {
    source,
    billing,
    asked: () => source.requests.map(({ contractNumber, window }) => [contractNumber, window.offset, window.limit]),
  };
}

const numberOf = (contract: Contract | BillingError | null): string | null =>
  contract instanceof BillingError ? contract.failure : contract && contract.number;

describe('The contracts that the billing API lists', () => {
  it('come with their own data and their pages in one call', async () => {
    const { billing, asked } = start(['1', '2']);
    const contracts = (await billing.listContracts(customer, [near])) as Contract[];
    expect(contracts.map(({ number, dueDate }) => [number, dueDate])).toEqual([
      ['1', 'due 1'],
      ['2', 'due 2'],
    ]);
    for (const contract of contracts) {
      const page = (await billing.contractInvoices(contract, near))!;
      expect(billing.knownInvoices(contract, near)).toEqual(page);
      expect([page.items.map((invoice) => [invoice.contractNumber, invoice.amount]), page.hasMore]).toEqual([
        [
          [contract.number, 0],
          [contract.number, 1],
        ],
        true,
      ]);
    }
    expect(asked()).toEqual([[null, 0, 3]]);
  });

  it('come in one call where none of their invoices are wanted', async () => {
    const { billing, asked } = start(['1', '2']);
    expect((await billing.listContracts(customer, [])).map(numberOf)).toEqual(['1', '2']);
    expect(asked()).toEqual([[null, 0, 1]]);
  });

  it('have the number of their first invoice that has one, or are an error without one that could be asked for', async () => {
    const { billing, asked } = start(['of 1', '', 'unreadable', 'no number', '2']);
    const listed = await billing.listContracts(customer, [near]);
    expect(listed.map(numberOf)).toEqual(['1', 'invalid-response', 'invalid-response', 'invalid-response', '2']);
    expect((listed[1] as BillingError).message).toMatch(/without a number/);
    expect(asked()).toEqual([[null, 0, 3]]);
  });

  it('are asked for by themselves where a number comes twice, which may be two contracts', async () => {
    const { billing, asked } = start(['1', '2', '1']);
    expect((await billing.listContracts(customer, [near])).map(numberOf)).toEqual(['1', '2', '1']);
    expect(asked()).toEqual([
      [null, 0, 3],
      ['1', 0, 3],
    ]);
  });

  it.each([
    ['there is no such customer', null],
    ['the billing API lists none', undefined],
    ['there are none', []],
  ])('are none where %s', async (_what, numbers) => {
    const { billing, asked } = start(numbers);
    expect(await billing.listContracts(customer, [near])).toEqual([]);
    expect(asked()).toEqual([[null, 0, 3]]);
  });

  it('are asked for by themselves for a page that could not be had for all, and fail where the first one could not', async () => {
    const { billing, asked } = start(['1'], ({ contractNumber, window }) => {
      if (contractNumber === null && window.offset > 0) throw new BillingError('unavailable', 'gone');
    });
    const [contract] = await billing.listContracts(customer, [near, far]);
    expect(await billing.contractInvoices(contract as Contract, far)).toMatchObject({ items: [], offset: 50 });
    expect(asked()).toEqual([
      [null, 0, 3],
      [null, 50, 2],
      ['1', 50, 2],
    ]);
    const gone = new BillingError('unavailable', 'gone');
    const failing = start(['1'], () => {
      throw gone;
    });
    expect(await failureOf(failing.billing.listContracts(customer, [near, far]))).toBe(gone);
  });

  it('cost others nothing where one of them fails, unless it is by a mistake of the gateway', async () => {
    const failAs = (error: Error) => (request: BillsRequest) => {
      if (request.contractNumber !== null) throw error;
    };
    const { billing } = start(['1', '1', '2'], failAs(new BillingError('timeout', 'late')));
    expect((await billing.listContracts(customer, [near])).map(numberOf)).toEqual(['timeout', 'timeout', '2']);
    const mistaken = start(['1', '1', '2'], failAs(new TypeError('a mistake')));
    expect(await failureOf(mistaken.billing.listContracts(customer, [near]))).toBeInstanceOf(TypeError);
  });

  it('are refused where the billing API is not said to list them', async () => {
    const { billing, asked } = start(['1'], undefined, false);
    expect(await failureOf(billing.listContracts(customer, [near]))).toMatchObject({ failure: 'invalid-input' });
    expect(asked()).toEqual([]);
  });
});

describe('The invoices of a customer whose contracts are listed', () => {
  const filter = { status: true };
  const request = parsePageArguments({ first: 2, filter }, BILLS, { maxPageSize: 10, pushes: () => true }, false) as FilteredRequest;

  it.each<[string, (billing: Billing) => Promise<unknown>, unknown]>([
    ['a page', (billing) => billing.customerInvoices(customer, near), { items: [{ amount: 0 }, { amount: 1 }], hasMore: true }],
    [
      'the last page',
      (billing) => billing.unplacedInvoices({ customer, contractNumber: null }, { last: 3, from: 0 }),
      { items: [{ amount: 5 }, { amount: 6 }, { amount: 7 }], offset: 13, hasMore: false },
    ],
    ['their number', (billing) => billing.totalCount({ customer, contractNumber: null }), 16],
    [
      'a page that a filter means, which the API cannot filter across contracts',
      (billing) => billing.filteredInvoices({ customer, contractNumber: null }, request, false),
      { items: [] },
    ],
  ])('take one call, since a window is one of each contract: %s', async (_what, ask, expected) => {
    const { billing, asked } = start(['1', '2']);
    const answer = await ask(billing);
    if (typeof expected === 'object') expect(answer).toMatchObject(expected as object);
    else expect(answer).toBe(expected);
    expect(asked()).toEqual([[null, 0, 1000]]);
  });

  it('are asked for by contract where a contract is named, and filtered by the API', async () => {
    const { billing, source, asked } = start(['1', '2']);
    await billing.filteredInvoices({ customer, contractNumber: '1' }, request, false);
    await billing.totalCount({ customer, contractNumber: '2' }, { least: 8, most: 8 });
    expect(asked()[0]).toEqual(['1', 0, 2]);
    expect(source.requests[0]?.filter).toMatchObject(filter);
    expect(asked().every(([number]) => number === '1')).toBe(true);
  });
});
