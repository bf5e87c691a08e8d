import 'reflect-metadata';
import { getOperationAST, graphql, parse, type ExecutionResult, type GraphQLResolveInfo, type GraphQLSchema } from 'graphql';
import { Args, buildSchemaSync, Ctx, Extensions, Field, FieldResolver, Info, Int, ObjectType, Resolver, Root } from 'type-graphql';
import { Billing } from '../../src/billing/billing';
import type { Contract } from '../../src/billing/loading/contract';
import { PagedLists } from '../../src/billing/loading/paged-lists';
import type { Customer } from '../../src/billing/model/customer';
import type { ListOwner } from '../../src/billing/model/paged-list';
import { parsePageArguments, type PageRequest, type TailRequest } from '../../src/billing/model/window';
import { BillingOperation } from '../../src/billing/ports/billing-operation';
import type { BillingSource, PagedResource } from '../../src/billing/ports/billing-source';
import { CallerCaches } from '../../src/billing/ports/caller-caches';
import { createBillsCache, type BillsCache } from '../../src/cache/bills-cache';
import { boundCalls } from '../../src/graphql/analysis/call-bound';
import { costs, type FieldCosts } from '../../src/graphql/analysis/field-costs';
import { predictCalls } from '../../src/graphql/analysis/predict-calls';
import { RequestedOperation } from '../../src/graphql/analysis/requested-operation';
import { isPlaced, pageOf } from '../../src/graphql/analysis/selection';
import type { GatewayContext } from '../../src/graphql/context/context';
import { ResultMeter } from '../../src/graphql/context/result-meter';
import { CodeCache } from '../../src/graphql/execution/code-cache';
import { PreparedOperation } from '../../src/graphql/execution/compiled-operation';
import { ContractResolver } from '../../src/graphql/schema/contract/contract.resolver';
import { ContractType } from '../../src/graphql/schema/contract/contract.type';
import { CustomerResolver } from '../../src/graphql/schema/customer/customer.resolver';
import { CustomerType } from '../../src/graphql/schema/customer/customer.type';
import { InvoiceConnectionResolver } from '../../src/graphql/schema/invoice/invoice-connection.resolver';
import { InvoiceResolver } from '../../src/graphql/schema/invoice/invoice.resolver';
import { InvoicesArgs } from '../../src/graphql/schema/invoice/invoices.args';
import { toConnection, type Connection } from '../../src/graphql/schema/paging/connection';
import { PageInfoType } from '../../src/graphql/schema/paging/page-info.type';
import { BigIntScalar } from '../../src/graphql/schema/scalars/big-int';
import { createBillsResource } from '../../src/upstream/bills/bills-resource';
import { AdaptiveLimit } from '../../src/upstream/resilience/adaptive-limit';
import { Attempts } from '../../src/upstream/resilience/attempts';
import { UpstreamSource } from '../../src/upstream/upstream-source';
import { Cancellation } from '../../src/runtime/cancellation';
import type { Transport } from '../../src/upstream/http/transport';
import { toAskedBills, toBillsBody } from '../support/bills-body';
import { toCaller } from '../support/cache-fixtures';
import type { Json } from '../support/gateway';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';
import { openTransport } from '../support/transport';

// Another list of the billing API's, with three members, beside the bills: what docs/adding-a-resource.md describes, in full.

interface Payment {
  readonly id: string;
  readonly paidOn: string | null;
  readonly amount: number;
}

interface Payments {
  readonly payments: readonly Payment[];
}

const PAYMENTS: PagedResource<Payments, Payment> = {
  name: 'payments',
  identity: ({ customer, contractNumber }) => `${customer.idType}/${customer.id}/${contractNumber ?? ''}`,
  items: ({ payments }) => payments,
  path: ({ customer: { idType, id }, contractNumber, window }) =>
    `/customers/${idType}/${id}/payments?from=${window.offset}&count=${window.limit}` +
    (contractNumber === null ? '' : `&contract=${contractNumber}`),
  decode: (body, _request, skip) => {
    const { payments } = JSON.parse(body.toString('utf8')) as Payments;
    return { content: { payments: payments.slice(skip) }, failure: null, retyped: new Set() };
  },
};

interface Context extends GatewayContext {
  readonly payments: PagedLists<Payments, Payment>;
}

const PAYMENTS_COSTS: FieldCosts = {
  reads: 'page',
  list: PAYMENTS,
  parse: (args, limits, probe) => parsePageArguments(args, PAYMENTS, limits, probe),
};

@ObjectType('Payment', { simpleResolvers: true })
class PaymentType implements Payment {
  @Field(() => String)
  readonly id!: string;

  @Field(() => String, { nullable: true })
  readonly paidOn!: string | null;

  @Field(() => BigIntScalar)
  readonly amount!: number;
}

