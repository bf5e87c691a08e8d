import fc from 'fast-check';
import { BillingError } from '../../src/billing/model/billing-error';
import { ResponseDecoder } from '../../src/upstream/bills/decode-bills';
import { CONTRACT_TABLE } from '../../src/upstream/scan/wire-table';
import { startGateway, type Gateway, type GraphqlAnswer, type Json } from '../support/gateway';
import { customer } from '../support/listed-source';
import { mutate, mutation, toBody } from '../support/mutated-bills';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream';

const ADDRESS = Object.keys(CONTRACT_TABLE.address);
const INVOICE = Object.keys(CONTRACT_TABLE.invoice);
const QUERY = `{ customer(idType: "${customer.idType}", id: "${customer.id}") { contract(number: "700100") {
  dueDate billingAddresses { ${ADDRESS.join(' ')} } invoices(first: 49) { nodes { ${INVOICE.join(' ')} } } } } }`;
/** A header by which graphql-js executes a request, whatever is known of its operation. */
const BY_GRAPHQL_JS = { 'apollo-federation-include-trace': 'none' };

/** What is shown of a body, and the paths below the contract at which there are errors; '' is the contract itself. */
interface Outcome {
  readonly contract: unknown;
  readonly failed: readonly string[];
}

/** What the decoder makes of a body, as a client has to see it. */
function expectedOf(text: string): Outcome {
  const failed: string[] = [];
  const read = (path: string, take: () => unknown): unknown => {
    try {
      return take();
    } catch (error) {
      expect(error).toBeInstanceOf(BillingError);
      failed.push(path);
      return null;
    }
  };
  const request = { customer, contractNumber: '700100', window: { offset: 0, limit: 49 } };
  const bills = read('', () => new ResponseDecoder().decode(Buffer.from(text), request).content) as Json;
  if (bills === null) return { contract: null, failed };
  const records = (path: string, names: readonly string[], list: Json): unknown =>
    (list as Record<string, unknown>[]).map((item, index) =>
      Object.fromEntries(names.map((name) => [name, toShown(read(`${path}.${index}.${name}`, () => item[name]))])),
    );
  const list = (path: string, names: readonly string[], take: () => unknown): unknown => {
    const items = read(path.replace('.nodes', ''), take);
    return items === null ? null : records(path, names, items);
  };
  const dueDate = read('dueDate', () => bills.dueDate as unknown);
  const billingAddresses = list('billingAddresses', ADDRESS, () => bills.billingAddresses as unknown);
  const nodes = list('invoices.nodes', INVOICE, () => bills.invoices as unknown);
  return { contract: { dueDate, billingAddresses, invoices: nodes === null ? null : { nodes } }, failed: failed.sort() };
}

/** Past 2^53, amounts are texts. */
function toShown(value: unknown): unknown {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isSafeInteger(value)) ? String(BigInt(value)) : value;
}

function outcomeOf({ data, errors }: GraphqlAnswer): Outcome {
  for (const { extensions } of errors) expect(extensions?.['code']).toBe('UPSTREAM_INVALID_RESPONSE');
  return { contract: data.customer.contract as unknown, failed: errors.map(({ path }) => (path ?? []).slice(2).join('.')).sort() };
}

describe('A valid body with one mutation, over sockets', () => {
  let upstream: ScriptedUpstream;
  let gateways: readonly Gateway[];
  let body = '';
  let tokens = 0;

  beforeAll(async () => {
    upstream = await startScriptedUpstream(() => ({
      status: 200,
      body: Buffer.from(body),
      headers: { 'content-type': 'application/json' },
    }));
    const settings = { BILLING_API_URL: upstream.url, BILLING_API_RETRIES: '0' };
    gateways = [await startGateway(settings), await startGateway({ ...settings, CACHE_TTL_SECONDS: '60' })];
    body = JSON.stringify(toBody(CONTRACT_TABLE, 1));
    // The compiled path takes an operation that Apollo Server has run.
    for (const gateway of gateways) await gateway.query(QUERY, {}, { token: 'warm-up' });
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway.close();
    await upstream.close();
  });

  it('is shown as it is read: each value, each failure at its place, on every path, cached and not', async () => {
    const kinds = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), mutation, async (count, change) => {
        body = mutate(toBody(CONTRACT_TABLE, count), change).text;
        const expected = expectedOf(body);
        kinds.add(expected.failed.length === 0 ? 'whole' : expected.contract === null ? 'lost' : 'in part');
        const token = `token-${tokens++}`;
        for (const gateway of gateways)
          for (const headers of [{}, BY_GRAPHQL_JS, {}])
            expect([body, outcomeOf(await gateway.query(QUERY, {}, { token, headers }))]).toEqual([body, expected]);
      }),
      { numRuns: Number(process.env['MUTATIONS'] ?? 60) },
    );
    expect([...kinds].sort()).toEqual(['in part', 'lost', 'whole']);
  });
});
