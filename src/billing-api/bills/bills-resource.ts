import type { FastifyInstance } from 'fastify';
import type { AccessTokens } from '../tokens/access-tokens';
import { ApiFailure } from '../errors/api-failure';
import { authenticate } from '../tokens/bearer';
import { answerFault, type FaultContract } from './fault-contracts';
import { parseBillQuery, type BillQuery, type BillQueryRules, type QueryString } from './bill-query';
import { toBillsJson, type BillsCollection } from '../data/bills-collection';
import type { CustomerKey, CustomerRecord, Ledger } from '../data/ledger';

const path = '/customers/:idType/:id/bills';

export interface BillsResourceOptions {
  readonly ledger: Ledger;
  readonly tokens: AccessTokens;
  readonly rules: BillQueryRules;
  /** Sent as `Cache-Control` with every 200; the contract says nothing of caching, so there is none by default. */
  readonly cacheControl: string | undefined;
  /** Contracts that misbehave on purpose; every customer has them. */
  readonly faults: readonly FaultContract[];
  /** Aborts when the API stops: no answer is held back any longer. */
  readonly closing: AbortSignal;
  /** Called once for each request that reaches the resource, refused ones included. */
  readonly onRequest: () => void;
}

/** Adds the contract's one resource, `GET /customers/{idType}/{id}/bills`. */
export function addBillsResource(app: FastifyInstance, options: BillsResourceOptions): void {
  const faults = new Map(options.faults.map((fault) => [fault.contractNo, fault]));
  app.get<{ Params: CustomerKey; Querystring: QueryString }>(path, async (request, reply) => {
    options.onRequest();
    // The token comes first: who has none learns nothing about parameters or customers.
    const clientId = await authenticate(request.headers.authorization, options.tokens, options.ledger);
    const query = parseBillQuery(request.params, request.query, options.rules);
    const customer = findCustomer(query, clientId, options.ledger);
    if (await answerFault(reply, faults, { query, request, closing: options.closing })) return reply;
    const bills = findBills(query, customer, options.ledger);
    if (options.cacheControl !== undefined) reply.header('cache-control', options.cacheControl);
    return reply.type('application/json; charset=utf-8').send(toBillsJson(bills));
  });

  app.route({
    method: ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: path,
    handler: () => {
      throw new ApiFailure(405, 'METHOD_NOT_ALLOWED', 'Bills can only be read, with GET.', { allow: 'GET, HEAD' });
    },
  });
}

function findCustomer(query: BillQuery, clientId: string, ledger: Ledger): CustomerRecord {
  const customer = ledger.findCustomer(query.customer);
  if (customer === undefined) throw new ApiFailure(404, 'NOT_FOUND', 'There is no such customer.');
  if (!ledger.mayRead(clientId, customer)) throw new ApiFailure(403, 'FORBIDDEN', 'The client may not read the bills of this customer.');
  return customer;
}

function findBills(query: BillQuery, customer: CustomerRecord, ledger: Ledger): BillsCollection {
  if (query.contractNumber === undefined) {
    // Number, addresses and due date belong to one contract; an answer about several has no place for them.
    const invoices = customer.contracts.flatMap((contract) => contract.invoiceCollection);
    return { invoiceCollection: invoices.slice(query.start, query.end) };
  }
  const contract = ledger.findContract(customer, query.contractNumber);
  if (contract === undefined) throw new ApiFailure(404, 'NOT_FOUND', 'The customer has no such contract.');
  return { ...contract, invoiceCollection: contract.invoiceCollection.slice(query.start, query.end) };
}
