import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, execute, GraphQLError, parse, validate, type DocumentNode, type ExecutionResult, type GraphQLSchema } from 'graphql';
import type { Address, BillsCollection, Invoice } from '../../src/billing-api/data/bills-collection';
import type { CustomerKey, LedgerData } from '../../src/billing-api/data/ledger';
import { BILLS } from '../../src/billing/model/bills';
import { toCursor } from '../../src/billing/model/cursor';
import type { Operation } from './request-forms';

/** The gateway's schema over data in memory: graphql-js, and resolvers that are as plain as can be. */
export interface PlainSchema {
  /** What the operation should give a client who may read these customers. Errors have paths and locations that count, and no codes. */
  execute(operation: Operation, mayRead: (customer: CustomerKey) => boolean): Promise<ExecutionResult>;
}

const MAX_PAGE_SIZE = 1000;
const FEDERATION = `
  scalar _Any
  scalar FieldSet
  union _Entity = Customer | Contract | Invoice
  type _Service { sdl: String }
  extend type Query { _entities(representations: [_Any!]!): [_Entity]! _service: _Service! }
`;

const schemaText = (file: string): string => readFileSync(join(__dirname, '../../schema', file), 'utf8');

interface FilterArgs {
  readonly filter?: { readonly status?: boolean | null; readonly billPeriods?: readonly string[] | null } | null;
}

interface PageArgs extends FilterArgs {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

type MayRead = (customer: CustomerKey) => boolean;

/** The resolvers of one operation. Nothing is shared, batched, counted or cached. */
class PlainResolvers {
  readonly #data: LedgerData;
  readonly #mayRead: MayRead;

  constructor(data: LedgerData, mayRead: MayRead) {
    this.#data = data;
    this.#mayRead = mayRead;
  }

  customer = ({ idType, id }: CustomerKey): object => {
    ensure(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(idType) && /^\d{1,20}$/.test(id));
    const key = { idType, id };
    return {
      __typename: 'Customer',
      ...key,
      contract: ({ number }: { number: string }) => this.contract(key, number),
      contracts: ({ numbers }: { numbers: readonly string[] }) =>
        numbers.map(async (number) => Promise.resolve().then(() => this.contract(key, number))),
      invoices: (args: PageArgs) =>
        this.#page(
          key,
          this.#find(key).flatMap(({ invoiceCollection }) => invoiceCollection ?? []),
          args,
        ),
      invoiceSummary: ({ filter }: FilterArgs) =>
        toSummary(
          this.#find(key).flatMap(({ invoiceCollection }) => invoiceCollection ?? []),
          filter,
        ),
    };
  };

  contract(customer: CustomerKey, number: string): object | null {
    ensure(/^\d{1,20}$/.test(number));
    const found = this.#find(customer).find(({ contractNo }) => contractNo === number);
    if (!found) return null;
    const { dueDate = null, billingAddress, invoiceCollection: invoices = [] } = found;
    return {
      __typename: 'Contract',
      number,
      dueDate,
      billingAddresses: billingAddress?.map(toAddress) ?? null,
      customer: () => this.customer(customer),
      invoices: (args: PageArgs) => this.#page(customer, invoices, args),
      invoice: (args: { number: string }) => {
        const one = invoices.find(({ invoiceNumber }) => invoiceNumber === args.number);
        return one ? this.#invoice(customer, one) : null;
      },
      invoiceSummary: ({ filter }: FilterArgs) => toSummary(invoices, filter),
    };
  }

  _service = (): object => ({ sdl: schemaText('subgraph.graphql') });

  _entities = ({
    representations,
  }: {
    representations: readonly { __typename: string; number: string; customer: CustomerKey; idType: string; id: string }[];
  }): unknown[] =>
    representations.map(({ __typename, number, customer, idType, id }) =>
      __typename === 'Customer' ? this.customer({ idType, id }) : this.contract(customer, number),
    );

  #find(key: CustomerKey): readonly BillsCollection[] {
    ensure(this.#mayRead(key));
    return this.#data.customers.find(({ idType, id }) => idType === key.idType && id === key.id)?.contracts ?? [];
  }

