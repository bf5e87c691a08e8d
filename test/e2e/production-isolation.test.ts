import { createHash } from 'node:crypto';
import { toAskedBills } from '../support/bills-body';
import type { Json } from '../support/gateway';
import { good, withScript } from '../support/scripted-gateway';

// In production, responses are cached whole. What is held: nobody ever gets what was fetched with another's token.

const QUERY =
  'query Bills($number: ID!) { customer(idType: "RUC", id: "80012345") { contract(number: $number) { number dueDate invoices(first: 3) { nodes { contractNumber } } } } }';
const HASH = createHash('sha256').update(QUERY).digest('hex');
const TOKENS = ['alice', 'bob', 'Bob', 'alice ', 'carol'].map((name) => `token-of-${name}`.trim());
const CONTRACTS = ['1', '11', '101'];

type Form = (url: string, variables: object, headers: Readonly<Record<string, string>>) => Promise<Response>;

const post =
  (toBody: (variables: object) => object): Form =>
  (url, variables, headers) =>
    fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(toBody(variables)) });

const FORMS: Readonly<Record<string, Form>> = {
  plain: post((variables) => ({ query: QUERY, variables })),
  'Apollo Client 4': post((variables) => ({
    operationName: 'Bills',
    query: QUERY,
    variables,
    extensions: { clientLibrary: { name: '@apollo/client', version: '4.3.8' } },
  })),
  'persisted query': post((variables) => ({
    operationName: 'Bills',
    query: QUERY,
    variables,
    extensions: { persistedQuery: { version: 1, sha256Hash: HASH } },
  })),
  'persisted query by hash': post((variables) => ({ variables, extensions: { persistedQuery: { version: 1, sha256Hash: HASH } } })),
  GET: (url, variables, headers) =>
    fetch(`${url}?${new URLSearchParams({ query: QUERY, variables: JSON.stringify(variables) }).toString()}`, {
      headers: { ...headers, 'apollo-require-preflight': 'true' },
    }),
};

describe('Callers in production, with every cache at work', () => {
  it.each([
    ['in memory', {}],
    ['in memory, with stale responses', { CACHE_STALE_SECONDS: '60' }],
  ])('get what was fetched with their own token, whatever the form of the request: %s', async (_name, environment) => {
    await withScript(
      (request) => good(request, 3, { dueDate: request.headers.authorization }),
      async ({ gateway, upstream }) => {
        const url = `${gateway.url}/graphql`;
        for (let round = 0; round < 4; round++) {
          const asked = Object.entries(FORMS).flatMap(([name, form]) =>
            TOKENS.flatMap((token) => CONTRACTS.map((number) => ({ name, form, token, number }))),
          );
          const seen = await Promise.all(
            asked.map(async ({ name, form, token, number }) => {
              const response = await form(url, { number }, { authorization: `Bearer ${token}` });
              const { data, errors } = (await response.json()) as Json;
              return [name, token, errors as unknown, data?.customer.contract as unknown];
            }),
          );
          // The first request by hash alone may come before the text was registered.
          const isRegistering = (name: unknown): boolean => round === 0 && name === 'persisted query by hash';
          expect(seen.filter(([name]) => !isRegistering(name))).toEqual(
            asked
              .filter(({ name }) => !isRegistering(name))
              .map(({ name, token, number }) => [
                name,
                token,
                undefined,
                { number, dueDate: `Bearer ${token}`, invoices: { nodes: Array.from({ length: 3 }, () => ({ contractNumber: number })) } },
              ]),
          );
        }
        // One call for each caller and contract: all else came out of caches, whole responses among them.
        expect(
          upstream.requests.map(({ headers, url: path }) => `${headers.authorization ?? ''} ${toAskedBills(path).contractNumber ?? ''}`),
        ).toHaveLength(new Set(TOKENS).size * CONTRACTS.length);
        expect(gateway.logLines.filter((line) => /"(?:lane|path)":"(?:kept|response-cache)"/.test(line)).length).toBeGreaterThan(
          TOKENS.length,
        );
      },
      { NODE_ENV: 'production', CACHE_TTL_SECONDS: '60', ...environment },
    );
  });
});
