import { parseJsonAnswer } from '../support/raw-answer';
import { requestRaw } from '../support/raw-request';
import { good, withScript } from '../support/scripted-gateway';
import type { Gateway } from '../support/gateway';
import { aliases, customer, GREEDY_OPERATIONS } from '../support/greedy-operations';

async function ask(gateway: Gateway, body: object, headers: Readonly<Record<string, string>> = {}) {
  const answer = await requestRaw(gateway.port, {
    method: 'POST',
    path: '/graphql',
    headers: { 'content-type': 'application/json', authorization: 'Bearer a-token', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, ...parseJsonAnswer(answer.text) };
}

describe('An operation that returns more than it may', () => {
  it.each(Object.keys(GREEDY_OPERATIONS))(
    'is refused with the count and the limit, each time and on every execution path: %s',
    async (name) => {
      await withScript(
        (request) => good(request, 1000),
        async ({ gateway }) => {
          for (const headers of [{}, {}, {}, { 'apollo-federation-include-trace': 'none' }]) {
            const { status, errors, data } = await ask(gateway, GREEDY_OPERATIONS[name] as object, headers);
            expect([status, errors?.length, data]).toEqual([400, 1, undefined]);
            expect(errors?.[0]?.extensions).toMatchObject({ code: 'RESULT_LIMIT_EXCEEDED', maxResults: 50_000 });
            expect(errors?.[0]?.extensions?.['results']).toBeGreaterThan(50_000);
            expect(errors?.[0]?.extensions?.['results']).toBeLessThan(200_000);
          }
          expect(gateway.logLines.filter((line) => line.includes('"level":"error"') || line.includes('"level":50'))).toEqual([]);
        },
      );
    },
  );

  it('is counted alike by every execution path: one object more than allowed is refused, as many as allowed are not', async () => {
    const query = customer(
      'contract(number: "7") { billingAddresses { city } invoices(first: 3) { nodes { number } edges { node { number } } pageInfo { hasNextPage } } }',
    );
    // The data, customer, contract and connection, three nodes, three edges with theirs, the page's info, two addresses.
    const objects = 4 + 3 + 6 + 1 + 2;
    const addresses = { billingAddress: [{ city: 'a' }, { city: 'b' }] };
    for (const [limit, status] of [
      [objects, 200],
      [objects - 1, 400],
    ]) {
      await withScript(
        (request) => good(request, 3, addresses),
        async ({ gateway }) => {
          for (const headers of [{}, {}, {}, { 'apollo-federation-include-trace': 'none' }])
            expect([limit, (await ask(gateway, { query }, headers)).status]).toEqual([limit, status]);
        },
        { MAX_RESULTS: String(limit) },
      );
    }
  });

  it('is refused where its response would have too many bytes', async () => {
    await withScript(
      (request) => good(request, 1000),
      async ({ gateway }) => {
        const query = customer(
          `contract(number: "7") { ${aliases(4, 'invoices(first: 1000) { nodes { number billPeriod amount status contractNumber } }')} }`,
        );
        for (const headers of [{}, {}, {}, { 'apollo-federation-include-trace': 'none' }]) {
          const { status, errors } = await ask(gateway, { query }, headers);
          expect([status, errors?.[0]?.extensions?.['code']]).toEqual([400, 'RESULT_LIMIT_EXCEEDED']);
          expect(errors?.[0]?.extensions).toMatchObject({ maxAnswerBytes: 300_000 });
        }
        expect((await ask(gateway, { query: customer('contract(number: "7") { number }') })).status).toBe(200);
      },
      { MAX_ANSWER_BYTES: '300000' },
    );
  });
});
