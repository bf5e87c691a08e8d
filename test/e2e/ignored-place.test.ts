import type { ScriptedAnswer } from '../support/scripted-upstream';
import { errorsOf, withScript } from '../support/scripted-gateway';

const inContract = (selection: string): string => `{ customer(idType: "RUC", id: "1") { contract(number: "7") { ${selection} } } }`;
const invoices = (count: number): ScriptedAnswer => ({
  body: { contractNo: '7', dueDate: 'soon', invoiceCollection: Array.from({ length: count }, (_, i) => ({ invoiceNumber: `7-${i}` })) },
});

describe('A billing API that sends the same invoices for every place', () => {
  it('has no number of invoices, rather than one that is made up', () =>
    withScript(
      () => invoices(9),
      async ({ gateway }) => {
        const answer = await gateway.query(inContract('invoices(first: 2) { nodes { number } totalCount }'));
        const { nodes, totalCount } = answer.data.customer.contract.invoices;
        expect([nodes, totalCount]).toEqual([[{ number: '7-0' }, { number: '7-1' }], null]);
        expect(errorsOf(answer)).toEqual([{ code: 'UPSTREAM_INVALID_RESPONSE', path: ['customer', 'contract', 'invoices', 'totalCount'] }]);
      },
    ));
});
