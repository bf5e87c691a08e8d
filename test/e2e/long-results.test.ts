import { customer } from '../support/greedy-operations';
import { requestRaw } from '../support/raw-request';
import { byContract, good, withScript } from '../support/scripted-gateway';
import type { Script } from '../support/scripted-upstream';
import { toAskedBills, toWireInvoice } from '../support/bills-body';

const long: Script = (request) => good(request, 1000);
/** One invoice in the middle of a page has a status that cannot be read. */
const withBadValue: Script = (request, index) => {
  const { contractNumber } = toAskedBills(request.url);
  if (contractNumber !== '3') return long(request, index);
  const invoices = Array.from({ length: 1000 }, (_, at) => toWireInvoice('3', at));
  return good(request, 1000, { invoiceCollection: invoices.with(500, { ...toWireInvoice('3', 500), invoiceStatus: 'CA' as never }) });
};
const withFailure: Script = (request, index) => byContract({ '3': { status: 500 } })(request, index);

const LISTS = {
  query: `query($n: [ID!]!) ${customer(
    'contracts(numbers: $n) { number invoices(first: 1000) { edges { cursor node { number status } } nodes { number contract { number } } } }',
  )}`,
  variables: { n: ['1', '2', '3', '2', '4'] },
};
const MANY = {
  query: `query($n: [ID!]!) ${customer('contracts(numbers: $n) { number dueDate customer { id } }')}`,
  variables: { n: Array.from({ length: 3000 }, (_, index) => String((index % 5) + 1)) },
};

describe('A result that is resolved and written over several turns', () => {
  it.each([
    ['pages', { body: LISTS, script: long, errors: 0 }],
    ['pages with a value that cannot be read', { body: LISTS, script: withBadValue, errors: 1 }],
    ['many members', { body: MANY, script: long, errors: 0 }],
    ['many members of which some fail', { body: MANY, script: withFailure, errors: 600 }],
  ])('is the same on every execution path: %s', async (_name, { body, script, errors }) => {
    await withScript(script, async ({ gateway }) => {
      const ask = (headers: Readonly<Record<string, string>>) =>
        requestRaw(gateway.port, {
          method: 'POST',
          path: '/graphql',
          headers: { 'content-type': 'application/json', authorization: 'Bearer a-token', ...headers },
          body: JSON.stringify(body),
        });
      await ask({});
      const answers = [];
      // By graphql-js, compiled, and compiled before.
      for (const headers of [{ 'apollo-federation-include-trace': 'none' }, {}, {}] as const) answers.push(await ask(headers));
      const [first, ...others] = answers.map((answer) => {
        const { data, errors: found } = JSON.parse(answer.text) as { data: unknown; errors?: readonly unknown[] };
        return { status: answer.status, data, errors: found };
      });
      expect([first?.status, first?.errors?.length ?? 0]).toEqual([200, errors]);
      for (const other of others) expect(other).toEqual(first);
    });
  });
});
