import {
  ContractBillsDocument,
  ContractInvoicesPageDocument,
  ContractsOverviewDocument,
  CustomerInvoicesDocument,
  FindInvoiceDocument,
  MergedPagesDocument,
  NeighboringPagesDocument,
} from '../generated/operations';
import { startGateway, type Gateway } from '../support/gateway';

const CUSTOMER = { idType: 'RUC', id: '80012345' };

describe('A typed client of the gateway, over the embedded billing API', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  it("reads a contract's due date, addresses and first invoices in one upstream call", async () => {
    const before = gateway.upstreamCalls();
    const { status, data, errors } = await gateway.query(ContractBillsDocument, { ...CUSTOMER, number: '700100', first: 3 });
    expect([status, errors]).toEqual([200, []]);
    expect(data?.customer).toMatchObject({ ...CUSTOMER, contract: { number: '700100', dueDate: '2025-07-15' } });
    expect(data?.customer.contract?.billingAddresses?.[1]).toEqual({
      street: 'Acceso Sur km 14',
      neighborhood: '',
      city: 'Ñemby',
      state: 'Central',
      country: 'Paraguay',
      zipCode: '',
    });
    expect(data?.customer.contract?.invoices?.nodes[0]).toEqual({
      number: '001100009000000',
      billPeriod: '2025-06',
      amount: expect.any(Number),
      status: false,
    });
    expect(data?.customer.contract?.invoices?.pageInfo.hasNextPage).toBe(true);
    expect(gateway.upstreamCalls() - before).toBe(1);
  });

  it('reads two pages that overlap in one upstream call', async () => {
    const before = gateway.upstreamCalls();
    const { data, errors } = await gateway.query(MergedPagesDocument, { ...CUSTOMER, number: '700100' });
    expect(errors).toEqual([]);
    const { newest, recent } = data!.customer.contract!;
    expect([newest!.nodes, recent!.nodes.length]).toEqual([recent!.nodes.slice(0, 1), 6]);
    expect(gateway.upstreamCalls() - before).toBe(1);
  });

  it('walks through all the invoices of a contract page by page, each of them once', async () => {
    const numbers: (string | null)[] = [];
    let after: string | null = null;
    do {
      const { data, errors }: Awaited<ReturnType<typeof readPage>> = await readPage(after);
      expect(errors).toEqual([]);
      const page = data!.customer.contract!.invoices!;
      expect(page.pageInfo.hasPreviousPage).toBe(after !== null);
      expect([page.pageInfo.startCursor, page.pageInfo.endCursor]).toEqual([page.edges[0]?.cursor, page.edges.at(-1)?.cursor]);
      numbers.push(...page.edges.map((edge) => edge.node.number));
      after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    } while (after !== null);
    expect(numbers).toHaveLength(36);
    expect(new Set(numbers).size).toBe(36);
  });

  const readPage = (after: string | null) =>
    gateway.query(ContractInvoicesPageDocument, { ...CUSTOMER, number: '700100', first: 7, after });

  it('reads several contracts at once, with null in the place of one that does not exist', async () => {
    const { data, errors } = await gateway.query(ContractsOverviewDocument, { ...CUSTOMER, numbers: ['700100', '1', '700102'] });
    expect(errors).toEqual([]);
    expect(data?.customer.contracts).toEqual([
      expect.objectContaining({ number: '700100' }),
      null,
      { number: '700102', dueDate: '', invoices: { nodes: [] } },
    ]);
  });

  it('finds an invoice by its number, and the contract that it belongs to, without a call for the latter', async () => {
    const before = gateway.upstreamCalls();
    const { data, errors } = await gateway.query(FindInvoiceDocument, { ...CUSTOMER, number: '700100', invoiceNumber: '001100008999990' });
    expect(errors).toEqual([]);
    expect(data?.customer.contract?.invoice).toMatchObject({
      number: '001100008999990',
      billPeriod: '2024-08',
      contract: { number: '700100', customer: CUSTOMER },
    });
    expect(gateway.upstreamCalls() - before).toBe(1);
  });

  it('reads two pages that touch, and fields that a variable leaves out, in one upstream call', async () => {
    const first = await readPage(null);
    const before = gateway.upstreamCalls();
    const after = first.data!.customer.contract!.invoices!.pageInfo.endCursor!;
    const { data, errors } = await gateway.query(NeighboringPagesDocument, {
      ...CUSTOMER,
      number: '700100',
      first: 7,
      after,
      withAddresses: false,
    });
    expect(errors).toEqual([]);
    expect(data?.customer.contract?.head?.nodes).toEqual(first.data!.customer.contract!.invoices!.edges.map((edge) => edge.node));
    expect(data?.customer.contract?.next?.nodes).toHaveLength(7);
    expect(data?.customer.contract).not.toHaveProperty('billingAddresses');
    expect(gateway.upstreamCalls() - before).toBe(1);
  });

  it("is told what is wrong where the billing API insists on a contract for a customer's invoices", async () => {
    const { status, data, errors } = await gateway.query(CustomerInvoicesDocument, { ...CUSTOMER, first: 2 });
    expect([status, data]).toEqual([200, { customer: { invoices: null } }]);
    expect(errors).toMatchObject([{ path: ['customer', 'invoices'], extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  it('reads amounts of any size with every digit', async () => {
    const { data } = await gateway.query(ContractBillsDocument, { ...CUSTOMER, number: '700103' });
    const amounts = data?.customer.contract?.invoices?.nodes.map((invoice) => invoice.amount);
    expect(amounts).toEqual([
      2147483647,
      2147483648,
      9007199254740991,
      '9007199254740993',
      '-9007199254740993',
      '123456789012345678901234567890',
      0,
      -1,
    ]);
  });
});