  #page(customer: CustomerKey, invoices: readonly Invoice[], { first, after, last, before, filter }: PageArgs): object {
    const size = last ?? first ?? 20;
    ensure(size >= 1 && size <= MAX_PAGE_SIZE);
    const from = after ? toPosition(after, invoices) + 1 : 0;
    const until = before ? toPosition(before, invoices) : invoices.length;
    const matches = [...invoices.keys()].filter((position) => isMeant(invoices[position] as Invoice, filter));
    const inRange = matches.filter((position) => position >= from && position < until);
    const shown = last ? inRange.slice(-size) : inRange.slice(0, size);
    const nodes = shown.map((position) => this.#invoice(customer, invoices[position] as Invoice));
    const cursors = shown.map((position) => toCursor(position, BILLS));
    const end = (shown.at(-1) ?? (last ? until - 1 : from - 1)) + 1;
    // Of a filter, what comes before `after` is not looked at.
    const hasBefore = filter ? from > 0 || (Boolean(last) && inRange.length > shown.length) : (shown[0] ?? from) > 0;
    return {
      nodes,
      edges: nodes.map((node, index) => ({ node, cursor: cursors[index] })),
      totalCount: matches.length,
      pageInfo: {
        hasNextPage: matches.some((position) => position >= end),
        hasPreviousPage: hasBefore,
        startCursor: cursors[0] ?? null,
        endCursor: cursors.at(-1) ?? null,
      },
    };
  }

  #invoice(customer: CustomerKey, invoice: Invoice): object {
    return {
      __typename: 'Invoice',
      number: invoice.invoiceNumber ?? null,
      contractNumber: invoice.invoiceContractNo ?? null,
      billPeriod: invoice.billPeriod ?? null,
      amount: invoice.invoiceAmount ?? null,
      status: invoice.invoiceStatus ?? null,
      contract: () => (invoice.invoiceContractNo === undefined ? null : this.contract(customer, invoice.invoiceContractNo)),
    };
  }
}

/** Makes the schema over a billing API's data, which is read directly: not through the API, and not by the gateway. */
export function createPlainSchema(data: LedgerData): PlainSchema {
  const schema = buildSchema(schemaText('schema.graphql') + FEDERATION);
  writeExactNumbers(schema);
  return {
    execute: async ({ query, variables, operationName }, mayRead) => {
      const document = toDocument(query);
      const errors = document instanceof GraphQLError ? [document] : validate(schema, document);
      if (document instanceof GraphQLError || errors.length > 0) return { errors };
      return execute({
        schema,
        document,
        rootValue: new PlainResolvers(data, mayRead),
        variableValues: variables ?? null,
        operationName: operationName ?? null,
      });
    },
  };
}

function toDocument(query: string): DocumentNode | GraphQLError {
  try {
    return parse(query);
  } catch (error) {
    return error as GraphQLError;
  }
}

/** Numbers that a double holds are numbers, others texts of the same digits. */
function writeExactNumbers(schema: GraphQLSchema): void {
  const scalar = schema.getType('BigInt') as unknown as { serialize: (value: unknown) => unknown };
  scalar.serialize = (value) => {
    const exact = value as bigint;
    return exact >= -(2n ** 53n) && exact <= 2n ** 53n ? Number(exact) : String(exact);
  };
}

function toAddress({ street, neighborhood, city, state, country, zipCode }: Address): object {
  return { street, neighborhood, city, state, country, zipCode };
}

function toSummary(invoices: readonly Invoice[], filter: FilterArgs['filter']): object {
  const counted = invoices.filter((invoice) => isMeant(invoice, filter));
  return {
    count: counted.length,
    amount: counted.reduce((sum, { invoiceAmount = 0n }) => sum + invoiceAmount, 0n),
    withoutAmount: counted.filter(({ invoiceAmount }) => invoiceAmount === undefined).length,
    isComplete: true,
  };
}

function isMeant({ invoiceStatus, billPeriod = '' }: Invoice, filter: FilterArgs['filter']): boolean {
  const { status, billPeriods } = filter ?? {};
  return (status ?? invoiceStatus) === invoiceStatus && (billPeriods ?? [billPeriod]).includes(billPeriod);
}

function toPosition(cursor: string, invoices: readonly Invoice[]): number {
  const position = invoices.findIndex((_, index) => toCursor(index, BILLS) === cursor);
  ensure(position >= 0);
  return position;
}

/** Which field fails counts, and not with what. */
function ensure(condition: boolean): asserts condition {
  if (!condition) throw new Error('refused');
}
