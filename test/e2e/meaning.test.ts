import { toWireInvoice } from '../support/bills-body';
import { errorsOf, good, withScript } from '../support/scripted-gateway';

const QUERY =
  '{ customer(idType: "RUC", id: "80012345") { contract(number: "7") { invoices { nodes { number status state currency } } } } }';
const STATUSES = [true, false, null, 'CA'];

describe('What the contract does not say of an invoice', () => {
  it.each<[Readonly<Record<string, string>>, readonly unknown[], string | null]>([
    [{}, [null, null, null, null], null],
    [{ INVOICE_STATUS_TRUE: 'paid', BILLING_CURRENCY: 'BOB' }, ['paid', 'unpaid', null, null], 'BOB'],
    [{ INVOICE_STATUS_TRUE: 'unpaid', CACHE_TTL_SECONDS: '30' }, ['unpaid', 'paid', null, null], null],
  ])('is what the deployment says, and null otherwise: %j', async (environment, states, currency) => {
    const invoiceCollection = STATUSES.map((invoiceStatus, index) => ({ ...toWireInvoice('7', index), invoiceStatus }));
    await withScript(
      (request) => good(request, 4, { invoiceCollection }),
      async ({ gateway }) => {
        for (let times = 0; times < 3; times++) {
          const answer = await gateway.query(QUERY);
          const nodes = answer.data.customer.contract.invoices.nodes as { state: unknown; currency: unknown }[];
          expect(nodes.map(({ state }) => state)).toEqual(states);
          expect(nodes.map((node) => node.currency)).toEqual([currency, currency, currency, currency]);
          // A status that cannot be used has no meaning either.
          const fields = 'INVOICE_STATUS_TRUE' in environment ? ['status', 'state'] : ['status'];
          const path = ['customer', 'contract', 'invoices', 'nodes', 3];
          expect(errorsOf(answer)).toEqual(fields.map((field) => ({ code: 'UPSTREAM_INVALID_RESPONSE', path: [...path, field] })));
        }
      },
      environment,
    );
  });
});