@ObjectType('PaymentEdge', { simpleResolvers: true })
class PaymentEdgeType {
  @Field(() => String)
  readonly cursor!: string;

  @Field(() => PaymentType)
  readonly node!: PaymentType;
}

@ObjectType('PaymentConnection', { simpleResolvers: true })
class PaymentConnectionType {
  @Field(() => [PaymentEdgeType])
  readonly edges!: PaymentEdgeType[];

  @Field(() => [PaymentType])
  readonly nodes!: PaymentType[];

  @Field(() => PageInfoType)
  readonly pageInfo!: PageInfoType;
}

@Resolver(() => PaymentConnectionType)
class PaymentConnectionResolver {
  @Extensions(costs({ reads: 'total' }))
  @FieldResolver(() => Int)
  totalCount(@Root() { owner, bounds }: Connection<Payment>, @Ctx() { payments }: Context): Promise<number> {
    return payments.total(owner, bounds);
  }
}

@Resolver(() => ContractType)
class PaymentsOfContractResolver {
  @Extensions(costs(PAYMENTS_COSTS))
  @FieldResolver(() => PaymentConnectionType, { nullable: true })
  payments(
    @Root() { customer, number }: Contract,
    @Args(() => InvoicesArgs) args: InvoicesArgs,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Payment> | null> {
    return readPayments({ customer, contractNumber: number }, args, context, info);
  }
}

@Resolver(() => CustomerType)
class PaymentsOfCustomerResolver {
  @Extensions(costs(PAYMENTS_COSTS))
  @FieldResolver(() => PaymentConnectionType, { nullable: true })
  payments(
    @Root() customer: Customer,
    @Args(() => InvoicesArgs) args: InvoicesArgs,
    @Ctx() context: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<Payment> | null> {
    return readPayments({ customer, contractNumber: null }, args, context, info);
  }
}

async function readPayments(owner: ListOwner, args: InvoicesArgs, context: Context, info: GraphQLResolveInfo) {
  const page = pageOf(args, info, context);
  const { payments } = context;
  const found = await (isPlaced(page)
    ? payments.page(owner, page)
    : payments.unplacedPage(owner, page as PageRequest | TailRequest, false));
  return toConnection(PAYMENTS, found, owner, context);
}

const TOTAL = 45;
const paging = { mode: 'offset' as const, maxQuantity: 10 };
const pageLimits = { maxPageSize: 1000 };
const paymentAt = (index: number): Payment => ({ id: `p${index}`, paidOn: index % 2 === 0 ? null : '2025-07-15', amount: index });
const idsOf = (connection: Json): string[] => (connection.nodes as Payment[]).map(({ id }) => id);
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `p${from + index}`);
const notUsed = { began: () => undefined, ended: () => undefined };
const inContract = (selection: string) => `{ customer(idType: "RUC", id: "1") { contract(number: "7") { ${selection} } } }`;
const inCustomer = (selection: string) => `{ customer(idType: "RUC", id: "1") { ${selection} } }`;

describe('A second list of the billing API, defined outside of src', () => {
  let upstream: ScriptedUpstream;
  let transport: Transport;
  let cache: BillsCache;
  let schema: GraphQLSchema;
  let bills: BillingSource;
  let payments: BillingSource<Payments>;
  let tokens = 0;

  beforeAll(async () => {
    upstream = await startScriptedUpstream((request) => {
      const url = new URL(request.url, 'http://upstream');
      if (url.pathname.includes('/404/')) return { status: 404 };
      if (url.pathname.endsWith('/bills'))
        return { body: toBillsBody(toAskedBills(request.url), 60), headers: { 'cache-control': 'max-age=60' } };
      const from = Number(url.searchParams.get('from'));
      const to = Math.min(TOTAL, from + Number(url.searchParams.get('count')));
      return {
        body: { payments: Array.from({ length: Math.max(0, to - from) }, (_, index) => paymentAt(from + index)) },
        headers: { 'cache-control': 'max-age=60' },
      };
    });
    transport = openTransport(upstream.url, { connections: { max: 8 } });
    const attempts = new Attempts(transport, { limit: new AdaptiveLimit({ start: 8, max: 8 }), callBudget: 100 });
    cache = await createBillsCache({
      ttlSeconds: 30,
      staleSeconds: 0,
      maxBytes: 1 << 24,
      redisUrls: [],
      redisTls: { cert: null, key: null, ca: null },
      redisWaitMs: 100,
      secret: null,
      scope: 'test',
      reads: notUsed,
      writes: notUsed,
      locks: notUsed,
      nodes: notUsed,
      caches: new CallerCaches(),
    });
    const billsResource = createBillsResource();
    bills = cache.inFrontOf(new UpstreamSource(billsResource, attempts, { retries: 0 }), billsResource);
    payments = cache.inFrontOf(new UpstreamSource(PAYMENTS, attempts, { retries: 0 }), PAYMENTS);
    schema = buildSchemaSync({
      resolvers: [
        CustomerResolver,
        ContractResolver,
        InvoiceResolver,
        InvoiceConnectionResolver,
        PaymentsOfContractResolver,
        PaymentsOfCustomerResolver,
        PaymentConnectionResolver,
      ],
      validate: false,
    });
  });
  afterAll(async () => {
    await cache.close();
    await transport.close();
    await upstream.close();
  });

  /** The context of an operation, by default of a caller for whom nothing is cached. */
  function toContext(source: string, token = `token-${tokens++}`): Context {
    const operation = new BillingOperation({ caller: toCaller(token), signal: new Cancellation(), callBudget: 100 });
    const billing = new Billing(bills, operation, paging);
    return {
      requestId: '-',
      traceId: null,
      trace: null,
      startedMs: 0,
      billing,
      payments: new PagedLists(PAYMENTS, payments, operation, paging),
      standing: { caller: operation.caller, isAccepted: true, bodyBytes: 0 },
      proving: () => billing,
      pageLimits,
      requested: toRequested(source),
      callBudget: 100,
      results: new ResultMeter({ maxResults: 100_000, maxAnswerBytes: Infinity }),
      traced: false,
      report: null,
      dryRun: false,
      inPages: false,
    };
  }

  /** Executes an operation by graphql-js. */
  async function ask(source: string, token = `token-${tokens++}`) {
    const before = upstream.requests.length;
    const result = (await graphql({ schema, source, contextValue: toContext(source, token) })) as ExecutionResult<Json>;
    return {
      data: result.data,
      errors: (result.errors ?? []).map(({ message }) => message),
      requests: upstream.requests.slice(before).map(({ url }) => url),
      token,
    };
  }

  function toRequested(source: string): RequestedOperation {
    const document = parse(source);
    return new RequestedOperation({ schema, document, operation: getOperationAST(document)!, variables: {} });
  }

  function predict(source: string) {
    const { model } = toRequested(source);
    return { ...predictCalls(model, {}, { paging, pageLimits }), bound: boundCalls(model, { paging, pageLimits })?.fixed };
  }

  it('is paged forwards and backwards, in one call or several, with its length', async () => {
    const pages: (readonly [string, string[], unknown])[] = [
      ['first: 5', ids(0, 5), { hasNextPage: true, hasPreviousPage: false }],
      ['first: 25', ids(0, 25), { hasNextPage: true, hasPreviousPage: false }],
      ['first: 100', ids(0, TOTAL), { hasNextPage: false, hasPreviousPage: false }],
      ['last: 3', ids(TOTAL - 3, TOTAL), { hasNextPage: false, hasPreviousPage: true }],
    ];
    for (const [args, nodes, pageInfo] of pages) {
      const { data, errors } = await ask(
        inContract(`payments(${args}) { nodes { id paidOn amount } pageInfo { hasNextPage hasPreviousPage } totalCount }`),
      );
      expect(errors).toEqual([]);
      const found = data.customer.contract.payments;
      expect(found.nodes).toEqual(nodes.map((id) => paymentAt(Number(id.slice(1)))));
      expect([found.pageInfo, found.totalCount]).toEqual([pageInfo, TOTAL]);
    }
  });

  it('has pages that follow one another by their cursors', async () => {
    const seen: string[] = [];
    for (let after: string | null = null; ;) {
      const args: string = after === null ? 'first: 20' : `first: 20, after: "${after}"`;
      const { data } = await ask(inCustomer(`payments(${args}) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } }`));
      const { edges, pageInfo } = data.customer.payments;
      seen.push(...(edges as { node: Payment }[]).map(({ node }) => node.id));
      expect(edges[edges.length - 1].cursor).toBe(pageInfo.endCursor);
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(seen).toEqual(ids(0, TOTAL));
  });

  it('merges pages that adjoin into one call, apart from the bills, and predicts so many calls', async () => {
    const one = await ask(inCustomer('payments(first: 4) { edges { cursor } }'));
    const after = one.data.customer.payments.edges[3].cursor as string;
    const query = inContract(
      `dueDate invoices(first: 4) { nodes { number } } a: payments(first: 4) { nodes { id } } b: payments(first: 4, after: "${after}") { nodes { id } }`,
    );
    const { data, requests } = await ask(query);
    expect(requests.sort()).toEqual([
      '/customers/RUC/1/bills?pageInit=0&quantity=4&contractNumber=7',
      '/customers/RUC/1/payments?from=0&count=8&contract=7',
    ]);
    expect([...idsOf(data.customer.contract.a), ...idsOf(data.customer.contract.b)]).toEqual(ids(0, 8));
    expect(predict(query)).toMatchObject({ calls: 2, atLeast: false });
    expect(predict(query).bound).toBeGreaterThanOrEqual(2);
  });

  it.each([
    inContract('payments(first: 3) { nodes { id } }'),
    inContract('payments(first: 25) { nodes { id } pageInfo { hasNextPage } }'),
    inCustomer('payments(first: 3) { nodes { id } } invoices(first: 3) { nodes { number } }'),
    inCustomer('contracts(numbers: ["1", "2"]) { payments(first: 3) { nodes { id } } invoices(first: 3) { nodes { number } } }'),
  ])('makes as many calls as are predicted, and no more than the bound: %s', async (query) => {
    const { requests, errors } = await ask(query);
    const prediction = predict(query);
    expect([errors, prediction.calls, prediction.atLeast]).toEqual([[], requests.length, false]);
    expect(prediction.bound).toBeGreaterThanOrEqual(requests.length);
  });

  it('is executed in compiled form too, with the same result in as many calls', async () => {
    const source = inCustomer(
      'payments(first: 3) { totalCount edges { cursor node { __typename id paidOn amount } } pageInfo { endCursor } }' +
        ' contracts(numbers: ["1", "2"]) { payments(last: 2) { nodes { id } } invoices(first: 2) { nodes { number } } }',
    );
    const { data, errors, requests } = await ask(source);
    const document = parse(source);
    const prepared = new PreparedOperation<Context>(schema, document, getOperationAST(document)!, {
      isRepeatable: () => false,
      onRepeat: () => undefined,
      plans: new Map(),
      code: new CodeCache(),
    });
    const before = upstream.requests.length;
    const compiled = await prepared.run(prepared.variant({})!, {}, toContext(source));
    expect([errors, compiled.errors]).toEqual([[], []]);
    expect(JSON.parse(compiled.body.toString())).toEqual({ data });
    expect(
      upstream.requests
        .slice(before)
        .map(({ url }) => url)
        .sort(),
    ).toEqual([...requests].sort());
  });

  it('is cached for its caller, cut from larger windows, and never taken for the bills of the same window', async () => {
    const { token, requests } = await ask(inCustomer('payments(first: 8) { nodes { id } }'));
    expect(requests).toHaveLength(1);
    const smaller = await ask(inCustomer('payments(first: 5) { nodes { id } }'), token);
    expect([smaller.requests, idsOf(smaller.data.customer.payments)]).toEqual([[], ids(0, 5)]);
    const others = await ask(inCustomer('invoices(first: 8) { nodes { number } }'), token);
    expect(others.requests).toEqual(['/customers/RUC/1/bills?pageInit=0&quantity=8']);
    expect(others.data.customer.invoices.nodes).toHaveLength(8);
    const again = await ask(inCustomer('payments(first: 8) { nodes { id } } invoices(first: 8) { nodes { number } }'), token);
    expect([again.requests, again.errors]).toEqual([[], []]);
    expect((await ask(inCustomer('payments(first: 8) { nodes { id } }'))).requests).toHaveLength(1);
  });

  it('shares a call in flight with equal requests of the same caller', async () => {
    const token = 'a-token-of-two';
    const before = upstream.requests.length;
    await Promise.all(
      [1, 2].map(() => ask(inCustomer('payments(first: 6) { nodes { id } } invoices(first: 6) { nodes { number } }'), token)),
    );
    expect(upstream.requests.length - before).toBe(2);
  });

  it("refuses the other list's cursors before any call, and its own are refused there", async () => {
    const { data } = await ask(inCustomer('payments(first: 1) { edges { cursor } } invoices(first: 1) { edges { cursor } }'));
    const ofPayments = data.customer.payments.edges[0].cursor as string;
    const ofInvoices = data.customer.invoices.edges[0].cursor as string;
    for (const [field, cursor] of [
      ['payments', ofInvoices],
      ['invoices', ofPayments],
    ] as const) {
      for (const argument of ['after', 'before']) {
        const refused = await ask(inContract(`${field}(first: 2, ${argument}: "${cursor}") { nodes { __typename } }`));
        expect(refused.errors).toEqual([expect.stringContaining(`\`${argument}\` must be a cursor`)]);
        expect(refused.requests).toEqual([]);
      }
      expect(
        (await ask(inCustomer(`${field}(first: 2, after: "${field === 'payments' ? ofPayments : ofInvoices}") { nodes { __typename } }`)))
          .errors,
      ).toEqual([]);
    }
  });

  it('is null where the billing API does not know its owner', async () => {
    const { data, errors } = await ask('{ customer(idType: "RUC", id: "404") { payments(first: 2) { nodes { id } } } }');
    expect([data.customer.payments, errors]).toEqual([null, []]);
  });
});
