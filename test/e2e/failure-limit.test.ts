import { customer } from '../support/greedy-operations';
import { parseJsonAnswer } from '../support/raw-answer';
import { requestRaw } from '../support/raw-request';
import { byContract, withScript } from '../support/scripted-gateway';

const many = <T>(count: number, member: T): T[] => Array.from({ length: count }, () => member);
const contracts = (selection: string, number: string) => (count: number) => ({
  query: `query($n: [ID!]!) ${customer(`contracts(numbers: $n) { ${selection} }`)}`,
  variables: { n: many(count, number) },
});
const entities = (representation: object) => (count: number) => ({
  query: 'query($r: [_Any!]!) { _entities(representations: $r) { ... on Contract { dueDate } } }',
  variables: { r: many(count, representation) },
});

/** Operations of which each list member fails, by how many members there are. */
const FAILING: Readonly<Record<string, (count: number) => object>> = {
  'contracts whose numbers are malformed': contracts('number', 'x'),
  'entities of no type': entities({ a: 1 }),
  'entities with malformed keys': entities({ __typename: 'Customer', idType: '?', id: '' }),
  'contracts with a page that is too large': contracts('invoices(first: 5000) { nodes { number } }', '7'),
  'contracts with a malformed cursor': contracts('invoices(first: 1, after: "?") { nodes { number } }', '7'),
  'contracts with a malformed argument below': contracts('customer { contract(number: "x") { dueDate } }', '7'),
  'contracts that the billing API fails to read': contracts('dueDate', '500'),
  'amounts that are no numbers': contracts('invoices(first: 1) { nodes { amount } }', '600'),
  'values of the contract that are of other types': contracts('dueDate', '600'),
  'entities that the billing API fails to read': entities({
    __typename: 'Contract',
    number: '500',
    customer: { idType: 'RUC', id: '80012345' },
  }),
};

/** An invoice whose amount cannot be read, of a contract whose due date cannot. */
const UNREADABLE = {
  body: '{"contractNo":"600","dueDate":{},"invoiceCollection":[{"invoiceContractNo":"600","invoiceNumber":"1","invoiceAmount":"x"}]}',
};

describe('An operation whose fields fail', () => {
  it.each(Object.entries(FAILING))(
    'may have 1,000 errors, and is refused with more, on every execution path: %s',
    async (_name, toBody) => {
      await withScript(byContract({ '500': { status: 500 }, '600': UNREADABLE }), async ({ gateway }) => {
        const ask = async (body: object, headers: Readonly<Record<string, string>>) => {
          const { status, text } = await requestRaw(gateway.port, {
            method: 'POST',
            path: '/graphql',
            headers: { 'content-type': 'application/json', authorization: 'Bearer a-token', ...headers },
            body: JSON.stringify(body),
          });
          return { status, ...parseJsonAnswer(text) };
        };
        // An operation is compiled for an accepted token alone.
        await ask({ query: customer('contract(number: "7") { dueDate }') }, {});
        for (const headers of [{}, {}, { 'apollo-federation-include-trace': 'none' }]) {
          const allowed = await ask(toBody(1000), headers);
          expect([allowed.status, allowed.errors?.length]).toEqual([200, 1000]);
          const { status, errors, data } = await ask(toBody(1001), headers);
          expect([headers, status, errors?.length, data === undefined]).toEqual([headers, 400, 1, true]);
          expect(errors?.[0]?.extensions).toMatchObject({ code: 'RESULT_LIMIT_EXCEEDED', failures: 1001, maxFailures: 1000 });
          expect(errors?.[0]?.message).toMatch(/^More than 1000 fields .* The first of them: ./);
        }
        expect(gateway.logLines.filter((line) => line.includes('"level":"error"') || line.includes('"level":50'))).toEqual([]);
      });
    },
  );

  it('may have no more bytes than any other, its errors included, on every execution path', async () => {
    const limits = { MAX_ANSWER_BYTES: '20000' };
    await withScript(
      byContract({ '600': UNREADABLE }),
      async ({ gateway }) => {
        const ask = async (count: number, headers: Readonly<Record<string, string>>) => {
          const { status, text } = await requestRaw(gateway.port, {
            method: 'POST',
            path: '/graphql',
            headers: { 'content-type': 'application/json', authorization: 'Bearer a-token', ...headers },
            body: JSON.stringify(contracts('invoices(first: 1) { nodes { amount } }', '600')(count)),
          });
          return { status, bytes: text.length, ...parseJsonAnswer(text) };
        };
        for (const headers of [{}, {}, {}, { 'apollo-federation-include-trace': 'none' }]) {
          const allowed = await ask(50, headers);
          expect([allowed.status, allowed.errors?.length, allowed.bytes < 20_000]).toEqual([200, 50, true]);
          // The data alone would be within the limit.
          const { status, errors, data } = await ask(150, headers);
          expect([headers, status, errors?.length, data === undefined]).toEqual([headers, 400, 1, true]);
          expect(errors?.[0]?.extensions).toMatchObject({ code: 'RESULT_LIMIT_EXCEEDED', maxAnswerBytes: 20_000 });
        }
      },
      limits,
    );
  });
});
